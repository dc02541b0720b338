// The imports of `cell:database` in real lanes: questions and answers as a macro cell writes and
// reads them, hostile ones among them, and that nothing is there without the grant. The guest hands
// on what it is given (assembly/guest/database.ts is the one that means it well).
import test, { type ExecutionContext } from 'ava';
import * as S from '../../assembly/shared/status.ts';
import {
  COMMIT,
  DESCRIBE,
  HASH,
  INFO,
  LEDGER,
  PREPARE,
  QUERY,
  QUESTION_BYTES,
  ROLLBACK,
} from '../../host/capability/database/contract.ts';
import { encodeFields, Fields } from '../../host/capability/database/fields.ts';
import { admit, readModule } from '../../host/cell/module.ts';
import { makeCell, reply, type WatCell } from '../lane/cells.ts';
import { Desk } from '../lane/desk.ts';
import { temporary } from './engines.ts';

/** Where the reply is put together. */
const OUT = 0x400000;
const asking = (operation: string, at: string, length: string): string => `
  (local $r i64) (local $n i32)
  (local.set $r (call $ask ${operation} ${at} ${length}))
  (local.set $n (if (result i32) (i64.lt_s (local.get $r) (i64.const 0))
    (then (i32.store (i32.const ${OUT}) (i32.wrap_i64 (local.get $r))) (call $error))
    (else (i32.store (i32.const ${OUT}) (i32.const 0)) (i32.wrap_i64 (local.get $r)))))
  (drop (call $take (i32.const ${OUT + 4})))
  ${reply(`(i32.const ${OUT})`, '(i32.add (local.get $n) (i32.const 4))')}`;
const word = (at: number): string => `(i32.load offset=${at} (local.get $ptr))`;

const CELL: WatCell = {
  ...{ name: 'planner', memory: '320 320', alloc: '(i32.const 131072)' },
  imports: `
    (import "cell:database" "ask" (func $ask (param i32 i32 i32) (result i64)))
    (import "cell:database" "take" (func $take (param i32) (result i32)))
    (import "cell:database" "error" (func $error (result i32)))`,
  methods: [
    {
      name: 'ask',
      tier: 'waiting',
      body: asking(
        word(0),
        '(i32.add (local.get $ptr) (i32.const 4))',
        '(i32.sub (local.get $len) (i32.const 4))',
      ),
    },
    { name: 'wild', tier: 'waiting', body: asking(word(0), word(4), word(8)) },
    {
      name: 'take',
      tier: 'waiting',
      body: `(i32.store (i32.const ${OUT}) (call $take ${word(0)}))
        ${reply(`(i32.const ${OUT})`, '(i32.const 4)')}`,
    },
  ],
};

interface Said {
  status: number;
  /** Fields of an answer; of an error its text alone. */
  fields: (string | null)[];
}

class Planner {
  readonly desk: Desk;
  readonly #route: number;

  private constructor(desk: Desk, route: number) {
    this.desk = desk;
    this.#route = route;
  }

  static async open(t: ExecutionContext, lanes: number): Promise<Planner> {
    const desk = await Desk.open(t, { lanes });
    const grants = { database: true as const, project: temporary('asking') };
    const route = await desk.load(CELL, grants);
    desk.session(1);
    return new Planner(desk, route);
  }

