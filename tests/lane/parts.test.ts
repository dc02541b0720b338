// The small parts of the lanes by themselves, with clocks and memory made for the test.
import test from 'ava';
import {
  L_BUDGET_WORD,
  L_CPU_SLOT_WORD,
  L_ROUTE_WORD,
  L_SEQUENCE_WORD,
  M_BUCKETS,
  M_COUNT,
  METRIC_BUCKETS,
} from '../../assembly/shared/layout.ts';
import { QUARANTINE_MS, QUARANTINE_STRIKES } from '../../assembly/shared/limits.ts';
import { nowUs } from '../../host/lane/clock.ts';
import * as Record from '../../host/lane/error-record.ts';
import { Marks, ROUTE_NONE } from '../../host/lane/marks.ts';
import { createMemory } from '../../host/lane/memory.ts';
import { Quarantine } from '../../host/lane/quarantine.ts';
import { intervalOf } from '../../host/lane/routes.ts';
import { bucketUs, quantileUs, routeStats } from '../../host/lane/stats.ts';
import { TrapTeller } from '../../host/lane/trap-teller.ts';
import { Watchdog } from '../../host/lane/watchdog.ts';

test('an error record of any text reads back, long ones cut between characters', (t) => {
  for (const text of ['', 'plain', '\u00e9\ud83c\udf0d', 'x'.repeat(5000), '\u20ac'.repeat(2000)]) {
    const message = Record.messageBytes(text);
    const bytes = new Uint8Array(Record.RECORD_MAX + 8);
    const size = Record.writeRecord(new DataView(bytes.buffer), 4, message);
    t.is(size, Record.recordBytes(message));
    t.true(size <= Record.RECORD_MAX);
    const back = Record.readMessage(bytes.subarray(4, 4 + size));
    t.true(text.startsWith(back as string), text.slice(0, 10));
    t.true(
      Buffer.byteLength(back as string) >=
        Math.min(Buffer.byteLength(text), Record.MESSAGE_MAX - 2),
    );
  }
  t.is(Record.readMessage(new Uint8Array(15)), null);
  t.is(Record.readMessage(new Uint8Array(16).fill(255)), null);
});

test('marks: the first entered has the CPU, leaving in any order', (t) => {
  const words = new Int32Array(128);
  const marks = new Marks(words, 0);
  const [a, b] = [1, 2].map((n) => ({
    ...{ route: n, slot: n + 10, budgetMs: n * 100, inner: ROUTE_NONE },
  }));
  const shown = (): number[] =>
    [L_ROUTE_WORD, L_CPU_SLOT_WORD, L_BUDGET_WORD].map((w) => words[w] >>> 0);
  t.deepEqual(shown(), [ROUTE_NONE, 0, 0]);
  marks.enter(a);
  const sequence = words[L_SEQUENCE_WORD];
  marks.enter(b);
  t.is(words[L_SEQUENCE_WORD], sequence, 'still the same stretch');
  t.deepEqual(shown(), [1, 11, 100]);
  marks.leave(a);
  t.deepEqual(shown(), [2, 12, 200]);
  marks.leave(a);
  t.deepEqual(shown(), [2, 12, 200]);
  marks.enter(a);
  marks.leave(a);
  t.deepEqual(shown(), [2, 12, 200]);
  marks.leave(b);
  t.deepEqual(shown(), [ROUTE_NONE, 0, 0]);
});

test('quarantine: as many strikes as it takes, within its time, for each cell alone', (t) => {
  let now = 0;
  const changes: [number, boolean][] = [];
  const quarantine = new Quarantine(
    (cell, on) => changes.push([cell, on]),
    () => now,
  );
  t.teardown(() => quarantine.stop());
  for (let i = 1; i < QUARANTINE_STRIKES; i++) t.false(quarantine.strike(1));
  now += QUARANTINE_MS;
  t.false(quarantine.strike(1), 'older strikes do not count');
  for (let i = 1; i < QUARANTINE_STRIKES - 1; i++) t.false(quarantine.strike(1));
  t.false(quarantine.strike(2), 'another cell');
  t.true(quarantine.strike(1));
  t.false(quarantine.strike(1), 'it is there already');
  t.deepEqual([quarantine.has(1), quarantine.has(2)], [true, false]);
  quarantine.release(1);
  quarantine.release(1);
  t.deepEqual(changes, [
    [1, true],
    [1, false],
  ]);
});

