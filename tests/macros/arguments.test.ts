// What stands between a decorator's parentheses: every shape with right and wrong values, where the
// finding points, what it offers. And that nothing that anybody writes ends a build in an error.
import test from 'ava';
import type { Shape } from '../../build/2-discover/protocol.ts';
import { bytesOf, millisecondsOf, templateOf, timeWords } from '../../build/3-negotiate/units.ts';
import { description, FakeCell, FakeDiscovery, macro, shape } from '../build/fake-cell.ts';
import { Random, seedOf } from '../values/random.ts';
import { service, talk } from './negotiate.ts';

/** Findings of `@Test.it(<text>)` on a method one(id: u32, name: string) when `it` takes `args`. */
async function told(args: Shape[], text: string, settings = {}) {
  const info = macro('it', { args });
  const cells = { Test: new FakeCell('test', description('Test', [info])) };
  const { told, marked, findings } = await talk(
    service(`@Test.it${text}`),
    new FakeDiscovery(cells),
    { settings },
  );
  return { told, marked, codes: findings.map((f) => f.code), fixes: findings.map((f) => f.fix) };
}

const RIGHT: [string, Shape, string[]][] = [
  ['string', shape('string'), ['"a"', "''", '`a`']],
  ['values', shape('string', { values: ['a', 'b'] }), ['"a"', '"b"']],
  ['number', shape('number', { min: -1, max: 1.5 }), ['-1', '1.5', '0', '1_0e-1']],
  ['integer', shape('integer', { min: 1, max: 10 }), ['1', '10', '0xa']],
  ['bool', shape('bool'), ['true', 'false']],
  [
    'duration',
    shape('duration', { max: 86_400_000 }),
    ['"250ms"', '"30s"', '"5m"', '"1h"', '"1d"'],
  ],
  ['size', shape('size', { max: 1 << 20 }), ['512', '"64KB"', '"1MB"', '0']],
  ['parameter', shape('parameter'), ['"id"', '"name"']],
  ['template', shape('template'), ['"a:{id}"', '"{id}{name}"', '"plain"', '""']],
  ['member', shape('member'), ['"one"']],
  ['env', shape('env'), ['env("DATABASE_URL")']],
  ['any', shape('any'), ['1', 'x + 1', '{ a: [null] }', 'env("A")', '`a${1}`']],
  ['list', shape('list', { min: 1, max: 2, of: [shape('string')] }), ['["a"]', '["a", "b"]']],
  ['open list', shape('list'), ['[]', '[1, "a"]']],
  [
    'object',
    shape('object', { of: [shape('bool', { name: 'a', optional: true })] }),
    ['{}', '{ a: true }'],
  ],
  ['oneOf', shape('oneOf', { of: [shape('bool'), shape('integer')] }), ['true', '7']],
];

for (const [name, of, texts] of RIGHT) {
  test(`${name}: right values pass`, async (t) => {
    for (const text of texts) t.deepEqual((await told([of], `(${text})`)).told, [], text);
  });
}

const WRONG: [string, Shape, string[]][] = [
  [
    'string',
    shape('string'),
    ['1', 'null', 'true', '["a"]', '{}', 'NAME', 'a.b', 'env("A")', '`a${1}`'],
  ],
  ['values', shape('string', { values: ['a', 'b'] }), ['"c"', '"A"', '1']],
  ['number', shape('number', { min: -1, max: 1.5 }), ['-1.1', '1.51', '"1"', '1e999']],
  ['integer', shape('integer', { min: 1, max: 10 }), ['0', '11', '1.5', '"5"', '1e16']],
  ['bool', shape('bool'), ['1', '"true"', 'null']],
  [
    'duration',
    shape('duration', { min: 1, max: 3_600_000 }),
    ['"5 minutes"', '"1.5s"', '"61m"', '"0ms"', '5', '"-1s"', '"1S"', '"99999999999999999d"'],
  ],
  ['size', shape('size', { max: 1 << 20 }), ['"2MB"', '"1kb"', '-1', '1.5', '1048577']],
  ['parameter', shape('parameter'), ['"ids"', '1', '""']],
  ['template', shape('template'), ['"a:{ids}"', '"{"', '"a}"', '"{id"', '"{}"', '"{i d}"', '1']],
  ['member', shape('member'), ['"two"', '""']],
  ['env', shape('env'), ['"A"', 'env("")', 'env("a b")', 'env(A)', 'env("A", "B")', 'env()']],
  [
    'list',
    shape('list', { min: 1, max: 2, of: [shape('string')] }),
    ['[]', '["a", "b", "c"]', '"a"', '[1]'],
  ],
  ['oneOf', shape('oneOf', { of: [shape('bool'), shape('integer')] }), ['"a"', '1.5', 'null']],
];

