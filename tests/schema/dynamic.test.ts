// The interpreting codec as session and client use it: whole records, methods, owned results, and
// errors that name the place. Layouts are pinned here; tests/values holds it against the others.

import test from 'ava';
import {
  decodeArguments,
  decodeRecord,
  decodeResult,
  encodeArguments,
  encodeRecord,
  encodeResult,
  NO_TYPES,
} from '../../host/schema/dynamic.ts';
import { layoutOf, strideOf } from '../../host/schema/layout.ts';
import { isDecimal, isUuid } from '../../host/schema/named.ts';
import type { Field } from '../../host/schema/types.ts';
import { echoSchema, fields, list, nullable, record, scalar, text } from '../values/schemas.ts';

const HELLO: Field[] = [
  { name: 'version', type: scalar('u32') },
  { name: 'token', type: nullable(text) },
  { name: 'methods', type: list(record('Method')) },
];
const types = { records: [fields('Method', { name: text, print: scalar('u64') })], enums: [] };

test('a record goes there and back', (t) => {
  const hello = { version: 1, token: null, methods: [{ name: 'a.b', print: (1n << 64n) - 1n }] };
  const bytes = encodeRecord(types, HELLO, hello);
  t.deepEqual(decodeRecord(types, HELLO, bytes), hello);
  t.deepEqual(decodeRecord(types, HELLO, Buffer.from(bytes)), hello);
});

test('what was decoded does not change with the message it came from', (t) => {
  const raw: Field[] = [{ name: 'raw', type: { kind: 'bytes' } }];
  const shared = new Uint8Array(new SharedArrayBuffer(64));
  const bytes = encodeRecord(NO_TYPES, raw, { raw: Uint8Array.of(1, 2, 3) });
  shared.set(bytes, 5);
  const { raw: copy } = decodeRecord<{ raw: Uint8Array }>(
    NO_TYPES,
    raw,
    shared.subarray(5, 5 + bytes.length),
  );
  shared.fill(0);
  t.deepEqual(copy, Uint8Array.of(1, 2, 3));
  t.false(copy.buffer instanceof SharedArrayBuffer);
});

test('methods: arguments in order, results, void', (t) => {
  const schema = echoSchema([text]);
  const method = schema.methods[0]!;
  method.params = [
    { name: 'a', type: scalar('u8') },
    { name: 'b', type: nullable(text) },
  ];
  t.deepEqual(decodeArguments(schema, method, encodeArguments(schema, method, [7])), [7, null]);
  t.deepEqual(decodeArguments(schema, method, encodeArguments(schema, method, [7, 'x'])), [7, 'x']);
  t.throws(() => encodeArguments(schema, method, [7, 'x', 1]), {
    message: /takes 2 arguments, got 3/,
  });
  t.throws(() => encodeArguments(schema, method, []), { message: 'a: expected u8, got undefined' });
  t.is(decodeResult(schema, method, encodeResult(schema, method, 'é')), 'é');
  const silent = { ...method, result: null };
  t.is(encodeResult(schema, silent, undefined).length, 0);
  t.is(decodeResult(schema, silent, new Uint8Array(0)), undefined);
});

test('errors name the path of what does not fit', (t) => {
  const wrong = { version: 1, token: 5, methods: [] };
  const message = 'token: expected string, got 5';
  t.throws(() => encodeRecord(types, HELLO, wrong), { instanceOf: TypeError, message });
  const inner = { version: 1, token: null, methods: [{ name: 'x', print: 1 }] };
  t.throws(() => encodeRecord(types, HELLO, inner), {
    instanceOf: TypeError,
    message: 'methods[0].print: expected u64, got 1',
  });
});

test('an enum is told by its members, of a long one the first', (t) => {
  const members = (n: number) =>
    Array.from({ length: n }, (_, i) => ({ name: `M${i}`, value: i * 2 }));
  const message = (n: number) => {
    const long = { records: [], enums: [{ name: '#0', members: members(n) }] };
    const field: Field = { name: 'e', type: { kind: 'enum', name: '#0' } };
    return t.throws(() => encodeRecord(long, [field], { e: 1 })).message;
  };
  t.is(message(2), 'e: expected one of M0 = 0, M1 = 2, got 1');
  t.true(message(12).endsWith('M11 = 22, got 1'));
  t.true(message(13).endsWith('M11 = 22, ..., got 1'));
});

test('each cut of a payload is refused or reads as less text, never as more', (t) => {
  const hello = { version: 1, token: 'secret', methods: [{ name: 'a.b', print: 3n }] };
  const bytes = encodeRecord(types, HELLO, hello);
  for (let end = 1; end < bytes.length; end++) {
    t.throws(() => decodeRecord(types, HELLO, bytes.subarray(0, end)), { instanceOf: RangeError });
  }
  t.throws(() => decodeRecord(types, HELLO, new Uint8Array(0)), { message: /too short/ });
});

test('layouts: natural alignment, at most 4', (t) => {
  const layout = layoutOf(
    fields('X', {
      a: scalar('u8'),
      b: scalar('u16'),
      c: scalar('bool'),
      d: scalar('i64'),
      e: nullable(text),
      f: nullable(scalar('u8')),
    }).fields,
  );
  t.deepEqual(
    layout.slots.map((slot) => [slot.offset, slot.bytes, slot.trailing]),
    [
      [0, 1, false],
      [2, 2, false],
      [4, 1, false],
      [8, 8, false],
      [16, 8, true],
      [24, 8, true],
    ],
  );
  t.is(layout.size, 32);
  t.is(layout.least, 16);
  t.deepEqual(layoutOf([]), { slots: [], size: 0, least: 0 });
  t.is(strideOf(0), 4);
  t.is(strideOf(32), 32);
});

test('uuids and decimals are known by their form', (t) => {
  t.true(isUuid('01234567-89ab-CDEF-0123-456789abcdef'));
  for (const no of ['', 5, null, '01234567-89ab-cdef-0123-456789abcde', 'g'.repeat(36)]) {
    t.false(isUuid(no));
  }
  for (const yes of ['0', '10', '-1', '0.1', '-0.01', '100.001']) t.true(isDecimal(yes), yes);
  for (const no of ['-0', '0.0', '1.', '00', '+1', '1e1', '', ' 1', 1]) t.false(isDecimal(no));
});
