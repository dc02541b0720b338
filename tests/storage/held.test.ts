// Answers of a cell with durable fields: none leaves before what it tells of is stored, the next
// call is served meanwhile, and every call has exactly one answer, whatever becomes of the batch.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import * as S from '../../assembly/shared/status.ts';
import { Desk, messageOf } from '../lane/desk.ts';
import { readU32, u32 } from '../lane/waiters.ts';
import * as K from './keeper.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-held-'));
fs.writeFileSync(path.join(root, 'a'), 'five!');
test.after.always(() => fs.rmSync(root, { recursive: true }));
const grants = { kv: {}, blob: { root } };

type Teardown = Parameters<typeof Desk.open>[0];

async function open(t: Teardown, hold = true) {
  const store = new K.MemoryStore();
  const desk = await Desk.open(t, { lanes: 0, drivers: K.storing({ keeper: store }) });
  desk.session(1);
  desk.session(2);
  const route = await desk.load(K.keeper('keeper'), grants);
  store.hold = hold;
  // Whatever a test leaves waiting is let through, so that the lane can end.
  t.teardown(() => {
    store.hold = false;
    for (const { end } of [...store.pending]) end();
  });
  const batch = (): Promise<void> => desk.soon(() => store.pending.length > 0);
  return { store, desk, route, batch };
}