test('buckets and quantiles', (t) => {
  t.deepEqual([0, 3, 4, 7, 8, 9, 12].map(bucketUs), [0, 3, 4, 7, 8.5, 10.5, 17.5]);
  for (let i = 1; i < METRIC_BUCKETS; i++) t.true(bucketUs(i) > bucketUs(i - 1));
  t.is(quantileUs([0, 0, 0], 0.5), 0);
  t.is(quantileUs([1, 0, 0], 0.99), 0);
  t.is(quantileUs([50, 49, 1], 0.5), 0);
  t.is(quantileUs([50, 49, 1], 0.51), 1);
  t.is(quantileUs([50, 49, 1], 0.99), 1);
  t.is(quantileUs([50, 49, 1], 1), 2);
});

test('statistics add up over lanes, beyond 32 bits', (t) => {
  const memory = createMemory({ lanes: 2, routes: 4 });
  for (const lane of [0, 1]) {
    const at = memory.metricsAt(lane, 3);
    memory.view.setBigUint64(at + M_COUNT, 2n ** 33n, true);
    memory.view.setUint32(at + M_BUCKETS + 4 * 5, 10, true);
  }
  const stats = routeStats(memory, 3);
  t.is(stats.count, 2 ** 34);
  t.deepEqual([stats.p50Us, stats.errors], [5, 0]);
  t.is(routeStats(memory, 2).meanUs, 0);
});

test('traps without end are told of some times a second, the others are counted', (t) => {
  const lines: { level: string; cell: string; text: string }[] = [];
  const teller = new TrapTeller((line) => lines.push(line));
  const part = { name: 'cell', map: '/nowhere/x.wasm.map' } as never;
  for (let i = 0; i < 300; i++) {
    t.is(teller.tell(part, 'm', null, new WebAssembly.RuntimeError('unreachable')), 'unreachable');
  }
  t.true(lines.length >= 10 && lines.length <= 100, `${lines.length} lines`);
  t.deepEqual(lines[0], { level: 'error', cell: 'cell', text: 'm: unreachable' });
  t.is(teller.tell(part, 'm', null, 'odd'), 'odd');
});

test('rates become intervals', (t) => {
  t.deepEqual(intervalOf({ perSecond: 100 }), { interval: 10_000, tolerance: 990_000 });
  t.deepEqual(intervalOf({ perSecond: 2, burst: 1 }), { interval: 500_000, tolerance: 0 });
  t.deepEqual(intervalOf({ perSecond: 0.5 }), { interval: 2_000_000, tolerance: 0 });
  t.true(intervalOf({ perSecond: 1e6, burst: 1e6 }).tolerance < 2 ** 31);
});

test('the clock tells unix time and does not stand still', async (t) => {
  const first = nowUs();
  t.true(Math.abs(first / 1000 - Date.now()) < 1000);
  await new Promise((resolve) => setTimeout(resolve, 5));
  t.true(nowUs() > first);
});

test('the watchdog tells of a lane that stands still on a route, and of no other', async (t) => {
  const memory = createMemory({ lanes: 3, routes: 4 });
  const word = (lane: number): number => memory.laneBase(lane) >>> 2;
  const told = await new Promise<number[]>((resolve) => {
    const dog = new Watchdog(memory, {
      budgetMs: () => 20,
      stuck: (lane, route, ms) => {
        dog.unwatch(lane);
        clearInterval(busy);
        dog.unwatch(1);
        dog.unwatch(2);
        resolve([lane, route, ms >= 20 ? 1 : 0]);
      },
    });
    memory.words[word(0) + L_ROUTE_WORD] = 2;
    memory.words[word(1) + L_ROUTE_WORD] = 1;
    const busy = setInterval(() => memory.words[word(1) + L_SEQUENCE_WORD]++, 1);
    for (const lane of [0, 1, 2]) dog.watch(lane, 0);
  });
  t.deepEqual(told, [0, 2, 1]);
});
