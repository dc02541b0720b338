// The text format against databases: what a cell writes they take as the value that was meant, and
// what they write is what a cell reads. Vectors, then seeded values.
import { readFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import { Random, seedOf } from '../values/random.ts';
import { postgresVersions, startPostgres } from './servers.ts';
import { TextGuest } from './text-guest.ts';
import { reviveValue, type Vector } from './text-values.ts';

const SETTINGS = [
  "set timezone = 'UTC'",
  "set datestyle = 'ISO'",
  "set intervalstyle = 'iso_8601'",
  'set extra_float_digits = 1',
  "set bytea_output = 'hex'",
].join(';');

const vectors: Vector[] = JSON.parse(
  readFileSync(new URL('./text-format/vectors.json', import.meta.url), 'utf8'),
);
const guest = await TextGuest.start();

/** A text as a value of a type, and what the database writes of it. */
type Round = (sql: string, text: string | null) => Promise<string | null>;

async function vectorsAgree(t: ExecutionContext, round: Round): Promise<void> {
  for (const { type, sql, value, text, read } of vectors) {
    const sent = guest.write(type, reviveValue(type, value));
    const back = await round(sql, sent);
    t.is(back, read ?? text, `${type} ${value}`);
    t.deepEqual(guest.read(type, back), reviveValue(type, value));
  }
}

/** Type of a cell -> type of a column, and a value of it by chance. */
const CHANCE: Record<string, [string, (random: Random) => unknown]> = {
  i64: ['int8', (r) => BigInt.asIntN(64, bits(r) >> BigInt(r.below(64)))],
  u64: ['numeric(20)', (r) => bits(r) >> BigInt(r.below(64))],
  f64: ['float8', (r) => double(r)],
  f32: ['float4', (r) => Math.fround(double(r))],
  instant: ['timestamptz', (r) => instant(r)],
  duration: ['interval', (r) => BigInt.asIntN(64, bits(r)) >> BigInt(r.below(62) + 1)],
  string: ['text', (r) => text(r)],
  decimal: ['numeric', (r) => `${r.below(2) ? '-' : ''}${1 + r.below(1e9)}.${r.below(1e6)}1`],
  'string[]': ['text[]', (r) => Array.from({ length: r.below(6) }, () => text(r))],
};

const bits = (r: Random): bigint => (BigInt(r.below(2 ** 32)) << 32n) | BigInt(r.below(2 ** 32));

function double(r: Random): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits(r));
  const made = view.getFloat64(0);
  return Number.isFinite(made) && r.below(4) ? made : (r.below(2e6) - 1e6) / 10 ** r.below(8);
}

/** From 4714 BC to the last moment of an i64. */
function instant(r: Random): bigint {
  const any = BigInt.asIntN(64, bits(r)) >> BigInt(r.below(40));
  return any < -210866803200000000n ? -any : any;
}

function text(r: Random): string {
  const units = [
    '"',
    '\\',
    '{',
    '}',
    ',',
    "'",
    ' ',
    'a',
    'NULL',
    '漢',
    '\u{1F600}',
    '\n',
    '$1',
    ';',
  ];
  return Array.from({ length: r.below(12) }, () => units[r.below(units.length)]).join('');
}

async function chanceAgrees(t: ExecutionContext, round: Round, rounds: number): Promise<void> {
  const seed = seedOf(t.log);
  const random = new Random(seed);
  for (let i = 0; i < rounds; i++) {
    for (const [type, [sql, make]] of Object.entries(CHANCE)) {
      const value = make(random);
      const back = await round(sql, guest.write(type, value));
      t.deepEqual(guest.read(type, back), value, `${type} seed ${seed}`);
    }
  }
}

for (const version of postgresVersions(test)) {
  test(`PostgreSQL ${version}`, async (t) => {
    const server = await startPostgres(version);
    const types = { getTypeParser: () => (raw: string) => raw } as never;
    const client = new pg.Client({ connectionString: server.url, types });
    try {
      await client.connect();
      await client.query(SETTINGS);
      const round: Round = async (sql, sent) => {
        const values = [sent];
        const { rows } = await client.query({
          text: `select ($1::text)::${sql}`,
          values,
          rowMode: 'array',
        });
        return rows[0][0];
      };
      await vectorsAgree(t, round);
      await chanceAgrees(t, round, 100);
    } finally {
      await client.end();
      await server.stop();
    }
  });
}

test('PGlite', async (t) => {
  const database = await PGlite.create();
  try {
    await database.exec(SETTINGS);
    // Every type of the catalogue stays the text that it is.
    const oids = Array.from({ length: 4000 }, (_, oid) => oid);
    const parsers = Object.fromEntries(oids.map((oid) => [oid, (raw: string) => raw]));
    const round: Round = async (sql, sent) => {
      const options = { rowMode: 'array', parsers } as const;
      const { rows } = await database.query(`select ($1::text)::${sql}`, [sent], options);
      return (rows[0] as (string | null)[])[0] ?? null;
    };
    await vectorsAgree(t, round);
    await chanceAgrees(t, round, 40);
  } finally {
    await database.close();
  }
});
