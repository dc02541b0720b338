// Calls of other cells that cross into a cell with durable fields: whoever saw what could be lost
// waits for it, caller and caller's actor alike. And lanes that are lost with answers held.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import * as S from '../../assembly/shared/status.ts';
import { caller, outcome } from '../lane/callers.ts';
import { number } from '../lane/cells.ts';
import { Desk, messageOf } from '../lane/desk.ts';
import { readU32 } from '../lane/waiters.ts';
import * as K from './keeper.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-crossed-'));
fs.writeFileSync(path.join(root, 'a'), 'five!');
test.after.always(() => fs.rmSync(root, { recursive: true, force: true }));

type Teardown = Parameters<typeof Desk.open>[0];

const WAYS = [
  { name: 'add', target: 'keeper.add', tier: 'waiting' as const },
  { name: 'read', target: 'keeper.read', tier: 'waiting' as const },
];

/** `front` has no state; `clerk` is an actor: its last method tells how often it was called. */
async function open(t: Teardown) {
  const store = new K.MemoryStore();
  const desk = await Desk.open(t, { lanes: 0, drivers: K.storing({ keeper: store }) });
  desk.session(1);
  const keeper = await desk.load(K.keeper('keeper'), { kv: {}, blob: { root } });
  const front = await desk.load(caller('front', WAYS), { call: ['keeper'] });
  const tell = { name: 'tell', tier: 'waiting' as const, body: number('(i32.const 9)') };
  const clerk = await desk.load(caller('clerk', WAYS, { actor: true, methods: [tell] }), {
    call: ['keeper'],
  });
  store.hold = true;
  t.teardown(() => {
    store.hold = false;
    for (const { end } of [...store.pending]) end();
  });
  const batch = (): Promise<void> => desk.soon(() => store.pending.length > 0);
  return { store, desk, keeper, front, clerk, batch };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('a call through another cell is answered when what it wrote is stored', async (t) => {
  const { store, desk, front, batch } = await open(t);
  desk.push(0, 1, [{ route: front, id: 1 }]);
  await batch();
  desk.push(0, 1, [{ route: front + 1, id: 2 }]);
  await turns();
  t.is(desk.total, 0, 'the second one only read, what is not stored');
  store.pending[0].end();
  await desk.until(() => desk.total === 2);
  for (const id of [1, 2]) t.is(readU32(outcome(desk.got(id)[0]).payload), 1);
});

test('an actor that saw an open batch holds its own later answers, too', async (t) => {
  const { store, desk, clerk, batch } = await open(t);
  desk.push(0, 1, [{ route: clerk, id: 1 }]);
  await batch();
  desk.push(0, 1, [{ route: clerk + 2, id: 2 }]);
  await turns();
  t.is(desk.total, 0);
  store.pending[0].end();
  await desk.until(() => desk.total === 2);
  t.is(readU32(desk.got(2)[0].payload), 9);
  t.is(readU32((await desk.call(clerk + 2)).payload), 9, 'nothing is owed any more');
});

test('when the batch fails, those who crossed into it fail as well', async (t) => {
  const { store, desk, front, clerk, keeper, batch } = await open(t);
  desk.push(0, 1, [
    { route: front, id: 1 },
    { route: clerk, id: 2 },
  ]);
  await batch();
  await turns();
  while (store.pending.length > 0) {
    store.pending[0].end(K.GONE);
    await turns();
  }
  await desk.until(() => desk.total === 2);
  for (const id of [1, 2]) {
    t.is(desk.got(id)[0].status, S.UNAVAILABLE);
    t.regex(messageOf(desk.got(id)[0]), /could not be stored/);
  }
  store.hold = false;
  t.is(readU32((await desk.call(keeper + K.READ)).payload), 0);
});

test('a caller that traps behind the crossing: what was written stays written', async (t) => {
  const store = new K.MemoryStore();
  const desk = await Desk.open(t, { lanes: 0, drivers: K.storing({ keeper: store }) });
  desk.session(1);
  const keeper = await desk.load(K.keeper('keeper'), { kv: {}, blob: { root } });
  const ways = [{ ...WAYS[0], after: '(unreachable)' }];
  const rash = await desk.load(caller('rash', ways), { call: ['keeper'] });
  t.is((await desk.call(rash)).status, S.INTERNAL);
  t.is(readU32((await desk.call(keeper + K.READ)).payload), 1);
  await desk.soon(() => store.commits === 1);
  t.is(await store.count(), 1);
});

/** An actor of the same lane whose method never ends. */
const LOOPER = {
  name: 'looper',
  actor: true,
  methods: [{ name: 'loop', body: '(loop $l (br $l)) (unreachable)' }],
};

test('a lane lost to a loop of another cell: what was answered stands', async (t) => {
  const desk = await Desk.open(t, { lanes: 1, debug: false });
  desk.session(1);
  const kv = { file: path.join(root, 'lost', 'keeper.sqlite') };
  const keeper = await desk.load(K.keeper('keeper'), { kv, blob: { root } });
  const looper = await desk.load({ ...LOOPER, cpuMs: 20 });
  let answered = 0;
  for (let round = 0; round < 3; round++) {
    const calls = Array.from({ length: 50 }, (_, i) => ({ route: keeper, id: round * 100 + i }));
    desk.push(0, 1, calls.slice(0, 25));
    desk.push(0, 1, [{ route: looper, id: round * 100 + 99 }, ...calls.slice(25)]);
    await desk.until(() => calls.every(({ id }) => desk.got(id).length > 0));
    await desk.until(() => desk.got(round * 100 + 99).length > 0);
    for (const { id } of calls) {
      const [answer, ...more] = desk.got(id);
      t.deepEqual(more, [], 'one answer each');
      if (answer.status === 0) answered = Math.max(answered, readU32(answer.payload));
    }
    const read = await desk.call(keeper + K.READ, undefined, { id: round * 100 + 98 });
    t.is(read.status, 0);
    t.true(readU32(read.payload) >= answered, `${readU32(read.payload)} of ${answered}`);
  }
  t.true(answered >= 50, `${answered} were answered`);
});
