// JSON for values: every type both ways, and the words for what does not fit, with its path.

import test from 'ava';
import { fromJson, recordFromJson, recordToJson, toJson } from '../../host/schema/json.ts';
import type { Type } from '../../host/schema/types.ts';
import { Random, randomSchema, randomValue, seedOf } from '../values/random.ts';
import { fields, list, map, nullable, oneOf, record, scalar, text } from '../values/schemas.ts';

const types = {
  records: [
    fields('Filter', {
      limit: scalar('u32'),
      tags: list(text),
      since: nullable(scalar('instant')),
    }),
  ],
  enums: [
    {
      name: 'Color',
      members: [
        { name: 'Red', value: 0 },
        { name: 'Blue', value: 7 },
      ],
    },
  ],
};

/** type, JSON in, value, JSON out when it differs from what came in. */
const CASES: [Type, unknown, unknown, unknown?][] = [
  [scalar('i64'), '-9223372036854775808', -(1n << 63n)],
  [scalar('i64'), 5, 5n, '5'],
  [scalar('u64'), '18446744073709551615', (1n << 64n) - 1n],
  [scalar('duration'), '-1', -1n],
  [scalar('f64'), 'NaN', Number.NaN],
  [scalar('f64'), '-Infinity', -Infinity],
  [scalar('f64'), 1.5, 1.5],
  [scalar('bool'), true, true],
  [scalar('instant'), '2026-01-31T12:00:00Z', 1769860800000000n],
  [scalar('instant'), '1969-12-31T23:59:59.999999Z', -1n],
  [scalar('instant'), '2026-01-31T12:00:00.5+01:00', 1769857200500000n, '2026-01-31T11:00:00.5Z'],
  [scalar('instant'), '9223372036854775807', (1n << 63n) - 1n],
  [{ kind: 'bytes' }, 'AQL/', Uint8Array.of(1, 2, 255)],
  [{ kind: 'bytes' }, '', new Uint8Array(0)],
  [
    { kind: 'uuid' },
    '01234567-89AB-CDEF-0123-456789ABCDEF',
    '01234567-89ab-cdef-0123-456789abcdef',
    '01234567-89ab-cdef-0123-456789abcdef',
  ],
  [{ kind: 'decimal' }, 1.5, '1.5', '1.5'],
  [{ kind: 'decimal' }, '+01.50', '1.5', '1.5'],
  [oneOf('Color'), 'Blue', 7],
  [oneOf('Color'), 7, 7, 'Blue'],
  [
    map(text, scalar('u8')),
    { a: 1, __proto__x: 2 },
    new Map([
      ['a', 1],
      ['__proto__x', 2],
    ]),
  ],
  [map(text, scalar('u8')), [['a', 1]], new Map([['a', 1]]), { a: 1 }],
  [map(scalar('u16'), text), { 7: 'x' }, new Map([[7, 'x']]), [[7, 'x']]],
  [map(scalar('i64'), text), { '-7': 'x' }, new Map([[-7n, 'x']]), [['-7', 'x']]],
  [map(scalar('bool'), text), { true: 'x' }, new Map([[true, 'x']]), [[true, 'x']]],
  [map(oneOf('Color'), text), { Red: 'x' }, new Map([[0, 'x']]), [['Red', 'x']]],
  [nullable(text), null, null],
  [
    record('Filter'),
    { limit: 1, tags: [] },
    { limit: 1, tags: [], since: null },
    { limit: 1, tags: [], since: null },
  ],
];

test('each type both ways', (t) => {
  for (const [type, json, value, out = json] of CASES) {
    t.deepEqual(fromJson(types, type, json), value);
    t.deepEqual(toJson(types, type, value), out);
  }
});

const REFUSED: [Type, unknown, string][] = [
  [record('Filter'), { limit: 'x', tags: [] }, '$.limit: expected u32, got "x"'],
  [record('Filter'), { limit: -1, tags: [] }, '$.limit: expected u32, got -1'],
  [record('Filter'), { limit: 1, tags: ['a', 5] }, '$.tags[1]: expected string, got 5'],
  [record('Filter'), { tags: [] }, '$.limit: is missing'],
  [
    record('Filter'),
    { limit: 1, tags: [], limits: 2 },
    '$.limits: no such field; there are limit, tags, since',
  ],
  [record('Filter'), [], '$: expected an object, got an array'],
  [record('Filter'), null, '$: expected an object, got null'],
  [
    record('Filter'),
    { limit: 1, tags: [], since: 'noon' },
    '$.since: expected an instant such as "2026-01-31T12:00:00Z", got "noon"',
  ],
  [
    record('Filter'),
    { limit: 1, tags: [], since: '2026-13-41T12:00:00Z' },
    '$.since: expected an instant such as "2026-01-31T12:00:00Z", got "2026-13-41T12:00:00Z"',
  ],
  [scalar('i64'), 2 ** 53, '$: expected i64, in quotes when beyond 2^53, got 9007199254740992'],
  [scalar('u32'), 2 ** 53, '$: expected u32, got 9007199254740992'],
  [scalar('i64'), '9223372036854775808', '$: expected i64, got "9223372036854775808"'],
  [scalar('f64'), 'nan', '$: expected f64, got "nan"'],
  [scalar('bool'), 1, '$: expected bool, got 1'],
  [{ kind: 'bytes' }, '!!', '$: expected bytes as base64, got "!!"'],
  [{ kind: 'uuid' }, 'x', '$: expected a uuid, got "x"'],
  [{ kind: 'decimal' }, '1e5', '$: expected a decimal such as "1.5", got "1e5"'],
  [oneOf('Color'), 'Green', '$: expected one of Red, Blue, got "Green"'],
  [list(text), {}, '$: expected an array, got an object'],
  [map(text, text), 5, '$: expected an object or pairs, got 5'],
  [map(text, scalar('u8')), { a: 300 }, '$["a"]: expected u8, got 300'],
  [map(scalar('u8'), text), { x: 'v' }, '$["x"]: expected u8, got "x"'],
  [map(text, text), [['a']], '$[0]: expected a pair [key, value], got an array'],
  [
    map(text, text),
    [
      ['a', 'b'],
      ['a', 'c'],
    ],
    '$[1]: the key is there twice',
  ],
];

test('what does not fit is refused with its path', (t) => {
  for (const [type, json, message] of REFUSED) {
    t.throws(() => fromJson(types, type, json), { instanceOf: TypeError, message });
  }
});

test('a long text is cut in the error', (t) => {
  const error = t.throws(() => fromJson(types, scalar('u8'), 'x'.repeat(5000)));
  t.true(error.message.length < 100);
});

test('a field called __proto__ is a field', (t) => {
  const odd = [{ name: '__proto__', type: text }];
  const value = recordFromJson(types, odd, JSON.parse('{"__proto__":"p"}'));
  t.true(Object.hasOwn(value, '__proto__'));
  t.is(JSON.stringify(recordToJson(types, odd, value)), '{"__proto__":"p"}');
});

test('random values survive JSON', (t) => {
  const random = new Random(seedOf((line) => t.log(line)));
  for (let i = 0; i < 40; i++) {
    const schema = randomSchema(random, 4);
    for (const { params } of schema.methods) {
      const type = params[0]!.type;
      const value = randomValue(random, schema, type);
      const back = fromJson(schema, type, JSON.parse(JSON.stringify(toJson(schema, type, value))));
      t.deepEqual(plain(back), plain(value));
    }
  }
});

/** JSON has one zero. */
function plain(value: unknown): unknown {
  if (value === 0) return 0;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [plain(k), plain(v)]));
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
}
