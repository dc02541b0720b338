// Owns the process that tests/storage/killed.test.ts kills: a lane with the service `victim` over a
// file, under a load of its own. It says what is stored, then every answer at the moment it leaves:
//   all {"a":[n,twice,letters],...} total     a n
// It loads little, since twenty of them live and die in one test.
import fs from 'node:fs';
import { readModule } from '../../host/cell/module.ts';
import type { Deliver } from '../../host/lane/contract.ts';
import { startLanes } from '../../host/lane/lanes.ts';
import { createMemory } from '../../host/lane/memory.ts';
import { decodeResult, encodeArguments } from '../../host/schema/dynamic.ts';
import { createRights } from '../../host/session/bits.ts';

/** Calls at once. */
const AT_ONCE = 16;
const KEYS = 40;

const [wasm, file, start] = process.argv.slice(2);
const bytes = fs.readFileSync(wasm) as Uint8Array<ArrayBuffer>;
const { name, schema, manifest, module } = readModule(bytes, wasm);
const memory = createMemory({ lanes: 1 });
const waiting = new Map<number, (payload: Uint8Array) => void>();

const deliver: Deliver = {
  frames: (_connection, _generation, frames) => {
    const view = new DataView(frames.buffer, frames.byteOffset, frames.byteLength);
    for (let at = 0; at < frames.length; ) {
      const length = view.getUint32(at, true);
      const id = view.getUint32(at + 8, true);
      const status = view.getUint8(at + 4) === 5 ? view.getUint16(at + 6, true) & 255 : 0;
      if (status !== 0) throw new Error(`a call failed: ${status}`);
      const told = waiting.get(id);
      waiting.delete(id);
      told?.(frames.slice(at + 16, at + 16 + length));
      at += (16 + length + 7) & ~7;
    }
  },
  close: () => {},
  control: () => {},
};
const lanes = await startLanes({
  ...{ lanes: 0, memory, deliver, rights: createRights(), events: { log: () => {} } },
});
const session = memory.sessionAt(1);
memory.view.setBigInt64(session + 16, 1n << 62n, true);
memory.view.setUint32(session + 28, 1, true);
Atomics.store(memory.words, (session + 24) >>> 2, 1);
const place = { index: 0, firstRoute: 0, file: wasm, grants: { kv: { file } } };
await lanes.load({ name, module, schema, manifest, ...place });

let ids = 0;

async function call(method: string, ...args: unknown[]): Promise<unknown> {
  const index = schema.methods.findIndex((m) => m.name === method);
  const payload = encodeArguments(schema, schema.methods[index], args);
  const frame = new Uint8Array((16 + payload.length + 7) & ~7);
  const view = new DataView(frame.buffer);
  const id = ids++;
  view.setUint32(0, payload.length, true);
  view.setUint8(4, 3);
  view.setUint16(6, index, true);
  view.setUint32(8, id, true);
  frame.set(payload, 16);
  const answer = new Promise<Uint8Array>((resolve) => waiting.set(id, resolve));
  lanes.push(0, 1, 1, frame);
  return decodeResult(schema, schema.methods[index], await answer);
}

/** Writes all of a line before anything else happens; a full pipe is written to again. */
function say(line: string): void {
  let left = Buffer.from(`${line}\n`);
  while (left.length > 0) {
    try {
      left = left.subarray(fs.writeSync(1, left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

interface Entry {
  n: number;
  twice: number;
  text: string;
}

const all = (await call('all')) as Map<string, Entry>;
const shown = [...all].map(([key, { n, twice, text }]) => [key, [n, twice, text.length]]);
say(`all ${JSON.stringify(Object.fromEntries(shown))} ${await call('sum')}`);

let next = Number(start);
const loop = async (): Promise<void> => {
  for (;;) {
    next = (next * 1103515245 + 12345) & 0x7fffffff;
    const key = `k${(next >>> 8) % KEYS}`;
    say(`${key} ${await call('bump', key)}`);
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, loop));
