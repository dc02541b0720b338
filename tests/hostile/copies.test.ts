// Every byte of small copies between host and cell, over memory that is full of something else: a
// piece that is not copied shows, wherever it lies, and so does one that is copied too far.
import test from 'ava';
import * as layout from '../../assembly/shared/layout.ts';
import { assemble, guest } from '../kernel/cells.ts';
import { debugModules, releaseModules } from '../kernel/modules.ts';
import { Random } from '../kernel/random.ts';
import { frame, join, World } from '../kernel/world.ts';

const MOST = 320;
const ECHO = `(i64.or (i64.shl (i64.extend_i32_u (local.get 1)) (i64.const 32))
  (i64.extend_i32_u (local.get 2)))`;

for (const [name, modules] of [
  ['debug', debugModules],
  ['release', releaseModules],
] as const) {
  test(`copies through the membrane are exact, both ways, over old bytes, ${name}`, (t) => {
    const random = new Random();
    t.log(`CELL_SEED=${random.seed}`);
    const w = new World({ modules });
    const { guest: cell, membrane } = w.link(assemble(guest({ handle: ECHO })));
    w.table.set(layout.TABLE_BASE, membrane.dispatch);
    w.table.set(layout.TABLE_BASE + 1, membrane.fetch);
    w.route(0);
    w.session(1);
    const { at, bytes } = w.shared.outRing(w.lane);
    for (let length = 0; length <= MOST; length++) {
      const old = 1 + random.below(255);
      w.shared.bytes.fill(old, at + layout.RING_DATA, at + layout.RING_DATA + bytes);
      new Uint8Array(cell.memory.buffer, 0, 4096).fill(old);
      // Every byte differs from the old one, so a byte that was left out cannot look right.
      const payload = Uint8Array.from({ length }, (_, i) => (old + 1 + ((i * 7) % 255)) & 255);
      const two = join(frame({ call: 1, payload }), frame({ call: 2, payload }));
      const replies = w.ask(1, two);
      t.is(replies.length, 2);
      for (const reply of replies) t.is(Buffer.compare(reply.payload, payload), 0, `${length}`);
      const guestBytes = new Uint8Array(cell.memory.buffer);
      t.is(Buffer.compare(guestBytes.subarray(1024, 1024 + length), payload), 0);
      t.is(guestBytes[1023], old);
      t.is(guestBytes[1024 + length], old);
    }
  });
}
