// Owns loading a generated client in a test: its text goes to a temporary folder, "cell/synapse" is
// the real codec beside a Synapse that is never used, and the codecs are reached by method index.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { emitClient } from '../../build/4-emit/client.ts';
import type { Schema } from '../../host/schema/types.ts';
import type { Outbox } from '../../host/synapse/contract.ts';

/** An outbox that starts small and dirty, so that writers must make room and zero their padding. */
export class TestOutbox implements Outbox {
  bytes: Uint8Array;
  view: DataView;
  limit: number;

  constructor(size = 64, limit = 1 << 26) {
    this.limit = limit;
    this.bytes = new Uint8Array(size).fill(0xaa);
    this.view = new DataView(this.bytes.buffer);
  }

  grow(end: number): void {
    if (end > this.limit) throw new RangeError(`a message has at most ${this.limit} bytes`);
    if (end <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(end, this.bytes.length * 2)).fill(0xaa);
    larger.set(this.bytes);
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}

export interface Codecs {
  encode(method: number, args: unknown[], out?: TestOutbox, at?: number): Uint8Array;
  decode(method: number, payload: Uint8Array): unknown;
}

type Coder = (...args: unknown[]) => unknown;

const CODEC = new URL('../../host/synapse/codec.ts', import.meta.url).href;

/** The codecs of a schema's generated client. */
export async function loadClient(schema: Schema, codec?: string): Promise<Codecs> {
  return (await loadModule(schema, codec)).codecs;
}

/**
 * The module of a schema's generated client, with its codecs exported; `codec` is what it imports.
 */
export async function loadModule(
  schema: Schema,
  codec = `export * from '${CODEC}';`,
): Promise<{ module: Record<string, Coder>; codecs: Codecs }> {
  const folder = mkdtempSync(join(tmpdir(), 'cell-client-'));
  try {
    writeFileSync(join(folder, 'synapse.ts'), `${codec}\nexport class Synapse {}\n`);
    const names = schema.methods.flatMap(({ name }) => [`encode_${name}`, `decode_${name}`]);
    const client = emitClient(schema).replaceAll("'cell/synapse'", "'./synapse.ts'");
    writeFileSync(join(folder, 'client.ts'), `${client}\nexport { ${names.join(', ')} };\n`);
    const href = pathToFileURL(join(folder, 'client.ts')).href;
    const module = (await import(href)) as Record<string, Coder>;
    return { module, codecs: codecsOf(schema, module) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function codecsOf(schema: Schema, module: Record<string, Coder>): Codecs {
  const coder = (verb: string, i: number): Coder => module[`${verb}_${schema.methods[i]!.name}`]!;
  return {
    encode(method, args, out = new TestOutbox(), at = 16) {
      const length = coder('encode', method)(out, at, ...args) as number;
      return out.bytes.slice(at, at + length);
    },
    decode(method, payload) {
      // Behind and before the payload lie other bytes, as in a real message.
      const around = new Uint8Array(payload.length + 48).fill(0x41);
      around.set(payload, 24);
      const view = new DataView(around.buffer);
      const value = coder('decode', method)(around, view, 24, 24 + payload.length);
      around.fill(0x42);
      return value;
    },
  };
}
