// Canonical texts and fingerprints: what is in, what is out, their limits, and that a hostile text
// is refused and never believed.

import { createHash } from 'node:crypto';
import test from 'ava';
import {
  CANONICAL_CHARS,
  canonicalText,
  canonicalType,
  fingerprint,
  TYPE_DEPTH,
} from '../../host/schema/canonical.ts';
import { parseCanonical } from '../../host/schema/canonical-read.ts';
import { fingerprintNumber } from '../../host/schema/fingerprint.ts';
import type { Type } from '../../host/schema/types.ts';
import { Random, randomSchema, seedOf } from '../values/random.ts';
import {
  echoSchema,
  fields,
  list,
  map,
  nullable,
  oneOf,
  record,
  scalar,
  text,
} from '../values/schemas.ts';

const user = fields('User', {
  id: scalar('u32'),
  next: nullable(record('User')),
  pets: list(record('Pet')),
});
const pet = fields('Pet', {
  name: text,
  owner: nullable(record('User')),
  self: nullable(record('Pet')),
});
const colors = [
  {
    name: 'Color',
    members: [
      { name: 'red', value: 0 },
      { name: 'blue', value: -4 },
    ],
  },
];

test('structure, field names and member names are in; class and parameter names are out', (t) => {
  const schema = echoSchema([record('User'), map(text, oneOf('Color'))], [user, pet], colors);
  const shape = '(id:u32,next:^1?,pets:[(name:string,owner:^2?,self:^1?)])';
  t.is(schema.methods[0]!.canonical, `echo.echo0(${shape})->${shape}`);
  t.is(
    schema.methods[1]!.canonical,
    'echo.echo1({string:<red=0|blue=-4>})->{string:<red=0|blue=-4>}',
  );
  const renamed = echoSchema(
    [record('Person')],
    [
      {
        ...user,
        name: 'Person',
        fields: user.fields.map((f) => {
          return f.name === 'next'
            ? { ...f, type: nullable(record('Person')), doc: 'said anew' }
            : f;
        }),
      },
      {
        ...pet,
        fields: pet.fields.map((f) => {
          return f.name === 'owner' ? { ...f, type: nullable(record('Person')) } : f;
        }),
      },
    ],
  );
  t.is(renamed.methods[0]!.canonical, schema.methods[0]!.canonical);
});

test('parameters and void', (t) => {
  const params = [
    { name: 'a', type: scalar('bool') },
    { name: 'b', type: nullable({ kind: 'bytes' }) },
  ];
  const types = { cell: 'my-cell', records: [], enums: [] };
  t.is(canonicalText(types, { name: 'go', params, result: null }), 'my-cell.go(bool,bytes?)->void');
  t.is(canonicalText(types, { name: 'go', params: [], result: text }), 'my-cell.go()->string');
});

test('texts of random schemas read back as what they say', (t) => {
  const random = new Random(seedOf((line) => t.log(line)));
  for (let i = 0; i < 60; i++) {
    for (const { canonical } of randomSchema(random, 5).methods) {
      const { name, params, result, types } = parseCanonical(canonical);
      const [cell, method] = name.split('.') as [string, string];
      const again = {
        name: method,
        params: params.map((type, n) => ({ name: `p${n}`, type })),
        result,
      };
      t.is(canonicalText({ cell, ...types }, again), canonical);
    }
  }
});

test('what is no canonical text is refused', (t) => {
  const good = 'c.m((a:u32,b:[^1]),{string:<x=1|y=2>})->string?';
  t.notThrows(() => parseCanonical(good));
  for (let end = 0; end < good.length; end++) {
    if (good.slice(0, end).endsWith('->string')) continue;
    t.throws(
      () => parseCanonical(good.slice(0, end)),
      { instanceOf: RangeError },
      good.slice(0, end),
    );
  }
  const wrong = [
    'c.m(u33)->void',
    'c.m(^1)->void',
    'c.m((a:^0))->void',
    'c.m((a:^2))->void',
    'c.m()->void ',
    'c.m({f64:u8})->u8',
    'c.m({[u8]:u8})->u8',
    'c.m(u8??)->u8',
    'c.m(u8,)->u8',
    '()->u8',
    'c.m((1a:u8))->u8',
    'c.m(<a=>)->u8',
    'c.m((a:u8)->u8',
    'c.m(U8)->u8',
    'c.m()->',
  ];
  for (const bad of wrong) t.throws(() => parseCanonical(bad), { instanceOf: RangeError }, bad);
});

test('nesting and length are bounded, N and N + 1', (t) => {
  const deep = (n: number): Type => (n === 0 ? scalar('u8') : list(deep(n - 1)));
  const types = { records: [], enums: [] };
  t.notThrows(() => canonicalType(types, deep(TYPE_DEPTH)));
  t.throws(() => canonicalType(types, deep(TYPE_DEPTH + 1)), { message: /deeper than 64/ });
  const nested = (n: number): string => `c.m(${'['.repeat(n)}u8${']'.repeat(n)})->u8`;
  t.notThrows(() => parseCanonical(nested(TYPE_DEPTH)));
  t.throws(() => parseCanonical(nested(TYPE_DEPTH + 1)), { message: /deeper than 64/ });
  t.throws(() => parseCanonical(nested(5000)), { instanceOf: RangeError });
  const long = (n: number): string => `c.m((${'a'.repeat(n)}:u8))->u8`;
  const room = CANONICAL_CHARS - long(0).length;
  t.notThrows(() => parseCanonical(long(room)));
  t.throws(() => parseCanonical(long(room + 1)), { message: /longer than 12000/ });
});

test('a schema whose text would explode is refused, quickly', (t) => {
  const records = Array.from({ length: 30 }, (_, i) => {
    return fields(
      `R${i}`,
      i === 29 ? { end: text } : { a: record(`R${i + 1}`), b: record(`R${i + 1}`) },
    );
  });
  t.throws(() => echoSchema([record('R0')], records), { message: /longer than 12000/ });
});

test('only what can be written is written', (t) => {
  const types = { records: [], enums: [] };
  t.throws(() => canonicalType(types, nullable(nullable(text))), { message: /nullable again/ });
  t.throws(() => canonicalType(types, map(scalar('f64'), text)), { message: /keys are/ });
  t.throws(() => canonicalType(types, record('Gone')), { message: /no record `Gone`/ });
  t.throws(() => canonicalType(types, oneOf('Gone')), { message: /no enum `Gone`/ });
});

test('a fingerprint is the first 8 bytes of SHA-256 over the text', (t) => {
  const canonical = 'users.get(string)->(id:u32)?';
  const digest = createHash('sha256').update(canonical).digest();
  t.is(fingerprint(canonical), digest.toString('hex', 0, 8));
  t.is(fingerprintNumber(fingerprint(canonical)), digest.readBigUInt64BE(0));
  t.is(
    fingerprint('\u00e9'),
    createHash('sha256').update('\u00e9', 'utf8').digest('hex').slice(0, 16),
  );
  for (const bad of ['', 'xyz', 'ABCDEF0123456789', '0123456789abcdef0']) {
    t.throws(() => fingerprintNumber(bad), { instanceOf: RangeError });
  }
});
