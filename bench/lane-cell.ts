// A cell for the benches of lanes, in WAT: 0 echo, 1 trap, 2 loop for ever, 3 wait once for the
// size of blob `a`. Assembled by binaryen, which is loaded when the first cell is asked for.
import binaryen from 'binaryen';
import type { CellSpec, Grants } from '../host/lane/contract.ts';
import type { Method } from '../host/schema/types.ts';

const WAT = `(module
  (type $method (func (param i32 i32) (result i64)))
  IMPORTS
  (memory (export "memory") 1 16)
  (data (i32.const 16) "a")
  (table (export "table") 4 4 funcref)
  (elem (i32.const 0) func $echo $trap $loop $wait)
  (func (export "alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "handle") (param $method i32) (param i32 i32) (result i64)
    (call_indirect (type $method) (local.get 1) (local.get 2) (local.get $method)))
  (func $echo (param i32 i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32))
      (i64.extend_i32_u (local.get 1))))
  (func $trap (param i32 i32) (result i64) (unreachable))
  (func $loop (param i32 i32) (result i64) (loop $l (br $l)) (unreachable))
  (func $wait (param i32 i32) (result i64) WAIT (call $echo (local.get 0) (local.get 1))))`;
const IMPORT = '(import "cell:blob" "size" (func $size (param i32 i32) (result i64)))';
const WAIT = '(drop (call $size (i32.const 16) (i32.const 1)))';

/** Bytes of the module; with `waits`, method 3 needs the capability blob. */
export function benchModule(waits: boolean): Uint8Array<ArrayBuffer> {
  const wat = WAT.replace('IMPORTS', waits ? IMPORT : '').replace('WAIT', waits ? WAIT : '');
  const module = binaryen.parseText(wat);
  module.setFeatures(binaryen.Features.ReferenceTypes | binaryen.Features.BulkMemory);
  const bytes = module.emitBinary() as Uint8Array<ArrayBuffer>;
  module.dispose();
  return bytes;
}

/** The cell as Lanes.load takes it, at `index` with its four routes from `firstRoute`. */
export function benchCell(
  name: string,
  index: number,
  firstRoute: number,
  grants: Grants = {},
): CellSpec {
  const waits = grants.blob !== undefined;
  const methods = ['echo', 'trap', 'loop', 'wait'].map(
    (method, i): Method => ({
      name: method,
      index: i,
      params: [],
      result: { kind: 'bytes' },
      tier: waits && method === 'wait' ? 'waiting' : 'pure',
      access: { public: false, anyRole: [], scopes: [] },
      canonical: `${name}.${method}()->bytes`,
      fingerprint: '0000000000000000',
    }),
  );
  const limits = { pages: 16, cpuMs: 200, payloadBytes: 65536 };
  return {
    ...{ name, index, firstRoute, grants, file: `${name}.wasm` },
    module: new WebAssembly.Module(benchModule(waits)),
    schema: { version: 1, service: 'Bench', cell: name, methods, records: [], enums: [] },
    manifest: {
      version: 1,
      cell: name,
      actor: false,
      start: false,
      capabilities: [],
      limits,
      tools: {},
    },
  };
}
