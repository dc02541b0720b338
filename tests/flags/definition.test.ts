// What a flag file may say: what is wrong is named with its path and what would be right.
import test from 'ava';
import {
  checkFlags,
  FLAGS,
  FlagsError,
  NAMED,
  RULES,
  VARIANTS,
} from '../../host/flags/definition.ts';
import { parseFlags } from '../../host/flags/file.ts';

const flag = (value: unknown) => () => checkFlags({ flags: { f: value } }).f;
const names = (count: number) => Array.from({ length: count }, (_, i) => `v${i}`);

test('the short form, the long one, and their defaults', (t) => {
  const plain = { variants: null, enabled: true, rules: [] };
  t.deepEqual(flag(true)(), { ...plain, default: true });
  t.deepEqual(flag({ default: false, doc: 'why' })(), { ...plain, default: false });
  const variants = ['control', 'bold'];
  const rules = [{ roles: ['staff'], give: 'bold' }, { split: { control: 12.5, bold: 87.5 } }];
  const given = { variants, default: 'control', rules, enabled: false };
  t.deepEqual(flag(given)(), { ...given });
  t.deepEqual(Object.keys(checkFlags({ flags: {} })), []);
});

const wrong: [string, unknown, RegExp][] = [
  ['a number', 3, /flags\.f: expected an object, got 3/],
  ['null', null, /flags\.f: expected an object, got null/],
  ['a misspelt key', { defalt: true }, /flags\.f\.defalt: .*did you mean `default`/],
  ['no default', {}, /flags\.f\.default: expected true or false .*got nothing/],
  ['a default of another kind', { default: 'on' }, /default: expected true or false/],
  ['an unknown variant', { variants: ['bold'], default: 'blod' }, /did you mean `bold`/],
  ['a variant twice', { variants: ['a', 'a'], default: 'a' }, /`a` is there twice/],
  ['a variant that is no name', { variants: ['a b'], default: 'a b' }, /variants\[0\]: .*a name/],
  ['enabled', { default: true, enabled: 1 }, /enabled: expected true or false, got 1/],
  ['rules', { default: true, rules: {} }, /rules: expected a list of at most 64 rules/],
  ['an empty rule', { default: true, rules: [{}] }, /rules\[0\]: say exactly one of/],
  ['two answers', { default: true, rules: [{ give: true, percent: 3 }] }, /say exactly one of/],
  ['a rule for nobody', { default: true, rules: [{ subjects: [], give: true }] }, /1 to 4096/],
  ['percent of names', { variants: ['a'], default: 'a', rules: [{ percent: 3 }] }, /use `split`/],
  ['101 percent', { default: true, rules: [{ percent: 101 }] }, /percent from 0 to 100, got 101/],
  ['NaN', { default: true, rules: [{ percent: Number.NaN }] }, /percent from 0 to 100/],
  ['fine shares', { default: true, rules: [{ percent: 0.0001 }] }, /percent from 0 to 100/],
  ['99 percent', { default: true, rules: [{ split: { on: 99 } }] }, /100 percent in all, got 99/],
  [
    'an unknown share',
    { default: true, rules: [{ split: { yes: 100 } }] },
    /yes: there is no such/,
  ],
];

for (const [what, value, message] of wrong) {
  test(`refused: ${what}`, (t) => {
    const error = t.throws(flag(value), { instanceOf: FlagsError });
    t.regex(error?.message ?? '', message);
    t.true(error?.message.startsWith('cell.flags.json.flags.f'), error?.message);
  });
}

test('shares of every thousandth of a percent are taken', (t) => {
  for (let i = 0; i <= 100_000; i += 7) {
    const percent = i / 1000;
    t.notThrows(flag({ default: true, rules: [{ percent }] }), String(percent));
  }
});

test('files that are no flags', (t) => {
  for (const [text, message] of [
    ['{', /it is not JSON/],
    ['[]', /expected an object/],
    ['{}', /flags: expected an object, got nothing/],
    ['{"flags":{},"flag":1}', /cell\.flags\.json\.flag: .*did you mean `flags`/],
    ['{"flags":{"a b":true}}', /`a b` is not a name/],
    ['{"flags":{"":true}}', /`` is not a name/],
  ] as const) {
    const error = t.throws(() => parseFlags(text), { instanceOf: FlagsError });
    t.regex(error?.message ?? '', message, text);
  }
  t.false('__proto__' in checkFlags(JSON.parse('{"flags":{"toString":true}}')));
});

test('each limit holds, and one more is refused', (t) => {
  const variants = names(VARIANTS);
  t.notThrows(flag({ variants, default: 'v0' }));
  t.throws(flag({ variants: names(VARIANTS + 1), default: 'v0' }), { message: /1 to 64 texts/ });
  const rules = (count: number) => Array.from({ length: count }, () => ({ give: true }));
  t.notThrows(flag({ default: true, rules: rules(RULES) }));
  t.throws(flag({ default: true, rules: rules(RULES + 1) }), { message: /at most 64 rules/ });
  const named = (count: number) => ({
    default: true,
    rules: [{ roles: names(count), give: true }],
  });
  t.notThrows(flag(named(NAMED)));
  t.throws(flag(named(NAMED + 1)), { message: /1 to 4096 texts/ });
  const flags = (count: number) => Object.fromEntries(names(count).map((name) => [name, true]));
  t.notThrows(() => checkFlags({ flags: flags(FLAGS) }));
  t.throws(() => checkFlags({ flags: flags(FLAGS + 1) }), { message: /at most 1000 flags/ });
  t.notThrows(() => checkFlags({ flags: { ['x'.repeat(64)]: true } }));
  t.throws(() => checkFlags({ flags: { ['x'.repeat(65)]: true } }), { message: /is not a name/ });
});
