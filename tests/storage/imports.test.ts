// The imports of `cell:kv` as a hostile module calls them: pointers outside, fields that it does
// not keep, sizes at their limits, snapshots at the wrong time.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import * as S from '../../assembly/shared/status.ts';
import { KV_CALL_BYTES, KV_KEY_BYTES, KV_VALUE_BYTES } from '../../host/capability/kv/contract.ts';
import { ModuleError, readCell } from '../../host/cell/module.ts';
import { makeCell, type WatCell } from '../lane/cells.ts';
import { Desk, messageOf } from '../lane/desk.ts';
import * as K from './keeper.ts';

const PAGES = 1536;
const END = PAGES * 65536;

/** Calls an import with the payload's words; replies its result as i64. */
const probe: WatCell = {
  name: 'probe',
  actor: true,
  memory: `${PAGES} ${PAGES}`,
  persisted: K.FIELDS,
  imports: K.KV_IMPORTS,
  alloc: '(i32.const 8192)',
  extra: '(data (i32.const 16) "n") (data (i32.const 20) "other") (data (i32.const 32) "\\ff\\fe")',
  methods: [
    ['put', '(i64.extend_i32_s (call $put', 6],
    ['remove', '(i64.extend_i32_s (call $remove', 4],
    ['load', '(call $load', 2],
    ['take', '(i64.extend_i32_s (call $take', 1],
    ['error', '(i64.extend_i32_s (call $error', 0],
  ].map(([name, call, words]) => ({
    name: String(name),
    tier: 'waiting' as const,
    body: `(i64.store (i32.const 64) ${call} ${Array.from(
      { length: Number(words) },
      (_, i) => `(i32.load offset=${4 * i} (local.get $ptr))`,
    ).join(' ')})${name === 'load' ? '' : ')'}) (i64.const 0x4000000008)`,
  })),
};

const [PUT, REMOVE, LOAD, TAKE, ERROR] = [0, 1, 2, 3, 4];

async function open(t: Parameters<typeof Desk.open>[0]) {
  const store = new K.MemoryStore();
  const desk = await Desk.open(t, { lanes: 0, drivers: K.storing({ probe: store }) });
  desk.session(1);
  const route = await desk.load(probe, { kv: {} });
  const call = async (method: number, ...words: number[]): Promise<number> => {
    const payload = Buffer.from(Int32Array.from(words).buffer);
    const answer = await desk.call(route + method, payload);
    if (answer.status !== 0) throw new Error(`${answer.status} ${messageOf(answer)}`);
    return Number(Buffer.from(answer.payload).readBigInt64LE());
  };
  return { store, call };
}

test('pointers outside are refused, those at the end are not', async (t) => {
  const { call, store } = await open(t);
  t.is(await call(PUT, 16, 1, END - 4, 4, END - 4, 4), 0);
  t.is(await call(PUT, 16, 1, END, 0, END, 0), 0);
  for (const [at, bytes] of [
    [END - 4, 5],
    [END + 1, 0],
    [-1, 1],
    [-8, -8],
    [16, -2],
  ]) {
    t.is(await call(PUT, 16, 1, at, bytes, 0, 0), -S.INVALID_ARGUMENT, `key ${at} ${bytes}`);
    t.is(await call(PUT, 16, 1, 0, 0, at, bytes), -S.INVALID_ARGUMENT, `value ${at} ${bytes}`);
    t.is(await call(REMOVE, 16, 1, at, bytes), -S.INVALID_ARGUMENT, `remove ${at} ${bytes}`);
    t.true((await call(PUT, at, bytes, 0, 0, 0, 0)) < 0, `name ${at} ${bytes}`);
    t.true((await call(LOAD, at, bytes)) < 0, `load ${at} ${bytes}`);
  }
  t.is(await call(REMOVE, 16, 1, -1, -1), 0, 'all keys: where the key stands does not matter');
  t.is(store.fields.get(0)?.entries.size, 0);
});

test('fields that the module does not keep', async (t) => {
  const { call, store } = await open(t);
  for (const [at, bytes] of [
    [20, 5],
    [32, 2],
    [16, 0],
    [16, 2],
  ]) {
    t.is(await call(PUT, at, bytes, 0, 0, 0, 0), -S.PERMISSION_DENIED);
    t.is(await call(REMOVE, at, bytes, 0, 0), -S.PERMISSION_DENIED);
    t.is(await call(LOAD, at, bytes), -S.PERMISSION_DENIED);
  }
  t.is(store.commits, 0);
});

test('keys and values at their limits, and one byte more; what one call writes', async (t) => {
  const { call } = await open(t);
  t.is(await call(PUT, 16, 1, 0, KV_KEY_BYTES, 0, 0), 0);
  t.is(await call(PUT, 16, 1, 0, KV_KEY_BYTES + 1, 0, 0), -S.RESOURCE_EXHAUSTED);
  t.is(await call(REMOVE, 16, 1, 0, KV_KEY_BYTES), 0);
  t.is(await call(REMOVE, 16, 1, 0, KV_KEY_BYTES + 1), -S.RESOURCE_EXHAUSTED);
  t.is(await call(PUT, 16, 1, 0, 0, 0, KV_VALUE_BYTES), 0);
  t.is(await call(PUT, 16, 1, 0, 0, 0, KV_VALUE_BYTES + 1), -S.RESOURCE_EXHAUSTED);
  t.true(KV_CALL_BYTES >= 2 * KV_VALUE_BYTES);
});

test('snapshots are for start(): words say so, and are taken once', async (t) => {
  const { call } = await open(t);
  t.is(await call(ERROR), 0);
  t.is(await call(LOAD, 16, 1), -S.FAILED_PRECONDITION);
  const bytes = await call(ERROR);
  t.true(bytes > 10);
  t.is(await call(TAKE, END - 2), -S.INVALID_ARGUMENT, 'they stay until they fit');
  t.is(await call(TAKE, 1024), bytes);
  t.is(await call(TAKE, 1024), 0);
  t.is(await call(ERROR), 0);
});

test('without the grant the module is not loaded, and the error says what to write', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-kv-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'probe.wasm');
  fs.writeFileSync(file, makeCell(probe));
  const place = { firstRoute: 0, index: 0 };
  const error = t.throws(() => readCell(file, place, { grants: {}, pages: PAGES }), {
    instanceOf: ModuleError,
  });
  t.regex(error?.message ?? '', /needs the capability kv; grant it.*probe: \{ kv: \{\} \}/);
});