  async raw(method: number, ...bytes: Uint8Array[]): Promise<Uint8Array> {
    const answer = await this.desk.call(this.#route + method, Buffer.concat(bytes));
    if (answer.status !== 0) throw new Error(`status ${answer.status}`);
    return answer.payload;
  }

  async bytes(operation: number, question: Uint8Array): Promise<Said> {
    return said(await this.raw(0, u32(operation), question));
  }

  ask(operation: number, ...fields: (string | null)[]): Promise<Said> {
    return this.bytes(operation, encodeFields(fields));
  }
}

const u32 = (...values: number[]): Uint8Array =>
  new Uint8Array(Uint32Array.from(values, (value) => value >>> 0).buffer);

function said(payload: Uint8Array): Said {
  const status = new DataView(payload.buffer, payload.byteOffset).getInt32(0, true);
  const body = payload.subarray(4);
  if (status < 0) return { status, fields: [Buffer.from(body).toString()] };
  return { status, fields: new Fields(body).rest() };
}

const FILE = 'file:data/app.db';

for (const lanes of [0, 1]) {
  test(`a change from its plan to its rows, --lanes ${lanes}`, async (t) => {
    const planner = await Planner.open(t, lanes);
    const info = await planner.ask(INFO, FILE);
    t.deepEqual([info.status, info.fields[0], info.fields[3]], [0, 'sqlite', 't']);
    t.deepEqual(await planner.ask(LEDGER, FILE, 'shop'), { status: 0, fields: [] });
    const step = 'create table t (id text not null primary key, n int4)';
    const row = ['1', 'hash', '0001_create_t.sql', `${step};`, 'model t'];
    const change = ['shop', 'h1', '0:', '1', step, '1', ...row];
    t.deepEqual(await planner.ask(PREPARE, FILE, ...change), { status: 0, fields: [] });
    t.deepEqual(await planner.ask(COMMIT, FILE, 'h1'), { status: 0, fields: [] });
    const ledger = await planner.ask(LEDGER, FILE, 'shop');
    t.deepEqual(ledger.fields.slice(0, 4), ['1', 'hash', '0001_create_t.sql', 'model t']);
    t.is(ledger.fields.length, 6);
    const late = await planner.ask(ROLLBACK, FILE, 'h1');
    t.deepEqual([late.status, late.fields[0]], [-S.FAILED_PRECONDITION, '`h1` is committed']);
    const rows = await planner.ask(
      QUERY,
      FILE,
      'select $1 as a, null as b, name from sqlite_schema where type = $2 order by name',
      'ü',
      'table',
    );
    t.deepEqual(rows, {
      status: 0,
      fields: ['3', 'ü', null, 'cell_build_migrations', 'ü', null, 't'],
    });
    const described = await planner.ask(
      DESCRIBE,
      FILE,
      'shop',
      `${step};`,
      '2',
      'select n from t where id = $1',
      'select m from t',
    );
    t.deepEqual(described.fields, [
      ...['t', 'select', 'f', '1', 'text', '', 'f', '27', '2'],
      ...['1', 'n', 'int4', 'shop.t.n', 't', '7', '1', '1', 'shop.t', 'read'],
      ...['f', 'no such column: m', '42703', '7', '1', 'n'],
    ]);
  });
}

test('hashes are those of the texts, and ask no database', async (t) => {
  const planner = await Planner.open(t, 0);
  const { fields } = await planner.ask(HASH, 'env:NOWHERE', '', 'abc');
  t.deepEqual(fields, [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  ]);
});

test('what is wrong is said in words, and ends nothing', async (t) => {
  const planner = await Planner.open(t, 0);
  const refuses = async (work: Promise<Said>, status: number, words: RegExp): Promise<void> => {
    const { status: is, fields } = await work;
    t.is(is, -status, String(fields[0]));
    t.regex(String(fields[0]), words);
  };
  await refuses(planner.ask(INFO, 'nowhere'), S.UNAVAILABLE, /`nowhere` names no database/);
  await refuses(planner.ask(INFO, 'file:../x'), S.UNAVAILABLE, /outside of the project/);
  await refuses(planner.ask(99, FILE), S.INVALID_ARGUMENT, /no operation 99/);
  await refuses(planner.ask(INFO, FILE, 'more'), S.INVALID_ARGUMENT, /malformed question/);
  await refuses(planner.ask(QUERY, FILE, 'select broken'), S.INVALID_ARGUMENT, /no such column/);
  await refuses(planner.ask(QUERY, FILE, 'create table x (a)'), S.FAILED_PRECONDITION, /readonly/);
  await refuses(planner.ask(COMMIT, FILE, 'h'), S.NOT_FOUND, /was not prepared here/);
  await refuses(planner.ask(DESCRIBE, FILE, 's', '', '9999'), S.INVALID_ARGUMENT, /than 4096/);
  await refuses(planner.ask(PREPARE, FILE, 's', 'h', '0:', '-1'), S.INVALID_ARGUMENT, /malformed/);
  await refuses(planner.bytes(INFO, new Uint8Array()), S.INVALID_ARGUMENT, /malformed/);
  t.is((await planner.ask(INFO, FILE)).status, 0);
});

test('pointers that lead nowhere, and questions that are too large', async (t) => {
  const planner = await Planner.open(t, 0);
  const wild = async (at: number, length: number): Promise<Said> =>
    said(await planner.raw(1, u32(HASH, at, length)));
  t.is((await wild(0xfffffff0, 100)).status, -S.INVALID_ARGUMENT);
  t.is((await wild(0, 0xffffffff)).status, -S.INVALID_ARGUMENT);
  t.is((await wild(320 * 65536, 1)).status, -S.INVALID_ARGUMENT);
  const large = await wild(0, QUESTION_BYTES + 1);
  t.is(large.status, -S.RESOURCE_EXHAUSTED);
  t.is((await wild(320 * 65536, 0)).status, -S.INVALID_ARGUMENT);
  const taken = new DataView((await planner.raw(2, u32(0))).buffer.slice(0));
  t.is(taken.byteLength >= 4, true);
  await planner.ask(HASH, 'x', 'y');
  const wildTake = await planner.raw(2, u32(0xffffffff));
  t.is(new DataView(wildTake.buffer, wildTake.byteOffset).getInt32(0, true), -S.INVALID_ARGUMENT);
});

test('any bytes as a question', async (t) => {
  const seed = Number(process.env.CELL_SEED ?? Date.now() % 1_000_000);
  t.log(`seed ${seed}`);
  let state = seed;
  const next = (most: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % most;
  };
  const planner = await Planner.open(t, 0);
  const good = encodeFields([FILE, 'shop', 'h', '0:', '1', 'create table q (a)', '0']);
  for (let i = 0; i < 300; i++) {
    const bytes = good.slice(0, next(4) === 0 ? next(good.length) : good.length);
    for (let flips = next(4); flips > 0 && bytes.length > 0; flips--) {
      bytes[next(bytes.length)] = next(256);
    }
    const { status } = await planner.bytes(next(10), bytes);
    t.true(status <= 0 && status >= -16, `seed ${seed}, question ${i}`);
  }
  t.is((await planner.ask(INFO, FILE)).status, 0);
});

test('without the grant the module is refused', (t) => {
  const cell = readModule(makeCell(CELL), 'planner.wasm');
  t.throws(() => admit(cell, { grants: {} }), {
    message:
      /imports cell:database.ask, which needs the capability database; grant it .*database: true/,
  });
  t.notThrows(() => admit(cell, { grants: { database: true } }));
});
