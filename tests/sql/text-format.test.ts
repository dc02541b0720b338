// The text format of `cell:sql`: golden vectors, both runtimes of the guest, and what is no value.
import { readFileSync } from 'node:fs';
import test from 'ava';
import { GuestFailure } from '../values/guests.ts';
import { resultOf, TextGuest } from './text-guest.ts';
import { reviveValue, type Vector } from './text-values.ts';

const vectors: Vector[] = JSON.parse(
  readFileSync(new URL('./text-format/vectors.json', import.meta.url), 'utf8'),
);
const arena = await TextGuest.start('arena');

test('what a cell writes is what the vectors say', (t) => {
  for (const { type, value, text, sent } of vectors) {
    t.is(arena.write(type, reviveValue(type, value)), sent ?? text, `${type} ${value}`);
  }
});

test('what the vectors say is what a cell reads', (t) => {
  for (const { type, value, text, read } of vectors) {
    const wanted = reviveValue(type, value);
    t.deepEqual(arena.read(type, read ?? text), wanted, `${type} ${text}`);
    t.deepEqual(arena.read(type, text), wanted, `${type} ${text}`);
  }
});

test('memory that is collected makes no difference', async (t) => {
  const collect = await TextGuest.start('collect');
  for (const { type, value, text } of vectors) {
    t.is(collect.write(type, reviveValue(type, value)), text);
    t.deepEqual(collect.read(type, text), reviveValue(type, value));
  }
});

const OUT_OF_RANGE = 11;
const FAILED_PRECONDITION = 9;

function refused(status: number, type: string, text: string | null): void {
  let failure: unknown = null;
  try {
    arena.read(type, text);
  } catch (error) {
    failure = error;
  }
  if (!(failure instanceof GuestFailure)) throw new Error(`${type} was read from ${text}`);
  const wrong = failure.status !== status || !failure.message.includes('`column`');
  if (wrong) throw new Error(`${type} from ${text}: ${failure.status} ${failure.message}`);
  if (text && text.length > 3 && failure.message.includes(text))
    throw new Error('a value was told');
}

test('a text that is no value of its type is refused, and never told', (t) => {
  const odd: Record<string, string[]> = {
    bool: ['', 'true', 'T', '1', 'tt'],
    i32: ['', '-', '+1', '1.0', ' 1', '1 ', '1e3', '0x10', '--1', '１'],
    f64: ['', '-', '.', '1e', 'e5', '1x', '1.2.3', '-NaN', 'inf', '0x1p3', '1e+', '1e123456'],
    bytes: ['', '\\', '\\x0', '\\xzz', 'x00', '\\x 0', '\\X00'],
    uuid: ['', '0123456789abcdef0123456789abcdef', '01234567-89ab-cdef-0123-456789abcdeg'],
    instant: [
      '',
      '2026-11-20',
      '2026-11-20 17:00:00',
      '2026-13-20 17:00:00+00',
      '2026-00-20 17:00:00+00',
      '2026-11-32 17:00:00+00',
      '2026-11-20 25:00:00+00',
      '2026-11-20 17:60:00+00',
      '2026-11-20 17:00:00.1234567+00',
      '2026-11-20 17:00:00+00x',
      '2026-11-20 17:00:00+00 AD',
      '0000-11-20 17:00:00+00 BC',
      '20/11/2026 17:00:00+00',
    ],
    duration: ['', 'P', 'PT', '1 day', 'PT1', 'P1H', 'PT1D', 'PT1.5H', 'PT1H ', 'PTS'],
    decimal: ['', '1,5', '1e5', 'abc'],
    'string[]': ['', '{', '}', '{a', 'a}', '{a,}', '{,a}', '{"a}', '{"a"b}', '[1:2]'],
    'i32[]': ['{1,x}', '{1 ,2}'],
  };
  for (const [type, texts] of Object.entries(odd)) {
    for (const text of texts) refused(FAILED_PRECONDITION, type, text);
  }
  refused(FAILED_PRECONDITION, 'i32', null);
  refused(FAILED_PRECONDITION, 'string', null);
  refused(FAILED_PRECONDITION, 'string[]', '{NULL}');
  refused(FAILED_PRECONDITION, 'string[]', null);
  t.pass();
});

