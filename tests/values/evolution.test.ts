// Older and newer sides of one method (VALUES rule 6): fields may be appended when they are
// nullable, an older reader skips them, a newer one reads null, in client, guest and interpreter
// alike.

import test from 'ava';
import { decodeResult, encodeArguments } from '../../host/schema/dynamic.ts';
import type { RecordType, Schema, Type } from '../../host/schema/types.ts';
import { loadClient } from './clients.ts';
import { GuestFailure, loadGuest } from './guests.ts';
import { echoSchema, fields, list, map, nullable, record, scalar, text } from './schemas.ts';

const point = fields('Point', { x: scalar('u32'), label: text });
const newer = fields('Point', {
  x: scalar('u32'),
  label: text,
  more: nullable(text),
  at: nullable(scalar('instant')),
  near: nullable(record('Point')),
  tags: nullable(list(text)),
});
const required = fields('Point', { x: scalar('u32'), label: text, y: scalar('u32') });
const TYPES: Type[] = [record('Point'), list(record('Point')), map(text, record('Point'))];

const schemaOf = (type: RecordType): Schema => echoSchema(TYPES, [type]);

const old = { x: 7, label: 'seven' };
const full = {
  ...old,
  more: 'm',
  at: 5n,
  near: { ...old, more: null, at: null, near: null, tags: ['deep'] },
  tags: ['t'],
};
const cut = { ...old, more: null, at: null, near: null, tags: null };

/** What a value looks like to the other side: newer fields dropped, or null. */
const shapes: [string, Schema, Schema, (point: object) => unknown, object][] = [
  ['a newer reader reads null', schemaOf(point), schemaOf(newer), () => cut, old],
  ['an older reader skips', schemaOf(newer), schemaOf(point), () => old, full],
];

for (const [name, from, to, seen, value] of shapes) {
  test(name, async (t) => {
    const [client, guest] = await Promise.all([loadClient(to), loadGuest(to)]);
    const values = [
      value,
      [value, value, value],
      new Map([
        ['a', value],
        ['b', value],
      ]),
    ];
    const expected = [
      seen(value),
      [seen(value), seen(value), seen(value)],
      new Map([
        ['a', seen(value)],
        ['b', seen(value)],
      ]),
    ];
    values.forEach((one, i) => {
      const bytes = encodeArguments(from, from.methods[i]!, [one]);
      t.deepEqual(client.decode(i, bytes), expected[i]);
      t.deepEqual(decodeResult(to, to.methods[i]!, bytes), expected[i]);
      t.deepEqual(decodeResult(to, to.methods[i]!, guest.call(i, bytes)), expected[i]);
    });
  });
}

test('a field that is not nullable may not be absent', async (t) => {
  const from = schemaOf(point);
  const to = schemaOf(required);
  const [client, guest] = await Promise.all([loadClient(to), loadGuest(to)]);
  [old, [old], new Map([['a', old]])].forEach((value, i) => {
    const bytes = encodeArguments(from, from.methods[i]!, [value]);
    t.throws(() => client.decode(i, bytes), { instanceOf: RangeError, message: /too short/ });
    t.throws(() => decodeResult(to, to.methods[i]!, bytes), { instanceOf: RangeError });
    t.throws(() => guest.call(i, bytes), { instanceOf: GuestFailure, message: /too short/ });
  });
});

test('parameters and results may be appended too, from none at all', async (t) => {
  const none = echoSchema([nullable(text)]);
  none.methods[0]!.params = [];
  none.methods[0]!.result = null;
  const one = echoSchema([nullable(text)]);
  const [client, guest] = await Promise.all([loadClient(one), loadGuest(one)]);
  const empty = encodeArguments(none, none.methods[0]!, []);
  t.is(empty.length, 0);
  t.is(client.decode(0, empty), null);
  t.is(decodeResult(one, one.methods[0]!, guest.call(0, empty)), null);
  const older = await loadClient(none);
  t.is(older.decode(0, encodeArguments(one, one.methods[0]!, ['ignored'])), undefined);
  t.is(older.encode(0, []).length, 0);
});

test('sizes between two versions count as the older one', async (t) => {
  const [before, after] = [schemaOf(point), schemaOf(newer)];
  const client = await loadClient(after);
  const bytes = encodeArguments(before, before.methods[0]!, [old]);
  const view = new DataView(bytes.buffer);
  const record = view.getUint32(8, true);
  t.is(view.getUint32(12, true), 12);
  // Four more bytes belong to the record: half a reference, which no writer makes and no reader
  // reads.
  const text = view.getUint32(0, true);
  const longer = new Uint8Array(bytes.length + 4);
  longer.set(bytes.subarray(0, record + 12));
  longer.set(bytes.subarray(record + 12), record + 16);
  new DataView(longer.buffer).setUint32(0, text + 4, true);
  new DataView(longer.buffer).setUint32(12, 16, true);
  t.deepEqual(client.decode(0, longer), cut);
  t.deepEqual(decodeResult(after, after.methods[0]!, longer), cut);
});
