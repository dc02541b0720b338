// Owns services built with the standard cells' answers and served by a real host, and clients of
// them without generated code. No tests here.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import type { Built } from '../../build/driver.ts';
import { type Host, type HostOptions, startHost } from '../../host/host.ts';
import { decodeResult, encodeArguments } from '../../host/schema/dynamic.ts';
import type { Schema } from '../../host/schema/types.ts';
import { type ConnectOptions, Synapse } from '../../host/synapse/node/index.ts';
import { builtWith, told } from './standard.ts';

/** A module on disk, with its schema. */
export interface Module {
  file: string;
  schema: Schema;
}

/** A folder of the test's own. */
export function folder(t: ExecutionContext): string {
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-served-'));
  t.teardown(() => fs.rmSync(cwd, { recursive: true, force: true }));
  return cwd;
}

const builds = new Map<string, Promise<Built>>();

/** Builds a service into `cwd`, each text once in a process. Throws with what was found. */
export async function moduleOf(cwd: string, discovery: Discovery, text: string): Promise<Module> {
  const building = builds.get(text) ?? builtWith(discovery, text);
  builds.set(text, building);
  const result = await building;
  if (result.compiled === null) throw new Error(told(result).join('\n'));
  const { schema, wasm, map } = result.compiled;
  const file = path.join(cwd, `${schema.cell}.wasm`);
  fs.writeFileSync(file, wasm);
  fs.writeFileSync(`${file}.map`, map);
  return { file, schema };
}

/** A host over these modules; it stops when the test ends. `log` has its lines. */
export async function serve(
  t: ExecutionContext,
  cwd: string,
  modules: Module[],
  more: Partial<HostOptions> = {},
): Promise<Host & { log: string[] }> {
  const log: string[] = [];
  const host = await startHost({
    ...{ cwd, config: {}, lanes: 1, port: 0, host: '127.0.0.1' },
    modules: modules.map(({ file }) => file),
    events: { log: (line) => log.push(`${line.level} ${line.cell} ${line.text}`) },
    ...more,
  });
  t.teardown(() => host.stop());
  return Object.assign(host, { log });
}

/** Who calls, for a development token. */
export type Who = {
  subject: string;
  roles?: string[];
  scopes?: string[];
  claims?: Record<string, string>;
};

/** A client of one cell: `call('price', 7)`. */
export async function client(
  t: ExecutionContext,
  host: Host,
  { schema }: Module,
  who: Who | null,
  options: ConnectOptions = {},
) {
  const token = who === null ? null : ((await host.mintToken?.(who)) ?? null);
  const refs = schema.methods.map((method) => ({
    name: `${schema.cell}.${method.name}`,
    fingerprint: BigInt(`0x${method.fingerprint}`),
    text: method.canonical,
  }));
  const synapse = await Synapse.open(refs, { url: host.url, token, reconnect: false, ...options });
  t.teardown(() => synapse.close());
  const call = async (name: string, ...args: unknown[]): Promise<unknown> => {
    const index = schema.methods.findIndex((method) => method.name === name);
    const method = schema.methods[index];
    const payload = encodeArguments(schema, method, args);
    const at = synapse.begin();
    synapse.outbox.grow(at + payload.length);
    synapse.outbox.bytes.set(payload, at);
    return synapse.end(index, payload.length, (bytes, _view, from, to) =>
      decodeResult(schema, method, bytes.subarray(from, to)),
    );
  };
  return { call, synapse };
}

/** Waits until `look` gives something; the test's own time limit is the bound. */
export async function until<T>(look: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (;;) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
