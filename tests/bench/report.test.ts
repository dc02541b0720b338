// bench/report.ts and bench/targets.ts: what a row is, and when a target is held.

import test from 'ava';
import { median } from '../../bench/peers.ts';
import {
  closing,
  jsonLine,
  judge,
  type Measure,
  type Row,
  readable,
  rowOf,
  table,
} from '../../bench/report.ts';
import { held, targets } from '../../bench/targets.ts';

const row = (suite: string, name: string, value: number): Row => ({
  suite,
  name,
  unit: 'ns',
  value,
  n: 5,
});

test('a row has five keys, in this order, and no more', (t) => {
  const loud = { ...row('kernel', 'refused', 4), extra: 1 } as Row;
  t.is(jsonLine(loud), '{"suite":"kernel","name":"refused","unit":"ns","value":4,"n":5}');
});

test('rows that are no rows are refused by name', (t) => {
  const good: Measure = { name: 'a', unit: 'ns', value: 1, n: 1 };
  t.deepEqual(rowOf('ring', good), { suite: 'ring', ...good });
  t.is(rowOf('ring', { ...good, name: 'ring/a' }).name, 'a');
  t.is(rowOf('ring', { ...good, name: 'rings/a' }).name, 'rings/a');
  t.throws(() => rowOf('ring', { ...good, name: '' }), { message: /ring: a row has no name/ });
  for (const value of [Number.NaN, Infinity, '1' as unknown as number]) {
    t.throws(() => rowOf('ring', { ...good, value }), { message: /ring\/a: value is/ });
  }
  for (const n of [0, -1, Number.NaN]) {
    t.throws(() => rowOf('ring', { ...good, n }), { message: /ring\/a: n is/ });
  }
  const unit = 1 as unknown as string;
  t.throws(() => rowOf('ring', { ...good, unit }), { message: /unit is not a string/ });
});

test('a target is held at its bound and missed beyond it', (t) => {
  for (const [key, { hold, op }] of Object.entries(targets)) {
    const [suite, name] = key.split('/');
    const step = hold / 1000;
    t.is(held(suite, name, hold), true, key);
    t.is(held(suite, name, hold - step), op === '<=', key);
    t.is(held(suite, name, hold + step), op === '>=', key);
    t.is(held(suite, name, Number.NaN), false, key);
  }
  t.is(held('kernel', 'nobody-asked', 1), null);
});

test('the verdict names what was missed and what nobody measured', (t) => {
  const rows = [row('ring', 'rtt-spin', 250), row('kernel', 'refused', 60), row('kernel', 'x', 1)];
  const verdict = judge(['kernel', 'ring'], rows);
  t.deepEqual(verdict.held, [rows[0]]);
  t.deepEqual(verdict.short, [rows[1]]);
  t.true(verdict.unmeasured.includes('ring/throughput'));
  t.false(verdict.unmeasured.some((key) => key.startsWith('wire/')));
  const text = closing(verdict, [{ suite: 'wire', why: 'no socket\n  at somewhere' }]);
  t.regex(text, /^1 of 2 targets held\./);
  t.regex(text, /short: kernel\/refused is 60 ns, should be <= 6/);
  t.regex(text, /not measured: .*kernel\/echo-64/);
  t.regex(text, /failed: wire: no socket$/);
});

test('the table marks what falls short, and only that', (t) => {
  const text = table('kernel', [row('kernel', 'refused', 60), row('kernel', 'echo-64', 18)], false);
  const [head, short, good] = text.split('\n');
  t.is(head, 'kernel');
  t.regex(short, /refused +60 ns +<= 6 +SHORT n=5$/);
  t.regex(good, /echo-64 +18 ns +<= 25 +held {2}n=5$/);
  const painted = table('kernel', [row('kernel', 'refused', 60)], true);
  t.true(painted.includes('\u001b['));
  t.false(text.includes('\u001b['));
});

test('numbers read as people write them', (t) => {
  t.is(readable(1234567.8), '1,234,568');
  t.is(readable(123.456), '123.5');
  t.is(readable(12.3456), '12.3');
  t.is(readable(0.000123456), '0.000123');
  t.is(readable(0), '0');
  t.is(readable(-5.678), '-5.68');
});

test('a median was really seen', (t) => {
  t.is(median([3, 1, 2]), 2);
  t.is(median([4, 1, 2, 3]), 2);
  t.is(median([7]), 7);
});
