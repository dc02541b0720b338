// A caller leaves while its call runs, and somebody else gets its place: what was made for the one
// is never kept for the other, nor what a cell answered when it found nobody there.
import test from 'ava';
import { S_CALLER, S_GENERATION, S_SUBJECT_BYTES } from '../../assembly/shared/layout.ts';
import { caller, outcome } from '../lane/callers.ts';
import { number, type WatCell, type WatMethod } from '../lane/cells.ts';
import { Desk } from '../lane/desk.ts';
import { readU32, u32 } from '../lane/waiters.ts';

const READ = '(import "cell:caller" "read" (func $read (param i32 i32) (result i32)))';
const WRITE = '(import "cell:log" "write" (func $write (param i32 i32 i32)))';

/** Its second call, and each later one, runs until its caller is gone; answers with its number. */
const counted: WatMethod = {
  name: 'counted',
  policies: { memo: { ttlMs: 60_000, swrMs: 0, shared: false, tags: [] } },
  body: `(global.set $n (i32.add (global.get $n) (i32.const 1)))
    (call $write (i32.const 1) (i32.const 0) (i32.const 1))
    (loop $again (br_if $again (call $read (i32.const 128) (i32.const 64))))
    ${number('(global.get $n)')}`,
};

const ledger: WatCell = {
  name: 'ledger',
  imports: `${READ} ${WRITE}`,
  extra: '(global $n (mut i32) (i32.const 0)) (data (i32.const 0) "!")',
  cpuMs: 10_000,
  methods: [counted],
};

/** Closes session 1 and opens it for another caller, as host/session/slots.ts does. */
function replace(desk: Desk, number: number, generation: number): void {
  const { words } = desk.memory;
  const word = (offset: number): number => (desk.memory.sessionAt(1) + offset) >>> 2;
  Atomics.store(words, word(S_CALLER), number);
  Atomics.store(words, word(S_SUBJECT_BYTES), 4);
  Atomics.store(words, word(S_GENERATION), generation);
}

for (const [what, way] of [
  ['a call', 'own'],
  ['a call that a cell makes', 'nested'],
] as const) {
  for (const [who, number] of [
    ['another caller', 9],
    ['the same caller, back again', 5],
  ] as const) {
    test(`${what} outlives its caller's session, which is now of ${who}`, async (t) => {
      const desk = await Desk.open(t, { lanes: 1, limits: { cpuMs: 10_000 } });
      const own = await desk.load(ledger);
      const shop = caller('shop', [{ name: 'ask', target: 'ledger.counted' }], { cpuMs: 10_000 });
      const nested = await desk.load(shop, { call: ['ledger'] });
      const route = way === 'own' ? own : nested;
      replace(desk, 5, 1);
      desk.push(0, 1, [{ route, id: 1, payload: u32(7) }]);
      await desk.until(() => desk.log.length > 0);
      replace(desk, number, 2);
      await desk.until(() => desk.got(1, 1, 1).length > 0);
      desk.push(0, 1, [{ route, id: 2, payload: u32(7) }], 2);
      await desk.until(() => desk.log.length > 1 || desk.got(2, 1, 2).length > 0);
      replace(desk, number, 3);
      await desk.until(() => desk.got(2, 1, 2).length > 0);
      const [answer] = desk.got(2, 1, 2);
      const payload = way === 'own' ? answer.payload : outcome(answer).payload;
      t.is(readU32(payload), 2, 'the cell was asked again');
    });
  }
}
