// Owns the guest's side of the suite `codec`: compiles bench/as with the generated codec and the
// arena runtime, and checks that what is compared does the same work. Never times anything.

import { readFileSync } from 'node:fs';
import { emitGuestCodec } from '../build/4-emit/guest-codec.ts';
import { withoutShadowStack } from '../build/5-compile/nostack.ts';
import type { Schema } from '../host/schema/types.ts';

/** What the compiled loops export; lengths in bytes, `n` turns. */
export interface GuestLoops {
  memory: WebAssembly.Memory;
  inputAt(): number;
  outputAt(): number;
  keep(length: number): void;
  cellRead(n: number, length: number): number;
  protobufReads(n: number, length: number): number;
  msgpackReads(n: number, length: number): number;
  cellWrite(n: number): bigint;
  protobufWrites(n: number): number;
  msgpackWrites(n: number): number;
}

const SDK = new URL('../assembly/guest/', import.meta.url);
const SHARED = new URL('../assembly/shared/', import.meta.url);
const LOOPS = new URL('as/', import.meta.url);

function fileAt(folder: URL, name: string): string | null {
  try {
    return readFileSync(new URL(name, folder), 'utf8');
  } catch {
    return null;
  }
}

/** The module `codec` that the loops import: the generated codec of method 0 as two functions. */
function codecModule(schema: Schema): string {
  const codec = emitGuestCodec(schema);
  const { read, args, write } = codec.methods[0]!;
  return [
    'import { User } from "./user";',
    codec.text,
    `export function read(ptr: usize, len: usize): User {\n  ${read}\n  return ${args[0]};\n}`,
    `export function write(result: User): i64 {\n  ${write}\n}`,
  ].join('\n');
}

/** A transform of its own for each run: asc sets the program on the class's prototype. */
function noStack(): new () => { afterParse(): void } {
  return class {
    declare program: Parameters<typeof withoutShadowStack>[0];

    afterParse(): void {
      withoutShadowStack(this.program);
    }
  };
}

/**
 * Compiles and starts the loops around the codec of `schema`, whose method 0 takes and gives a
 * User.
 */
export async function startLoops(schema: Schema): Promise<GuestLoops> {
  const asc = await import('assemblyscript/asc');
  const codec = codecModule(schema);
  let wasm: Uint8Array | null = null;
  const flags = ['-O3', '--runtime', './arena', '--enable', 'simd', '--outFile', 'out.wasm'];
  const { error, stderr } = await asc.main(
    ['loop.ts', ...flags, '--lib', '/library', '--use', 'abort=~lib/cell/panic/abort'],
    {
      readFile: (name, folder) => {
        const at = name.replace(/^\.\//, '');
        if (folder.endsWith('library')) {
          const inside = at.slice(at.indexOf('/') + 1);
          return fileAt(at.startsWith('shared/') ? SHARED : SDK, inside);
        }
        if (at === 'arena.ts') return fileAt(SDK, 'arena/index.ts');
        return at === 'codec.ts' ? codec : fileAt(LOOPS, at);
      },
      writeFile: (name, data) => {
        if (name.endsWith('.wasm')) wasm = data as Uint8Array;
      },
      listFiles: () => [],
      transforms: [noStack()] as never,
    },
  );
  if (error !== null || wasm === null) throw new Error(`asc: ${stderr.toString()}`);
  const fail = (): never => {
    throw new Error('a payload of the benchmark is malformed');
  };
  const module = new WebAssembly.Module(wasm as BufferSource);
  const instance = new WebAssembly.Instance(module, { 'cell:core': { fail } });
  return instance.exports as unknown as GuestLoops;
}
