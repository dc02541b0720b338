// Golden vectors: the bytes of chosen values, committed. They pin the format (VALUES.md): encoders
// of one version emit one byte sequence a value, and a version that breaks them is another version.
// CELL_GOLDEN=write rewrites them; the diff is then for a person to judge.

import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { decodeResult, encodeArguments } from '../../host/schema/dynamic.ts';
import { fromJson, toJson } from '../../host/schema/json.ts';
import type { RecordType, Type } from '../../host/schema/types.ts';
import { loadClient } from './clients.ts';
import { loadGuest } from './guests.ts';
import { echoSchema, fields, list, map, nullable, oneOf, record, scalar, text } from './schemas.ts';

const FILE = new URL('golden/vectors.json', import.meta.url);

interface Vector {
  name: string;
  type: Type;
  /** The value as host/schema/json.ts writes it. */
  json: unknown;
}

const RECORDS: RecordType[] = [
  fields('User', {
    id: scalar('u32'),
    name: text,
    email: text,
    age: scalar('u8'),
    tags: list(text),
    balance: scalar('i64'),
    at: scalar('f64'),
  }),
  fields('Mixed', {
    flag: scalar('bool'),
    small: scalar('i16'),
    byte: scalar('u8'),
    wide: scalar('u64'),
    f: scalar('f32'),
  }),
  fields('Tree', { name: text, kids: list(record('Tree')), parent: nullable(record('Tree')) }),
  fields('Empty', {}),
];
const ENUMS = [
  {
    name: 'Color',
    members: [
      { name: 'Red', value: 0 },
      { name: 'Blue', value: 70000 },
    ],
  },
];

const ADA = {
  id: 1007,
  name: 'Ada Lovelace 7',
  email: 'ada@example.com',
  age: 43,
  tags: ['admin', 'math', ''],
  balance: '123456789019',
  at: 1763632007.25,
};
const LEAF = { name: 'leaf', kids: [], parent: null };

const VECTORS: Vector[] = [
  { name: 'record', type: record('User'), json: ADA },
  { name: 'records', type: list(record('User')), json: [ADA, { ...ADA, name: 'Zoë', tags: [] }] },
  { name: 'no records', type: list(record('User')), json: [] },
  {
    name: 'padding',
    type: record('Mixed'),
    json: { flag: true, small: -2, byte: 255, wide: '18446744073709551615', f: 1.5 },
  },
  { name: 'recursion', type: record('Tree'), json: { ...LEAF, kids: [LEAF, LEAF], parent: LEAF } },
  { name: 'empty record', type: record('Empty'), json: {} },
  { name: 'empty records', type: list(record('Empty')), json: [{}, {}] },
  { name: 'empty string', type: text, json: '' },
  { name: 'text beyond ASCII', type: list(text), json: ['é', '日本', '🙂', '\u0000', '\ufeff'] },
  { name: 'null', type: nullable(text), json: null },
  { name: 'present', type: nullable(text), json: '' },
  {
    name: 'nullable instant',
    type: nullable(scalar('instant')),
    json: '2026-11-20T12:00:00.000001Z',
  },
  { name: 'duration', type: scalar('duration'), json: '-1' },
  { name: 'uuid', type: { kind: 'uuid' }, json: '01234567-89ab-cdef-0123-456789abcdef' },
  { name: 'uuids', type: list({ kind: 'uuid' }), json: ['01234567-89ab-cdef-0123-456789abcdef'] },
  { name: 'decimal', type: { kind: 'decimal' }, json: '-1234567890.0987654321' },
  { name: 'enum', type: oneOf('Color'), json: 'Blue' },
  { name: 'enums', type: list(oneOf('Color')), json: ['Red', 'Blue'] },
  { name: 'bytes', type: { kind: 'bytes' }, json: 'AQL/' },
  {
    name: 'floats after bytes',
    type: map(text, list(scalar('f64'))),
    json: { a: [1, 'NaN', '-Infinity'], b: [] },
  },
  { name: 'unaligned blocks', type: list({ kind: 'bytes' }), json: ['AQ==', '', 'AQID'] },
  {
    name: 'map',
    type: map(scalar('u16'), scalar('bool')),
    json: [
      [7, true],
      [5, false],
    ],
  },
  { name: 'lists of lists', type: list(list(scalar('i64'))), json: [['1'], [], ['-1', '2']] },
];

const schema = echoSchema(
  VECTORS.map(({ type }) => type),
  RECORDS,
  ENUMS,
);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const valueOf = (i: number): unknown => fromJson(schema, VECTORS[i]!.type, VECTORS[i]!.json);

interface Golden {
  name: string;
  method: string;
  json: unknown;
  hex: string;
}

if (process.env.CELL_GOLDEN === 'write') {
  const golden = VECTORS.map(({ name, json }, i): Golden => {
    const bytes = encodeArguments(schema, schema.methods[i]!, [valueOf(i)]);
    return { name, method: schema.methods[i]!.canonical, json, hex: hex(bytes) };
  });
  writeFileSync(FILE, `${JSON.stringify(golden, null, 2)}\n`);
}

const golden = JSON.parse(readFileSync(FILE, 'utf8')) as Golden[];

test('the golden file has the vectors of this test', (t) => {
  t.deepEqual(
    golden.map(({ name, method, json }) => ({ name, method, json })),
    VECTORS.map(({ name, json }, i) => {
      return { name, method: schema.methods[i]!.canonical, json };
    }),
  );
});

test('client, guest and interpreter write the golden bytes', async (t) => {
  const [client, guest] = await Promise.all([loadClient(schema), loadGuest(schema)]);
  golden.forEach(({ name, hex: bytes }, i) => {
    t.is(hex(client.encode(i, [valueOf(i)])), bytes, name);
    t.is(hex(encodeArguments(schema, schema.methods[i]!, [valueOf(i)])), bytes, name);
    t.is(hex(guest.call(i, Buffer.from(bytes, 'hex'))), bytes, name);
  });
});

test('client and interpreter read the golden bytes', async (t) => {
  const client = await loadClient(schema);
  golden.forEach(({ name, json, hex: bytes }, i) => {
    const payload = Buffer.from(bytes, 'hex');
    t.deepEqual(client.decode(i, payload), valueOf(i), name);
    const value = decodeResult(schema, schema.methods[i]!, payload);
    t.deepEqual(toJson(schema, VECTORS[i]!.type, value), json, name);
  });
});

test('a User is laid out as the specification draws it', (t) => {
  const user = Buffer.from(golden[0]!.hex, 'hex');
  const words = [0, 4, 8, 12].map((at) => user.readUInt32LE(at));
  // textStart: header 8, root 8, record 48, three references 24. The record stands right behind the
  // root.
  t.deepEqual(words, [88, 8, 16, 48]);
  t.is(user.readUInt32LE(16), 1007);
  t.deepEqual([user.readUInt32LE(20), user.readUInt32LE(24)], [1, 14]);
  t.is(user.readUInt8(36), 43);
  t.deepEqual([user.readUInt32LE(40), user.readUInt32LE(44)], [64, 3]);
  t.is(user.readBigInt64LE(48), 123456789019n);
  t.is(user.readUInt8(88), 0);
  t.is(user.toString('latin1', 89), 'Ada Lovelace 7ada@example.comadminmath');
});
