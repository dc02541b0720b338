// The edges of values, N and N + 1, on all three sides: depth, integers, text that is no text, NaN,
// keys that come twice, large strings, and what an encoder refuses by name.

import test from 'ava';
import { VALUE_DEPTH } from '../../assembly/shared/limits.ts';
import { decodeResult, encodeArguments } from '../../host/schema/dynamic.ts';
import { DECIMAL_CHARS } from '../../host/schema/named.ts';
import type { Scalar } from '../../host/schema/types.ts';
import { type Codecs, loadClient, TestOutbox } from './clients.ts';
import { type Guest, GuestFailure, loadGuest } from './guests.ts';
import { echoSchema, fields, list, map, nullable, record, scalar, text } from './schemas.ts';

const node = fields('Node', {
  next: nullable(record('Node')),
  kids: list(record('Node')),
  n: scalar('u8'),
});
const NUMBERS: Scalar[] = [
  'i8',
  'u8',
  'i16',
  'u16',
  'i32',
  'u32',
  'i64',
  'u64',
  'instant',
  'duration',
];
const schema = echoSchema(
  [
    record('Node'),
    text,
    map(text, scalar('u8')),
    scalar('f64'),
    scalar('f32'),
    { kind: 'decimal' },
    { kind: 'bytes' },
    list(text),
    scalar('bool'),
    { kind: 'uuid' },
    ...NUMBERS.map(scalar),
  ],
  [node],
);
const [NODE, TEXT, MAP, F64, F32, DECIMAL, BYTES, TEXTS, BOOL, UUID, FIRST_NUMBER] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
] as const;

let client: Codecs;
let guest: Guest;
test.before(async () => {
  [client, guest] = await Promise.all([loadClient(schema), loadGuest(schema)]);
});

const written = (method: number, value: unknown): Uint8Array => {
  return encodeArguments(schema, schema.methods[method]!, [value]);
};

/** All three read `bytes` as `expected`. */
function reads(
  t: { deepEqual(a: unknown, b: unknown): void },
  method: number,
  bytes: Uint8Array,
  expected: unknown,
): void {
  t.deepEqual(client.decode(method, bytes), expected);
  t.deepEqual(decodeResult(schema, schema.methods[method]!, bytes), expected);
  const back = guest.call(method, bytes);
  t.deepEqual(decodeResult(schema, schema.methods[method]!, back), expected);
}

/** All three refuse `bytes`, and the guest lives on. */
function refuses(
  t: { throws(f: () => unknown, x: object): unknown; pass(): void },
  method: number,
  bytes: Uint8Array,
  message: RegExp,
): void {
  t.throws(() => client.decode(method, bytes), { instanceOf: RangeError, message });
  const { methods } = schema;
  t.throws(() => decodeResult(schema, methods[method]!, bytes), {
    instanceOf: RangeError,
    message,
  });
  t.throws(() => guest.call(method, bytes), { instanceOf: GuestFailure, message: /malformed/ });
  guest.call(BOOL, written(BOOL, true));
}

function chain(depth: number, by: 'next' | 'kids'): object {
  const inner = depth === 1 ? null : chain(depth - 1, by);
  if (by === 'next') return { next: inner, kids: [], n: depth };
  return { next: null, kids: inner === null ? [] : [inner], n: depth };
}

/** A chain that no encoder writes, for readers. */
function deepPayload(depth: number): Uint8Array {
  const size = 20;
  const bytes = new Uint8Array(16 + depth * size + 1);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 16 + depth * size, true);
  view.setUint32(4, 8, true);
  for (let i = 0; i < depth; i++) {
    const at = 16 + i * size;
    const from = i === 0 ? 8 : at - size;
    view.setUint32(from, at, true);
    view.setUint32(from + 4, size, true);
  }
  // Empty lists, innermost first, behind all records: their offsets may not go back.
  for (let i = 0; i < depth; i++) view.setUint32(16 + i * size + 8, 16 + depth * size, true);
  return bytes;
}

for (const by of ['next', 'kids'] as const) {
  test(`records nest ${VALUE_DEPTH} deep and no deeper (${by})`, (t) => {
    const value = chain(VALUE_DEPTH, by);
    const bytes = written(NODE, value);
    reads(t, NODE, bytes, value);
    t.deepEqual(client.encode(NODE, [value]), bytes);
    const deeper = chain(VALUE_DEPTH + 1, by);
    t.throws(() => written(NODE, deeper), {
      instanceOf: TypeError,
      message: /nest deeper than 32/,
    });
    t.throws(() => client.encode(NODE, [deeper]), { message: /echo.echo0: value\..*nest deeper/ });
  });
}