for (const [name, of, texts] of WRONG) {
  test(`${name}: wrong values are refused where they stand`, async (t) => {
    for (const text of texts) {
      const { codes, marked } = await told([of], `(${text})`);
      t.is(codes.length, 1, text);
      t.true(['CELL4005', 'CELL4006'].includes(codes[0]), `${text}: ${codes[0]}`);
      t.true(text.includes(marked[0]), `${text}: ${marked[0]}`);
    }
  });
  test(`${name}: what a finding offers is right`, async (t) => {
    for (const text of texts) {
      const { fixes, marked } = await told([of], `(${text})`);
      const offered = /^(?:write a literal, such as|write|did you mean|leave out) (.+?)\??$/;
      const [, offer] = offered.exec(fixes[0]) ?? [];
      t.truthy(offer, `${text}: ${fixes[0]}`);
      if (fixes[0].startsWith('leave out') || /^\{\w+\}$/.test(offer)) continue;
      for (const one of offer.split(' or ')) {
        const mended = `(${text.replace(marked[0], () => one)})`;
        t.deepEqual((await told([of], mended)).told, [], `${text} -> ${mended}`);
      }
    }
  });
}

test('what is offered is near to what was written', async (t) => {
  const cases: [Shape, string, string][] = [
    [shape('duration'), '"5 minutes"', 'write "5m"'],
    [shape('duration'), '"1.5s"', 'write "1500ms"'],
    [shape('duration'), '5', 'write "5s"'],
    [shape('duration'), 'TTL', 'write a literal, such as "30s"'],
    [shape('duration', { min: 1, max: 1_073_741_823 }), '"40d"', 'write "12d"'],
    [shape('duration', { min: 60_000 }), '"5s"', 'write "1m"'],
    [shape('size'), '"1kb"', 'write "1KB"'],
    [shape('size'), '"1.5 MB"', 'write "1536KB"'],
    [shape('size', { max: 1000 }), '"1KB"', 'write 1000'],
    [shape('integer', { min: 1, max: 10 }), '"5"', 'write 5'],
    [shape('integer', { min: 1, max: 10 }), '99', 'write 10'],
    [shape('integer'), '1.5', 'write 2'],
    [shape('bool'), '"false"', 'write false'],
    [shape('string'), '7', 'write "7"'],
    [shape('string', { values: ['get', 'put'] }), '"x"', 'write "get" or "put"'],
    [shape('list', { of: [shape('string')] }), '"a"', 'write ["a"]'],
    [shape('list', { max: 2 }), '[1, 2, 3]', 'leave out 1'],
    [shape('env'), '"TOKEN"', 'write env("TOKEN")'],
    [shape('parameter'), '"x"', 'write "id"'],
  ];
  for (const [of, text, fix] of cases) t.is((await told([of], `(${text})`)).fixes[0], fix, text);
});

test('what is wanted and what was found, in words', async (t) => {
  const days = shape('duration', { min: 1, max: 1_073_741_823 });
  const cases: [Shape, string, RegExp][] = [
    [days, '5', /"1h" from 1 ms to 12 days, not 5$/],
    [days, '"5 minutes"', /, not the text "5 minutes"$/],
    [shape('size', { min: 1025, max: 1 << 20 }), 'null', / from 1025 bytes to 1 MB, not null$/],
    [shape('string'), 'a.b', /wants a text, not code, `a\.b`$/],
    [OBJECT, '[]', /an object with `role`, and perhaps `within`, `tags`, not an empty list$/],
    [shape('bool'), `"${'x'.repeat(99)}"`, /not the text "x{40}\.\.\."$/],
  ];
  for (const [of, text, words] of cases) t.regex((await told([of], `(${text})`)).told[0], words);
  t.is(timeWords(90_061, true), '91 seconds');
  t.is(timeWords(3_600_000), '1 hour');
  t.is(timeWords(0), '0 ms');
});

