// The named value types of the guest's SDK (assembly/guest/values.ts), held against JavaScript's
// own arithmetic, and text that only a guest can make: unpaired surrogates.

import test from 'ava';
import { canonicalDecimal, DECIMAL_CHARS, isDecimal } from '../../host/schema/named.ts';
import { compileGuest, type Guest, startGuest } from './guests.ts';
import { Random, seedOf } from './random.ts';

const ENTRY = `
export { alloc } from "cell/entry";
export { panic } from "cell/panic";
import { decodeText, encodeText } from "cell/codec-text";
import { Decimal, Duration, Instant, Uuid } from "cell/values";

function give(text: string): i64 {
  const room = __new(text.length * 3, idof<ArrayBuffer>());
  return (<i64>room << 32) | encodeText(text, room);
}
/** Two texts with a line feed between them. */
export function handle(method: u32, ptr: usize, len: usize): i64 {
  const args = decodeText(ptr, <u32>len).split("\\n");
  if (method == 0) {
    const uuid = Uuid.parse(args[0]);
    return give(uuid ? uuid.toString() : "null");
  }
  if (method == 1) {
    const form = Decimal.parse(args[0]);
    return give(form ? form.toString() : "null");
  }
  if (method == 5) {
    const units = [0x61, 0xd800, 0x62, 0xdc00, 0xd83d, 0xde42, 0xd83d];
    return give(String.fromCharCodes(units));
  }
  if (method == 6) {
    const a = new Instant(I64.parseInt(args[0]));
    const b = a.plus(new Duration(I64.parseInt(args[1])));
    const since = b.since(a).micros.toString();
    return give(b.micros.toString() + " " + since + " " + (a < b).toString());
  }
  if (method == 8) {
    const a = Duration.ofSeconds(I64.parseInt(args[0]));
    const b = Duration.ofMillis(I64.parseInt(args[1]));
    const c = new Instant(a.micros);
    return give([
      (a + b).micros.toString(), (a - b).micros.toString(),
      a.seconds.toString(), b.millis.toString(),
      (a < b).toString(), (a > b).toString(), a.equals(b).toString(),
      (c > new Instant(b.micros)).toString(), c.equals(new Instant(a.micros)).toString(),
      Decimal.ofInteger(a.micros).toString(),
      Uuid.parse(args[2])!.equals(new Uuid(1, 2)).toString(),
      (Decimal.ofInteger(1) < Decimal.ofInteger(2)).toString(),
      (Decimal.ofInteger(1) > Decimal.ofInteger(2)).toString(),
    ].join(" "));
  }
  const a = Decimal.parse(args[0])!;
  const b = Decimal.parse(args[1])!;
  if (method == 2) return give((a + b).toString());
  if (method == 3) return give((a - b).toString());
  if (method == 4) return give((a * b).toString());
  return give(a.compare(b).toString() + " " + a.equals(b).toString() + " " + (-a).toString());
}
`;

let wasm: Uint8Array;
let guest: Guest;
test.before(async () => {
  wasm = await compileGuest(ENTRY);
  guest = startGuest(wasm);
});

const ask = (method: number, ...args: string[]): string => {
  return Buffer.from(guest.call(method, Buffer.from(args.join('\n')))).toString();
};

test('uuids read what they write', (t) => {
  t.is(ask(0, '01234567-89AB-cdef-0123-456789abcdef'), '01234567-89ab-cdef-0123-456789abcdef');
  const wrong = ['', '01234567-89ab-cdef-0123-456789abcdeg', '0123456789abcdef0123456789abcdef'];
  for (const text of [...wrong, '01234567-89ab-cdef-0123-456789abcdef0'])
    t.is(ask(0, text), 'null');
});

test('guest and host agree which numerals are decimals, and on their form', (t) => {
  const long = '9'.repeat(DECIMAL_CHARS);
  const texts = [
    '0',
    '-0',
    '+0',
    '00',
    '1',
    '01',
    '+1.50',
    '-1.0',
    '.5',
    '5.',
    '.',
    '-',
    '+',
    '',
    '1e5',
    ' 1',
    '1.2.3',
    '--1',
    '1-',
    long,
    `${long}1`,
    `-${long}`,
    `0.${long}`,
    `000${long}`,
    '0.000',
    '-0.0',
    '1 ',
  ];
  for (const text of texts)
    t.is(ask(1, text), canonicalDecimal(text) ?? 'null', JSON.stringify(text));
});

/** Exact arithmetic on bigints of 1e-20. */
const SCALE = 20;
const big = (text: string): bigint => {
  const [whole, fraction = ''] = text.split('.');
  return BigInt(`${whole}${fraction.padEnd(SCALE, '0')}`);
};
const small = (value: bigint, scale: number): string => {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const text = `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return canonicalDecimal(value < 0n ? `-${text}` : text)!;
};

test('decimals add, subtract, multiply and compare exactly', (t) => {
  const random = new Random(seedOf((line) => t.log(line)));
  const number = (): string => {
    const digits = Array.from({ length: 1 + random.below(18) }, () => random.below(10)).join('');
    const places = random.below(digits.length);
    const sign = random.chance(0.4) ? '-' : '';
    return canonicalDecimal(
      `${sign}${digits.slice(0, digits.length - places)}.${digits.slice(digits.length - places)}`,
    )!;
  };
  const fixed = ['0', '1', '-1', '0.1', '-0.1', '9.9', '10', '-10', '0.999', '100'];
  for (let i = 0; i < 400; i++) {
    const a = i < 100 ? fixed[i % 10]! : number();
    const b = i < 100 ? fixed[Math.floor(i / 10)]! : number();
    const [x, y] = [big(a), big(b)];
    t.is(ask(2, a, b), small(x + y, SCALE), `${a} + ${b}`);
    t.is(ask(3, a, b), small(x - y, SCALE), `${a} - ${b}`);
    t.is(ask(4, a, b), small(x * y, 2 * SCALE), `${a} * ${b}`);
    const order = x < y ? -1 : x > y ? 1 : 0;
    t.is(ask(7, a, b), `${order} ${x === y} ${small(-x, SCALE)}`);
    t.true(isDecimal(ask(2, a, b)));
  }
});

test.serial('a decimal that grows too long stops the call with a message', (t) => {
  const long = '9'.repeat(DECIMAL_CHARS);
  t.is(ask(3, long, '1'), `${'9'.repeat(DECIMAL_CHARS - 1)}8`);
  t.throws(() => ask(2, long, '1'), { instanceOf: WebAssembly.RuntimeError });
  guest = startGuest(wasm);
  t.throws(() => ask(4, long, '10'), { instanceOf: WebAssembly.RuntimeError });
});

test('a guest writes unpaired surrogates as U+FFFD', (t) => {
  t.is(ask(5), 'a\ufffdb\ufffd🙂\ufffd');
});

test('instants and durations are microseconds', (t) => {
  t.is(ask(6, '-5', '7'), '2 7 true');
  t.is(ask(6, '1763632007250000', '-1'), '1763632007249999 -1 false');
});

test('operators of instants, durations, uuids and decimals', (t) => {
  const uuid = '00000000-0000-0001-0000-000000000002';
  const want = '3001000 2999000 3.0 1.0 false true false true true 3000000 true true false';
  t.is(ask(8, '3', '1', uuid), want);
});