test('a payload that nests deeper is refused', (t) => {
  t.notThrows(() => client.decode(NODE, deepPayload(VALUE_DEPTH)));
  t.is(guest.call(NODE, deepPayload(VALUE_DEPTH)).length, deepPayload(VALUE_DEPTH).length);
  refuses(t, NODE, deepPayload(VALUE_DEPTH + 1), /nest deeper than 32/);
});

test('an object that contains itself is refused, not followed', (t) => {
  const loop: Record<string, unknown> = { kids: [], n: 0 };
  loop.next = loop;
  t.throws(() => client.encode(NODE, [loop]), { instanceOf: TypeError, message: /nest deeper/ });
});

test('each integer at both ends, and one beyond', (t) => {
  NUMBERS.forEach((name, i) => {
    const method = FIRST_NUMBER + i;
    const bits = name === 'instant' || name === 'duration' ? 64 : Number(name.slice(1));
    const signed = name[0] !== 'u';
    const low = signed ? -(2n ** BigInt(bits - 1)) : 0n;
    const high = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
    const value = (n: bigint): unknown => (bits === 64 ? n : Number(n));
    for (const n of [low, high]) {
      reads(t, method, written(method, value(n)), value(n));
      t.deepEqual(client.encode(method, [value(n)]), written(method, value(n)));
    }
    const others = [value(low - 1n), value(high + 1n), 1.5, Number.NaN, '1', null, undefined, true];
    for (const wrong of [...others, bits === 64 ? 1 : 1n]) {
      const expected = {
        instanceOf: TypeError,
        message: new RegExp(`value: expected ${name}, got`),
      };
      t.throws(() => client.encode(method, [wrong]), expected);
      t.throws(() => written(method, wrong), expected);
    }
  });
});

test('unpaired surrogates are written as U+FFFD', (t) => {
  for (const value of ['\ud800', 'a\udc00b', '\ud83d\ud83d\ude42', 'x'.repeat(30) + '\udfff']) {
    const bytes = client.encode(TEXT, [value]);
    t.deepEqual(bytes, written(TEXT, value));
    reads(t, TEXT, bytes, value.toWellFormed());
  }
});

test('invalid UTF-8 reads as U+FFFD, as TextDecoder has it', (t) => {
  for (const bytes of [
    [0xed, 0xa0, 0x80],
    [0xf0, 0x9f, 0x99],
    [0xff, 0xc3],
    [0xc0, 0xaf],
    [0xe2, 0x28, 0xa1],
  ]) {
    const payload = new Uint8Array(17 + bytes.length);
    const view = new DataView(payload.buffer);
    for (const [i, word] of [16, 8, 1, bytes.length].entries()) view.setUint32(i * 4, word, true);
    payload.set(bytes, 17);
    reads(t, TEXT, payload, new TextDecoder().decode(Uint8Array.from(bytes)));
  }
});

test('keys that come twice are refused, also when only U+FFFD makes them equal', (t) => {
  const bytes = written(
    MAP,
    new Map([
      ['aa', 1],
      ['ab', 2],
    ]),
  );
  const at = bytes.length - 4;
  t.is(String.fromCharCode(...bytes.subarray(at)), 'aaab');
  bytes[at + 3] = 0x61;
  refuses(t, MAP, bytes, /key twice/);
  bytes.set([0x61, 0xfe, 0x61, 0xff], at);
  refuses(t, MAP, bytes, /key twice/);
});

test('NaN has one form', (t) => {
  t.is(Buffer.from(client.encode(F64, [Number.NaN])).readBigUInt64LE(8), 0x7ff8000000000000n);
  t.is(Buffer.from(client.encode(F32, [Number.NaN])).readUInt32LE(8), 0x7fc00000);
  const odd64 = written(F64, 1);
  new DataView(odd64.buffer).setBigUint64(8, 0xfff8_0000_0000_1234n, true);
  t.is(Buffer.from(guest.call(F64, odd64)).readBigUInt64LE(8), 0x7ff8000000000000n);
  const odd32 = written(F32, 1);
  new DataView(odd32.buffer).setUint32(8, 0xffc0_0001, true);
  t.is(Buffer.from(guest.call(F32, odd32)).readUInt32LE(8), 0x7fc00000);
  t.true(Object.is(client.decode(F64, client.encode(F64, [-0])), -0));
});

test('strings of a megabyte, and around the edges of windows', (t) => {
  for (const value of ['x'.repeat(1 << 20), 'é'.repeat(1 << 19), `${'x'.repeat(99_999)}日`]) {
    const bytes = client.encode(TEXT, [value]);
    t.true(Buffer.compare(bytes, written(TEXT, value)) === 0);
    t.true(client.decode(TEXT, bytes) === value);
    t.true(Buffer.compare(guest.call(TEXT, bytes), bytes) === 0);
  }
  for (const size of [16_382, 16_383, 16_384, 16_385, 32_768]) {
    for (const end of ['', 'é', '🙂', 'end']) {
      const value = ['a'.repeat(size), end, 'b'.repeat(20), `${end}c`, '', 'd'.repeat(size)];
      reads(t, TEXTS, client.encode(TEXTS, [value]), value);
    }
  }
});