test("a whole use: the macro's example, unless that is another's or not one line", async (t) => {
  const fix = async (example: string, text: string, args = [OBJECT]) => {
    const cell = new FakeCell('test', description('Test', [macro('it', { args, example })]));
    const { findings } = await talk(service(`@Test.it${text}`), new FakeDiscovery({ Test: cell }));
    return findings[0].fix;
  };
  for (const text of ['', '()', '("admin")', '({ role: "admin" }, 1)']) {
    const shown = '@Test.it({ role: "customer" })';
    t.is(await fix(shown, text), `write ${shown}`, text);
  }
  for (const example of [
    '',
    '@Test.its(1)',
    '@Other.it',
    '@Test.it\n(1)',
    `@Test.it(${'1'.repeat(300)})`,
  ]) {
    t.is(await fix(example, ''), 'write @Test.it({ role: "admin" })', example);
  }
  t.is(await fix('', '(1)', []), 'write @Test.it');
});

const OBJECT = shape('object', {
  of: [
    shape('string', { name: 'role', values: ['admin', 'customer'] }),
    shape('duration', { name: 'within', optional: true }),
    shape('list', { name: 'tags', optional: true, of: [shape('template')] }),
  ],
});

test('keys: unknown, misspelt, missing, twice, each at its place', async (t) => {
  const of = async (text: string) => told([OBJECT], `(${text})`);
  const unknown = await of('{ role: "admin", colour: 1 }');
  t.deepEqual(unknown.marked, ['colour']);
  t.is(unknown.fixes[0], 'one of role, within, tags');
  const misspelt = await of('{ rol: "admin" }');
  t.deepEqual([misspelt.codes, misspelt.marked], [['CELL4004'], ['rol']]);
  t.is(misspelt.fixes[0], 'did you mean role?');
  const missing = await of('{ within: "5m" }');
  t.deepEqual([missing.codes, missing.marked], [['CELL4011'], ['{ within: "5m" }']]);
  t.is(missing.fixes[0], 'add `role: "admin"`');
  const twice = await of('{ role: "admin", role: "customer" }');
  t.deepEqual([twice.codes, twice.marked], [['CELL4010'], ['role']]);
});

test('inside of an object: the value is marked, and what was meant is offered', async (t) => {
  const {
    told: lines,
    marked,
    fixes,
  } = await told([OBJECT], '({ role: "custommer", within: "5 min", tags: ["a:{id}", "b:{nam}"] })');
  t.deepEqual(marked, ['"custommer"', '"5 min"', '"b:{nam}"']);
  t.deepEqual(fixes, ['did you mean "customer"?', 'write "5m"', 'did you mean {name}?']);
  t.regex(
    lines[0],
    /^CELL4005 4:20 `role` wants one of "admin", "customer", not the text "custommer"$/,
  );
  t.regex(lines[1], /`within` wants a duration such as "250ms"/);
  t.regex(
    lines[2],
    /`tags` wants a text whose \{holes\} are parameters \(id, name\), not the text "b:\{nam\}"$/,
  );
});

test('oneOf: the alternative that was meant says what is wrong', async (t) => {
  const require = shape('oneOf', {
    of: [
      shape('object', { of: [shape('string', { name: 'role' })] }),
      shape('object', {
        of: [
          shape('list', { name: 'anyRole', of: [shape('string')] }),
          shape('bool', { name: 'all', optional: true }),
        ],
      }),
      shape('string'),
    ],
  });
  t.deepEqual((await told([require], '({ anyRole: ["a", 7] })')).marked, ['7']);
  t.deepEqual((await told([require], '({ anyRole: ["a"], al: true })')).fixes, [
    'did you mean all?',
  ]);
  t.deepEqual((await told([require], '({ role: 7 })')).marked, ['7']);
  t.deepEqual((await told([require], '(7)')).codes, ['CELL4006']);
});

test('positional arguments: too many, too few, none, without parentheses', async (t) => {
  const two = [shape('string'), shape('integer', { optional: true })];
  t.deepEqual((await told(two, '("a", 1)')).told, []);
  t.deepEqual((await told(two, '("a")')).told, []);
  t.deepEqual((await told(two, '("a", 1, 2)')).marked, ['2']);
  t.deepEqual((await told(two, '()')).codes, ['CELL4006']);
  t.deepEqual((await told(two, '')).codes, ['CELL4006']);
  t.regex(
    (await told(two, '')).told[0],
    /wants 2 arguments: a text; a whole number \(may be left out\), and has none$/,
  );
  const optional = [shape('object', { optional: true })];
  t.deepEqual((await told(optional, '')).told, []);
  t.deepEqual((await told(optional, '()')).told, []);
  t.regex((await told([], '(1)')).told[0], /wants no argument/);
});

