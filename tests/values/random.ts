// Owns seeded randomness for the tests of values: schemas, values that fit them, and damage to
// bytes. CELL_SEED=<number> repeats a run; every test that uses it prints its seed.

import { enumNamed, recordNamed } from '../../host/schema/layout.ts';
import type { EnumType, Field, RecordType, Scalar, Schema, Type } from '../../host/schema/types.ts';
import { echoSchema, list, map, nullable, oneOf, record, scalar, text } from './schemas.ts';

/** The seed of this run: CELL_SEED, or one that differs from run to run. */
export function seedOf(log: (line: string) => void): number {
  const seed = Number(process.env.CELL_SEED ?? Math.floor(Math.random() * 0x7fffffff));
  log(`CELL_SEED=${seed}`);
  return seed;
}

/** Marsaglia's xorshift, 32 bits: the same numbers for the same seed on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
    for (let i = 0; i < 8; i++) this.next();
  }

  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state / 0x100000000;
  }

  /** An integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  chance(p: number): boolean {
    return this.next() < p;
  }

  bits64(): bigint {
    return (BigInt(this.below(0x100000000)) << 32n) | BigInt(this.below(0x100000000));
  }
}

const NUMBERS: Scalar[] = [
  'bool',
  'i8',
  'u8',
  'i16',
  'u16',
  'i32',
  'u32',
  'i64',
  'u64',
  'f32',
  'f64',
];
const KEYS: Scalar[] = ['i8', 'u8', 'u16', 'i32', 'u32', 'i64', 'u64', 'bool'];

/** A type that both languages have: no nullable numbers. */
function randomType(random: Random, records: string[], depth: number): Type {
  const leaves: (() => Type)[] = [
    () => scalar(random.pick(NUMBERS)),
    () => scalar(random.pick(NUMBERS)),
    () => text,
    () => text,
    () => ({ kind: 'bytes' }),
    () => ({ kind: 'uuid' }),
    () => ({ kind: 'decimal' }),
    () => scalar('instant'),
    () => scalar('duration'),
    () => oneOf(random.pick(['Color', 'Sparse'])),
  ];
  if (depth === 0) return random.pick(leaves)();
  const inner = (): Type => randomType(random, records, depth - 1);
  return random.pick([
    ...leaves,
    () => list(inner()),
    () => list(inner()),
    () => map(random.chance(0.5) ? text : scalar(random.pick(KEYS)), inner()),
    ...(records.length > 0
      ? [() => record(random.pick(records)), () => record(random.pick(records))]
      : []),
    () => {
      const of = inner();
      const number =
        of.kind === 'enum' ||
        (of.kind === 'scalar' && of.scalar !== 'instant' && of.scalar !== 'duration');
      return number || of.kind === 'nullable' ? of : nullable(of);
    },
  ])();
}

export const ENUMS: EnumType[] = [
  {
    name: 'Color',
    members: [
      { name: 'Red', value: 0 },
      { name: 'Green', value: 1 },
    ],
  },
  {
    name: 'Sparse',
    members: [
      { name: 'A', value: 3 },
      { name: 'B', value: 70000 },
    ],
  },
];

/** A schema of `echo` methods over random types; the first record refers to itself. */
export function randomSchema(random: Random, methods: number): Schema {
  const names = ['Alpha', 'Beta', 'Gamma', 'Delta'];
  const records: RecordType[] = names.map((name, i) => ({
    name,
    fields: Array.from({ length: random.below(7) }, (_, f): Field => {
      return { name: `f${f}`, type: randomType(random, names.slice(0, i), 2) };
    }),
  }));
  if (random.chance(0.7)) {
    records[0]!.fields.push({ name: 'again', type: nullable(record('Alpha')) });
    records[0]!.fields.push({ name: 'more', type: list(record('Alpha')) });
  }
  const types = Array.from({ length: methods }, () => randomType(random, names, 3));
  return echoSchema(types, records, ENUMS);
}