test('a value that is larger than its type is refused: at the limit, and one beyond', (t) => {
  const most: Record<string, [string, string][]> = {
    i8: [
      ['127', '128'],
      ['-128', '-129'],
    ],
    u8: [
      ['255', '256'],
      ['0', '-1'],
    ],
    i16: [['32767', '32768']],
    u16: [['65535', '65536']],
    i32: [
      ['2147483647', '2147483648'],
      ['-2147483648', '-2147483649'],
    ],
    u32: [['4294967295', '4294967296']],
    i64: [
      ['9223372036854775807', '9223372036854775808'],
      ['-9223372036854775808', '-9223372036854775809'],
    ],
    u64: [['18446744073709551615', '18446744073709551616']],
    instant: [
      ['294247-01-10 04:00:54.775807+00', '294247-01-10 04:00:54.775808+00'],
      ['290309-12-21 19:59:05.224193+00 BC', '290309-12-21 19:59:05.224192+00 BC'],
      ['2000-01-01 00:00:00+00', 'infinity'],
      ['2000-01-01 00:00:00+00', '-infinity'],
    ],
    duration: [
      ['PT2562047788H54.775807S', 'PT2562047788H54.775808S'],
      ['PT-2562047788H-54.775808S', 'PT-2562047788H-54.775809S'],
      ['P0M', 'P1M'],
      ['P0Y', 'P1Y'],
    ],
    decimal: [
      ['1'.repeat(128), '1'.repeat(129)],
      ['0', 'NaN'],
      ['0', 'Infinity'],
      ['0', '-Infinity'],
    ],
  };
  for (const [type, pairs] of Object.entries(most)) {
    for (const [fits, beyond] of pairs) {
      t.notThrows(() => arena.read(type, fits), `${type} ${fits}`);
      refused(OUT_OF_RANGE, type, beyond);
    }
  }
});

test('other spellings of a database are read', (t) => {
  t.is(arena.read('instant', '2026-11-20T17:00:00Z'), 1795194000000000n);
  t.is(arena.read('instant', '2026-11-20 17:00:00+05:30'), 1795174200000000n);
  t.is(arena.read('instant', '2026-11-20 17:00:00-00:19:32'), 1795195172000000n);
  t.is(arena.read('duration', 'P1DT2H'), 93_600_000_000n);
  t.is(arena.read('duration', 'P-1DT1S'), -86_399_000_000n);
  t.is(arena.read('duration', 'P2W'), 1_209_600_000_000n);
  t.deepEqual(arena.read('string[]', '[5:6]={a,b}'), ['a', 'b']);
  t.is(arena.read('decimal', '1.500'), '1.5');
});

test('values that no database can hold do not leave the cell', (t) => {
  const unset = t.throws(() => arena.write('instant', -(2n ** 63n)));
  t.is((unset as GuestFailure).status, 3);
  t.is(arena.write('string', '\ud800'), '\ufffd');
  // A NUL is the host's to refuse: it knows which databases cannot hold one.
  t.is(arena.write('string', '\0'), '\0');
});

test('a text of a megabyte, and one of the worst kind in an array', (t) => {
  const long = 'x'.repeat(1 << 20);
  t.is(arena.write('string', long), long);
  t.is(arena.read('string', long), long);
  const worst = '"\\漢'.repeat(50_000);
  const text = arena.write('string[]', [worst, worst]) as string;
  t.deepEqual(arena.read('string[]', text), [worst, worst]);
});

test('a result that lies about itself ends the call, not the cell', (t) => {
  const whole = resultOf(['a'], 1);
  const status = (bytes: Uint8Array): number => {
    try {
      arena.readResult('string', bytes);
    } catch (error) {
      if (error instanceof GuestFailure) return error.status;
      throw error;
    }
    return 0;
  };
  t.is(status(whole), 0);
  for (let cut = 0; cut < whole.length; cut++) t.is(status(whole.subarray(0, cut)), 13, `${cut}`);
  for (const [at, value, wanted] of [
    [4, 0xffffffff, 13],
    [4, 3, 13],
    [8, 0xffffffff, 9],
    [8, 2, 9],
    [12, 2, 13],
    [12, 0x7fffffff, 13],
    [12, 0xfffffffe, 13],
    [12, 0xffffffff, 9],
  ] as const) {
    const odd = Buffer.from(whole);
    odd.writeUInt32LE(value, at);
    t.is(status(odd), wanted, `${value} at ${at}`);
  }
  t.is(status(whole), 0);
});