/** Turns of the event loop in which an answer would have left, had it been free to. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('an answer leaves when its batch is stored; calls that came together share it', async (t) => {
  const { store, desk, route, batch } = await open(t);
  desk.push(
    0,
    1,
    [1, 2, 3].map((id) => ({ route, id })),
  );
  await batch();
  await turns();
  t.is(desk.total, 0);
  t.is(store.pending.length, 1);
  store.pending[0].end();
  await desk.until(() => desk.total === 3);
  t.deepEqual(
    [1, 2, 3].map((id) => readU32(desk.got(id)[0].payload)),
    [1, 2, 3],
  );
  t.is(await store.count(), 3);
  t.is(store.commits, 1);
});

test('the instance goes on; what saw an open batch waits for it, and no longer', async (t) => {
  const { store, desk, route, batch } = await open(t);
  desk.push(0, 1, [{ route, id: 1 }]);
  await batch();
  desk.push(0, 1, [
    { route: route + K.READ, id: 2 },
    { route, id: 3 },
    { route: route + K.READ, id: 4 },
  ]);
  await turns();
  t.is(desk.total, 0);
  store.pending[0].end();
  await desk.until(() => desk.total === 2);
  t.deepEqual([...desk.answers.keys()], ['1.1.1', '1.1.2']);
  t.deepEqual(
    [1, 2].map((id) => readU32(desk.got(id)[0].payload)),
    [1, 1],
  );
  await batch();
  store.pending[0].end();
  await desk.until(() => desk.total === 4);
  t.deepEqual(
    [3, 4].map((id) => readU32(desk.got(id)[0].payload)),
    [2, 2],
  );
  t.is(readU32((await desk.call(route + K.READ)).payload), 2, 'nothing is open any more');
});

test('calls that fail have written, calls that trap have not', async (t) => {
  const { store, desk, route } = await open(t, false);
  t.is((await desk.call(route + K.ADD_FAIL)).status, 5);
  t.is(await store.count(), 1);
  t.is((await desk.call(route + K.ADD_TRAP)).status, S.INTERNAL);
  t.is(await store.count(), 1);
  t.is(readU32((await desk.call(route)).payload), 2, 'the new instance knows what is stored');
});

test('a trap behind an open batch: the new instance starts behind it', async (t) => {
  const { store, desk, route, batch } = await open(t);
  desk.push(0, 1, [{ route, id: 1 }]);
  await batch();
  const trapped = await desk.call(route + K.ADD_TRAP, undefined, { id: 2 });
  t.is(trapped.status, S.INTERNAL);
  desk.push(0, 1, [{ route: route + K.READ, id: 3 }]);
  await turns();
  t.is(desk.total, 1, 'nothing is known of the counter yet');
  store.pending[0].end();
  await desk.until(() => desk.total === 3);
  t.is(readU32(desk.got(3)[0].payload), 1);
});

test('a batch that fails: UNAVAILABLE for all who saw it, and all is as stored', async (t) => {
  const { store, desk, route, batch } = await open(t);
  store.hold = false;
  await desk.call(route);
  store.hold = true;
  desk.push(0, 1, [{ route, id: 1 }]);
  await batch();
  desk.push(0, 1, [
    { route, id: 2 },
    { route: route + K.READ, id: 3 },
  ]);
  await turns();
  store.pending[0].end(K.GONE);
  await desk.until(() => desk.total === 4);
  for (const id of [1, 2, 3]) {
    t.is(desk.got(id)[0].status, S.UNAVAILABLE);
    t.regex(messageOf(desk.got(id)[0]), /could not be stored, and was undone/);
  }
  t.regex(desk.log.map((line) => line.text).join(), /its fields could not be stored: store: gone/);
  store.hold = false;
  t.is(readU32((await desk.call(route)).payload), 2, 'one was stored before');
  t.is(await store.count(), 2);
  t.is(desk.total, 5);
});

test('a batch that may be stored or not is told as UNKNOWN', async (t) => {
  const { store, desk, route, batch } = await open(t);
  desk.push(0, 1, [{ route, id: 1 }]);
  await batch();
  store.pending[0].end({ status: S.UNKNOWN, text: 'cut off' });
  await desk.until(() => desk.total === 1);
  t.is(desk.got(1)[0].status, S.UNKNOWN);
  t.regex(messageOf(desk.got(1)[0]), /may be stored or not/);
});

test('a call that runs while its batch fails ends as UNAVAILABLE and writes nothing', async (t) => {
  const { store, desk, route, batch } = await open(t);
  desk.push(0, 1, [{ route, id: 1 }]);
  await batch();
  // It stands still in the blob's driver when the batch fails, then writes.
  desk.push(0, 1, [{ route: route + K.WAIT_ADD, id: 2 }]);
  await new Promise((resolve) => setImmediate(resolve));
  store.pending[0].end(K.GONE);
  await desk.until(() => desk.total === 2);
  t.is(desk.got(2)[0].status, S.UNAVAILABLE);
  store.hold = false;
  t.is(readU32((await desk.call(route)).payload), 1);
  t.is(await store.count(), 1);
});

test('deadlines and cancellations answer a held call; what it wrote stands', async (t) => {
  const { store, desk, route, batch } = await open(t);
  desk.push(0, 1, [
    { route, id: 1, remainingMs: 30 },
    { route, id: 2 },
    { route, id: 3 },
  ]);
  await batch();
  desk.cancel(0, 1, route, 2);
  await desk.until(() => desk.total === 2);
  t.is(desk.got(1)[0].status, S.DEADLINE_EXCEEDED);
  t.is(desk.got(2)[0].status, S.CANCELLED);
  store.pending[0].end();
  await desk.until(() => desk.total === 3);
  t.is(readU32(desk.got(3)[0].payload), 3);
  await turns();
  t.is(desk.total, 3, 'nobody is answered twice');
  t.is(await store.count(), 3);
});

test('a call that was cancelled while it ran has written: its memory has it', async (t) => {
  const { store, desk, route } = await open(t, false);
  desk.push(0, 1, [{ route: route + K.ADD_WAIT, id: 1 }]);
  desk.cancel(0, 1, route + K.ADD_WAIT, 1);
  await desk.until(() => desk.total === 1);
  t.is(desk.got(1)[0].status, S.CANCELLED);
  t.is(readU32((await desk.call(route + K.READ)).payload), 1);
  await desk.soon(() => store.commits === 1);
  t.is(await store.count(), 1);
});

test('replies too large to keep hold their instance, and arrive whole', async (t) => {
  const { store, desk, route, batch } = await open(t);
  const calls = Array.from({ length: 100 }, (_, id) => ({ route: route + K.ADD_LARGE, id }));
  desk.push(0, 1, calls);
  await batch();
  store.hold = false;
  for (const { end } of [...store.pending]) end();
  await desk.until(() => desk.total === 100);
  for (const { id } of calls) t.is(desk.got(id)[0].payload.length, 200_000);
  t.is(await store.count(), 100);
});

test('the end of the host: what was accepted is stored and answered first', async (t) => {
  const { store, desk, route, batch } = await open(t);
  desk.push(0, 1, [{ route, id: 1 }]);
  await batch();
  const stopped = desk.lanes.stop();
  await turns();
  t.is(desk.total, 0);
  store.pending[0].end();
  await stopped;
  t.is(readU32(desk.got(1)[0].payload), 1);
  t.true(store.closed);
});

test('maps: entries set, removed and wiped by one call each', async (t) => {
  const { store, desk, route } = await open(t, false);
  const set = (key: string, value: string) => desk.call(route + K.SET, Buffer.from(key + value));
  for (const [key, value] of [
    ['aaaa', '1'],
    ['bbbb', ''],
    ['aaaa', '2'],
    ['cccc', 'x'.repeat(1000)],
  ]) {
    t.is(readU32((await set(key, value)).payload), 0);
  }
  const entries = () => [...(store.fields.get(1)?.entries ?? [])].map(([, v]) => v.length);
  t.deepEqual(entries(), [1, 0, 1000]);
  await desk.call(route + K.UNSET, Buffer.from('bbbb'));
  t.deepEqual(entries(), [1, 1000]);
  await desk.call(route + K.WIPE);
  t.deepEqual(entries(), []);
  t.is(store.fields.get(1)?.type, 'map {string:bytes}');
  t.is(u32(1).length, 4);
});
