// What a flag is for a caller: reasons of OpenFeature, first rule first, shares that never move.
import test from 'ava';
import { checkFlag, checkFlags } from '../../host/flags/definition.ts';
import { askerOf, bucketOf, evaluate, evaluateFlag } from '../../host/flags/evaluate.ts';

const ALICE = askerOf('alice', ['staff', 'dev']);
const NOBODY = askerOf(null);

test('the reasons', (t) => {
  const flags = checkFlags({
    flags: {
      plain: true,
      off: { default: true, enabled: false },
      staff: { default: false, rules: [{ roles: ['staff'], give: true }] },
      alice: { default: false, rules: [{ subjects: ['alice'], give: true }, { give: false }] },
      look: { variants: ['a', 'b'], default: 'a', rules: [{ split: { b: 100 } }] },
    },
  });
  const bool = (key: string, asker = ALICE) => evaluate(flags, key, 'boolean', asker);
  t.deepEqual(bool('plain'), { value: true, reason: 'STATIC' });
  t.deepEqual(bool('off'), { value: null, reason: 'DISABLED' });
  t.deepEqual(bool('staff'), { value: true, reason: 'TARGETING_MATCH' });
  t.deepEqual(bool('staff', NOBODY), { value: false, reason: 'DEFAULT' });
  t.deepEqual(bool('alice'), { value: true, reason: 'TARGETING_MATCH' });
  t.deepEqual(bool('alice', askerOf('bob')), { value: false, reason: 'TARGETING_MATCH' });
  t.deepEqual(evaluate(flags, 'look', 'string', ALICE), { value: 'b', reason: 'SPLIT' });
  t.deepEqual(evaluate(flags, 'look', 'string', NOBODY), { value: 'a', reason: 'DEFAULT' });
  const error = (errorCode: string) => ({ value: null, reason: 'ERROR', errorCode });
  t.deepEqual(bool('look'), error('TYPE_MISMATCH'));
  t.deepEqual(evaluate(flags, 'plain', 'string', ALICE), error('TYPE_MISMATCH'));
  for (const key of ['none', '__proto__', 'toString'])
    t.deepEqual(bool(key), error('FLAG_NOT_FOUND'));
});

test('buckets are these, in every version: a share that moved would move people', (t) => {
  // Computed by another program, in another language, from the formula in evaluate.ts.
  t.deepEqual(
    ['alice', 'bob', 'carol', 'žluťoučký kůň', ''].map((who) => bucketOf('checkout', who)),
    [27783, 12258, 43373, 23526, 58638],
  );
});

test('shares are even, and independent between flags', (t) => {
  const subjects = Array.from({ length: 20_000 }, (_, i) => `user-${i}`);
  const on = (key: string) => new Set(subjects.filter((who) => bucketOf(key, who) < 50_000));
  const [a, b] = [on('a'), on('b')];
  const both = [...a].filter((who) => b.has(who)).length;
  // Four standard deviations of a fair coin.
  t.true(Math.abs(a.size - 10_000) < 283, String(a.size));
  t.true(Math.abs(both - 5000) < 245, String(both));
});

test('a share that grows keeps whom it had; split follows the order of variants', (t) => {
  const at = (percent: number) => checkFlag({ default: false, rules: [{ percent }] }, 'f');
  const has = (percent: number, who: string) =>
    evaluateFlag('f', at(percent), askerOf(who)).value === true;
  const subjects = Array.from({ length: 2000 }, (_, i) => `u${i}`);
  for (const who of subjects) {
    t.true(!has(10, who) || has(30, who));
    t.false(has(0, who));
    t.true(has(100, who));
  }
  const variants = ['a', 'b', 'c'];
  const of = (split: object) => checkFlag({ variants, default: 'a', rules: [{ split }] }, 'f');
  const one = of({ a: 50, b: 25, c: 25 });
  const other = of({ c: 25, b: 25, a: 50 });
  for (const who of subjects) {
    const asker = askerOf(who);
    t.deepEqual(evaluateFlag('f', one, asker), evaluateFlag('f', other, asker));
  }
});