const PIECES = [
  '',
  'a',
  'name',
  'Ada Lovelace',
  'é',
  '日本',
  '🙂',
  '\ud800',
  '\udc00x',
  '\0',
  '\ufeff',
  'x'.repeat(13),
  'y'.repeat(300),
  '\u007f\u0080',
  'ÿ',
  '\uffff',
];

export function randomText(random: Random): string {
  if (random.chance(0.6)) return random.pick(PIECES.slice(0, 4));
  return Array.from({ length: random.below(5) }, () => random.pick(PIECES)).join('');
}

function randomScalar(random: Random, of: Scalar): unknown {
  const word = random.below(0x100000000);
  switch (of) {
    case 'bool':
      return random.chance(0.5);
    case 'i8':
      return (word << 24) >> 24;
    case 'u8':
      return word & 255;
    case 'i16':
      return (word << 16) >> 16;
    case 'u16':
      return word & 65535;
    case 'i32':
      return word | 0;
    case 'u32':
      return word;
    case 'f32':
      return Math.fround(random.pick([0, -0, 1.5, Number.NaN, Infinity, random.next()]));
    case 'f64':
      return random.pick([0, -0, 1.5, Number.NaN, -Infinity, random.next() * 1e300]);
    case 'u64':
      return random.bits64();
    default:
      return BigInt.asIntN(64, random.bits64());
  }
}

/** A value of the type. Lists and records get rarer as it grows deeper. */
export function randomValue(random: Random, schema: Schema, type: Type, depth = 0): unknown {
  const inner = (of: Type): unknown => randomValue(random, schema, of, depth + 1);
  switch (type.kind) {
    case 'scalar':
      return randomScalar(random, type.scalar);
    case 'string':
      return randomText(random);
    case 'bytes':
      return Uint8Array.from({ length: random.below(9) }, () => random.below(256));
    case 'uuid': {
      const digits =
        random.bits64().toString(16).padStart(16, '0') +
        random.bits64().toString(16).padStart(16, '0');
      return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    }
    case 'decimal':
      return random.pick(['0', '1.5', '-0.001', '123456789012345678901234567890']);
    case 'enum':
      return random.pick(enumNamed(schema, type.name).members).value;
    case 'nullable':
      return depth > 6 || random.chance(0.4) ? null : inner(type.of);
    case 'list':
      return Array.from({ length: random.below(depth > 4 ? 2 : 4) }, () => inner(type.of));
    case 'map':
      return new Map(
        Array.from({ length: random.below(4) }, () => {
          const key = inner(type.key);
          return [typeof key === 'string' ? key.toWellFormed() : key, inner(type.value)];
        }),
      );
    case 'record': {
      const { fields } = recordNamed(schema, type.name);
      return Object.fromEntries(
        fields.map((field) => {
          const end = depth > 6 && field.type.kind === 'list';
          return [field.name, end ? [] : inner(field.type)];
        }),
      );
    }
  }
}

const ODD = [0, 1, 4, 8, 0xffffffff, 0x80000000, 0x7fffffff, 0x20000000, 0x10000000];

/** The bytes with up to three things changed: words, bytes, length. */
export function damaged(random: Random, from: Uint8Array): Uint8Array {
  let bytes = from.slice();
  for (let i = 1 + random.below(3); i > 0 && bytes.length > 4; i--) {
    const view = new DataView(bytes.buffer);
    const at = (random.below(Math.min(bytes.length - 3, 160)) >> 2) << 2;
    const what = random.next();
    if (what < 0.3) view.setUint32(at, random.below(bytes.length + 8), true);
    else if (what < 0.4)
      view.setUint32(at, (view.getUint32(at, true) + random.pick([4, 8, -4, -8, 1])) >>> 0, true);
    else if (what < 0.55) view.setUint32(at, random.pick(ODD), true);
    else if (what < 0.9) bytes[random.below(bytes.length)] = random.below(256);
    else bytes = bytes.slice(0, random.below(bytes.length));
  }
  return bytes;
}

/** The value as another implementation would give it back: text well-formed, f32 rounded. */
export function settled(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(settled);
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [settled(k), settled(v)]));
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, settled(v)]));
}
