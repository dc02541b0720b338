// Owns the measurement of macros/call-same-lane: what a call from cell to cell costs in a lane,
// over what the called cell does anyway. One method calls another cell LOOPS times with 24 bytes
// and takes the reply of 24; another runs the same loop over the called cell's own code. Windows
// take turns, so that both see the same machine; the row is the median of the differences.
import { KIND_REQUEST } from '../assembly/shared/frame.ts';
import * as layout from '../assembly/shared/layout.ts';
import type { CellSpec, Deliver, Lanes } from '../host/lane/contract.ts';
import { startLanes } from '../host/lane/lanes.ts';
import { createMemory, type SharedMemory } from '../host/lane/memory.ts';
import { createRights } from '../host/session/bits.ts';
import { assemble } from './kernel-cells.ts';

const LOOPS = 2000;
const BYTES = 24;

/** Reads the arguments and answers with as many bytes, as a small method does. */
const OWN = `
  (func $alloc (export "alloc") (param i32) (result i32) (i32.const 2048))
  (func $own (param $ptr i32) (result i64)
    (i64.store (i32.const 3072)
      (i64.add (i64.load (local.get $ptr)) (i64.load offset=8 (local.get $ptr))))
    (i64.store (i32.const 3080) (i64.load offset=16 (local.get $ptr)))
    (i64.const ${(3072n << 32n) | BigInt(BYTES)}))`;

const CALLED = `(module (memory (export "memory") 1 16) (table (export "table") 0 0 funcref) ${OWN}
  (func (export "handle") (param i32 i32 i32) (result i64) (call $own (local.get 1))))`;

/** Method 0 calls the other cell, method 1 does its work itself. */
const CALLER = `(module
  (import "cell:call" "called" (func $call (param i32 i32 i32) (result i64)))
  (import "cell:reply" "take" (func $take (param i32)))
  (memory (export "memory") 1 16) (table (export "table") 0 0 funcref) ${OWN}
  (func (export "handle") (param $method i32) (param $ptr i32) (param i32) (result i64)
    (local $n i32)
    (local.set $n (i32.const ${LOOPS}))
    (loop $next
      (i64.store (i32.const 1024) (i64.extend_i32_u (local.get $n)))
      (i64.store (i32.const 1032) (i64.const 2))
      (i64.store (i32.const 1040) (i64.load (i32.const 4096)))
      (if (local.get $method)
        (then
          (memory.copy (i32.const 4096)
            (i32.wrap_i64 (i64.shr_u (call $own (i32.const 1024)) (i64.const 32)))
            (i32.const ${BYTES})))
        (else
          (if (i64.ne (call $call (i32.const 0) (i32.const 1024) (i32.const ${BYTES}))
                (i64.const ${BYTES}))
            (then (unreachable)))
          (call $take (i32.const 4096))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.const ${(4096n << 32n) | BigInt(BYTES)})))`;

function specOf(name: string, wat: string, index: number, methods: string[]): CellSpec {
  const canonical = (method: string) => `${name}.${method}()->bytes`;
  return {
    ...{ name, index, firstRoute: index, file: `${name}.wasm` },
    module: assemble(wat),
    grants: { call: ['called'] },
    schema: {
      ...{ version: 1, service: name, cell: name, records: [], enums: [] },
      methods: methods.map((method, i) => ({
        ...{ name: method, index: i, params: [], result: { kind: 'bytes' }, tier: 'pure' },
        access: { public: true, anyRole: [], scopes: [] },
        ...{ canonical: canonical(method), fingerprint: '0'.repeat(16) },
      })),
    },
    manifest: {
      ...{ version: 1, cell: name, actor: false, start: false, capabilities: [], tools: {} },
      limits: { pages: 16, cpuMs: 10_000, payloadBytes: 1024 },
      ...(index === 0 ? {} : { remotes: { called: { own: 'called.own()->bytes' } } }),
    },
  } as CellSpec;
}

async function start(memory: SharedMemory, answered: () => void): Promise<Lanes> {
  const deliver: Deliver = { frames: answered, close: () => {}, control: () => {} };
  const events = { log: () => {} };
  const lanes = await startLanes({ memory, lanes: 0, deliver, events, rights: createRights() });
  await lanes.load(specOf('called', CALLED, 0, ['own']));
  await lanes.load(specOf('caller', CALLER, 1, ['nested', 'itself']));
  return lanes;
}

/** Nanoseconds that a call within a lane costs over the called cell's own work. */
export async function callSameLane(windows: number): Promise<number> {
  const memory = createMemory({ lanes: 1, sessions: 4 });
  const session = memory.sessionAt(1);
  memory.view.setBigInt64(session + layout.S_EXPIRY, 1n << 62n, true);
  memory.view.setUint32(session + layout.S_FLAGS, layout.SESSION_AUTHENTICATED, true);
  memory.view.setUint32(session + layout.S_GENERATION, 1, true);
  let answers = 0;
  const lanes = await start(memory, () => answers++);
  const frame = (route: number): Uint8Array => {
    const bytes = new Uint8Array(16);
    bytes[4] = KIND_REQUEST;
    bytes[6] = route;
    return bytes;
  };
  const [nested, itself] = [frame(1), frame(2)];
  const time = async (message: Uint8Array): Promise<number> => {
    const before = answers;
    const began = performance.now();
    lanes.push(0, 1, 1, message);
    const took = performance.now() - began;
    await new Promise((resolve) => setImmediate(resolve));
    if (answers === before) throw new Error('no answer within the push');
    return (took * 1e6) / LOOPS;
  };
  const added: number[] = [];
  for (let i = 0; i < windows + 100; i++) {
    const one = (await time(nested)) - (await time(itself));
    if (i >= 100) added.push(one);
  }
  await lanes.stop();
  return added.sort((a, b) => a - b)[added.length >> 1];
}