test('values from settings: checked when they are there, any without them', async (t) => {
  const role = shape('string', { valuesFrom: 'roles' });
  const text = (value: string) => ({ kind: 'string' as const, value, start: 0, end: 0 });
  const entry = (value: object) => ({ key: 'roles', at: { start: 0, end: 0 }, value });
  const object = (value: object) => ({ kind: 'object', entries: [entry(value)], start: 0, end: 0 });
  const list = { kind: 'array', items: [text('admin'), text('customer')], start: 0, end: 0 };
  const wrong = await told([role], '("custommer")', { test: object(list) });
  t.regex(wrong.told[0], /one of "admin", "customer", not the text "custommer"$/);
  t.deepEqual(wrong.fixes, ['did you mean "customer"?']);
  t.deepEqual((await told([role], '("admin")', { test: object(list) })).told, []);
  t.deepEqual((await told([role], '("custommer")')).told, []);
});

test('nesting is bounded: 16 levels pass, one more is refused', async (t) => {
  const nested = (levels: number) => `(${'['.repeat(levels)}${']'.repeat(levels)})`;
  t.deepEqual((await told([shape('any')], nested(17))).told, []);
  t.regex((await told([shape('any')], nested(18))).told[0], /at most 16 levels/);
  t.is((await told([shape('any')], nested(500))).codes[0], 'CELL4006');
});

test('durations, sizes and templates parse exactly', (t) => {
  t.is(millisecondsOf('7d'), 604_800_000);
  for (const text of ['', 's', '1', '1 s', '+1s', '1e3s', '１s']) t.is(millisecondsOf(text), null);
  t.is(bytesOf('3KB'), 3072);
  for (const text of ['KB', '1Kb', '1 KB', '0x1KB']) t.is(bytesOf(text), null);
  t.deepEqual(templateOf('a{b}c{d}'), { texts: ['a', 'c', ''], holes: ['b', 'd'] });
  for (const text of ['{', '}', '{{a}}', '{a b}', '{1}']) t.is(templateOf(text), null);
});

/** A literal that nobody checked. */
function anything(random: Random, depth: number): string {
  const leaf = () =>
    random.pick([
      ...['1', '-1', '0.5', '1e999', '0x10', 'true', 'null', '"a"', "'5m'", '"{id}"', '"{x}"'],
      ...['"admin"', 'NAME', 'a.b', 'f(1)', 'env("A")', 'env(1)', '`t`', '`t${1}`', '-"a"', '""'],
      ...['"\\u0000"', '"\\ud800"', '"__proto__"', 'new X()', '1 + 1', 'undefined', '[]', '{}'],
    ]);
  if (depth === 0 || random.below(3) === 0) return leaf();
  const some = Array.from({ length: random.below(4) }, () => anything(random, depth - 1));
  if (random.below(2) === 0) return `[${some.join(', ')}]`;
  const keys = ['role', 'within', 'tags', 'a', '__proto__', 'constructor', 'toString'];
  return `{ ${some.map((value) => `${random.pick(keys)}: ${value}`).join(', ')} }`;
}

test('1,000 random arguments: findings in the decorator, never an error', async (t) => {
  const random = new Random(seedOf((line) => t.log(line)));
  const shapes = [...RIGHT.map(([, of]) => of), OBJECT];
  const infos = shapes.map((of, i) => macro(`m${i}`, { args: [of, { ...of, optional: true }] }));
  const cells = new FakeDiscovery({ Test: new FakeCell('test', description('Test', infos)) });
  for (let batch = 0; batch < 10; batch++) {
    const methods = Array.from({ length: 100 }, (_, i) => {
      const args = Array.from({ length: random.below(4) }, () => anything(random, 4));
      return `@Test.m${random.below(shapes.length)}(${args.join(', ')})\n  n${i}(id: u32): void {}`;
    });
    const text = `@service class Example {\n  ${methods.join('\n  ')}\n}\n`;
    const { findings } = await talk(text, cells);
    for (const f of findings) {
      t.true(/^CELL(1|40(0[456]|1[01]))/.test(f.code), `${f.code} ${f.message}\n${f.excerpt}`);
      t.true(f.line > 0 && f.length > 0 && f.message.length < 2000);
      t.false(/undefined|\[object/.test(f.message.replace(/code, `.*`/, '')), f.message);
    }
  }
});