test('an encoder stops at the message limit and works again afterwards', (t) => {
  const out = new TestOutbox(64, 1 << 16);
  const message = { instanceOf: RangeError, message: /at most 65536 bytes/ };
  t.throws(() => client.encode(TEXT, ['x'.repeat(1 << 16)], out), message);
  t.throws(() => client.encode(TEXT, ['é'.repeat(1 << 15)], out), message);
  t.throws(() => client.encode(BYTES, [new Uint8Array(1 << 16)], out), message);
  // 16 bytes before the payload, 17 of its own, and a text that just fits, or not.
  const room = (1 << 16) - 16 - 17;
  for (const [char, bytes] of [
    ['x', 1],
    ['é', 2],
    ['日', 3],
    ['🙂', 4],
  ] as const) {
    const fits = char.repeat(Math.floor(room / bytes)) + 'x'.repeat(room % bytes);
    t.is(client.encode(TEXT, [fits], out).length, (1 << 16) - 16);
    t.throws(() => client.encode(TEXT, [`${fits}x`], out), message);
  }
  t.deepEqual(client.encode(TEXT, ['é'], out), written(TEXT, 'é'));
  t.deepEqual(client.encode(TEXT, ['e'], out), written(TEXT, 'e'));
});

test('decimals travel in one form only', (t) => {
  const longest = '9'.repeat(DECIMAL_CHARS);
  for (const [given, form] of [
    ['+01.50', '1.5'],
    ['-0', '0'],
    ['.5', '0.5'],
    ['5.', '5'],
    [longest, longest],
  ]) {
    const bytes = client.encode(DECIMAL, [given]);
    t.deepEqual(bytes, written(DECIMAL, given));
    reads(t, DECIMAL, bytes, form);
  }
  for (const wrong of [`${longest}9`, '1e5', '', '-', '.', '1,5', 'NaN', '0x1', 5]) {
    t.throws(() => client.encode(DECIMAL, [wrong]), { message: /expected a decimal/ });
  }
  for (const form of [
    '01',
    '1.0',
    '-0',
    '.5',
    '5.',
    '+1',
    '',
    '1 ',
    '--1',
    '1.2.3',
    `${longest}9`,
  ]) {
    refuses(t, DECIMAL, written(TEXT, form), /canonical/);
  }
});

test('bools are 0 or 1, uuids have 16 bytes', (t) => {
  const bytes = written(BOOL, true);
  bytes[8] = 2;
  refuses(t, BOOL, bytes, /a bool is 2/);
  const uuid = '00112233-4455-6677-8899-aabbccddeeff';
  const key = client.encode(UUID, [uuid.toUpperCase()]);
  reads(t, UUID, key, uuid);
  new DataView(key.buffer).setUint32(12, 15, true);
  refuses(t, UUID, key, /too short/);
});

test('an encoder names the place of what does not fit', (t) => {
  const kid = { next: null, kids: [], n: 1 };
  const cases: [number, unknown, string][] = [
    [
      NODE,
      { ...kid, kids: [kid, { ...kid, n: 256 }] },
      'echo.echo0: value.kids[1].n: expected u8, got 256',
    ],
    [NODE, { ...kid, next: 5 }, 'echo.echo0: value.next: expected an object, got 5'],
    [NODE, undefined, 'echo.echo0: value: expected an object, got undefined'],
    [MAP, new Map([['k', -1]]), 'echo.echo2: value["k"]: expected u8, got -1'],
    [MAP, {}, 'echo.echo2: value: expected a Map, got an object'],
    [BYTES, 'text', 'echo.echo6: value: expected bytes (Uint8Array), got "text"'],
    [TEXTS, ['a', 7n], 'echo.echo7: value[1]: expected string, got 7n'],
    [UUID, 'not one', 'echo.echo9: value: expected a uuid, got "not one"'],
  ];
  for (const [method, value, message] of cases) {
    t.throws(() => client.encode(method, [value]), { instanceOf: TypeError, message });
  }
  t.deepEqual(client.encode(TEXT, ['after']), written(TEXT, 'after'));
});

test("an error of the caller's own getter comes through as it is", (t) => {
  const own = new Error('mine');
  const value = {
    next: null,
    kids: [],
    get n(): number {
      throw own;
    },
  };
  t.is(
    t.throws(() => client.encode(NODE, [value])),
    own,
  );
});
