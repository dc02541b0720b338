// The store in a file of SQLite: the suite of all stores, and what can be wrong with a file.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import { FAILED_PRECONDITION, UNAVAILABLE } from '../../assembly/shared/status.ts';
import { isFailure, type KvFailure, PUT, TYPE } from '../../host/capability/kv/contract.ts';
import { SqliteStore } from '../../host/capability/kv/sqlite-store.ts';
import { DESK_BYTES } from '../../host/capability/kv/sqlite-thread.ts';
import { batchOf, conformance, read } from './stores.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-kv-'));
test.after.always(() => fs.rmSync(root, { recursive: true, force: true }));
let files = 0;
const fresh = (): string => path.join(root, `${files++}`, 'cell.sqlite');

conformance(test, 'sqlite', async () => {
  const file = fresh();
  return { open: (fields = ['n', 'm']) => new SqliteStore({ file, fields }) };
});

const open = (file: string, pages?: number): SqliteStore =>
  new SqliteStore({ file, fields: ['n', 'm'], ...(pages === undefined ? {} : { pages }) });

const failure = (value: unknown): KvFailure => {
  if (!isFailure(value)) throw new Error('it did not fail');
  return value;
};

test('a file that is none of ours, is damaged, or is newer is refused with words', async (t) => {
  const text = fresh();
  fs.mkdirSync(path.dirname(text));
  fs.writeFileSync(text, 'dear diary '.repeat(1000));
  const other = fresh();
  fs.mkdirSync(path.dirname(other));
  const db = new DatabaseSync(other);
  db.exec('create table mine (x); insert into mine values (1)');
  db.close();
  const newer = fresh();
  const store = open(newer);
  await store.load(0);
  await store.close();
  const raised = new DatabaseSync(newer);
  raised.exec('pragma user_version = 99');
  raised.close();
  for (const [file, words] of [
    [text, /is no store of a cell; move it away/],
    [other, /is no store of a cell; move it away/],
    [newer, /was written by a newer host \(format 99, this one knows 1\)/],
  ] as const) {
    const { status, text: said } = failure(await open(file).load(0));
    t.is(status, FAILED_PRECONDITION);
    t.regex(said, words);
  }
  t.is(fs.readFileSync(text, 'utf8').length, 11_000, 'nothing was written to it');
});

test('a damaged page is told when the field is loaded', async (t) => {
  const file = fresh();
  const store = open(file);
  const large = 'x'.repeat(100_000);
  await store.commit(batchOf([TYPE, 0, '', 't'], [PUT, 0, 'k', large], [PUT, 0, 'l', large]));
  await store.close();
  const bytes = fs.readFileSync(file);
  bytes.fill(0xee, 4096, bytes.length - 4096);
  fs.writeFileSync(file, bytes);
  const { status, text } = failure(await open(file).load(0));
  t.is(status, FAILED_PRECONDITION);
  t.regex(text, /is damaged; put a copy of it in its place/);
});

test('a file that can only be read: loads, and refuses to write', async (t) => {
  const file = fresh();
  const store = open(file);
  await store.commit(batchOf([TYPE, 0, '', 't'], [PUT, 0, 'k', 'v']));
  await store.close();
  // As a later SQLite would mark it, whose changes this one must not make.
  const bytes = fs.readFileSync(file);
  bytes[18] = 9;
  fs.writeFileSync(file, bytes);
  const { status, text } = failure(await open(file).commit(batchOf([PUT, 0, 'k', 'w'])));
  t.is(status, UNAVAILABLE);
  t.regex(text, /can only be read/);
});

test('a full disk: the batch fails whole, and there is room again later', async (t) => {
  const file = fresh();
  const small = open(file, 20);
  t.is(await small.commit(batchOf([TYPE, 0, '', 't'], [PUT, 0, 'k', 'v'])), null);
  const much = batchOf([PUT, 0, 'k', 'w'], [PUT, 0, 'l', 'x'.repeat(200_000)]);
  const { status, text } = failure(await small.commit(much));
  t.is(status, UNAVAILABLE);
  t.regex(text, /the disk is full/);
  t.deepEqual(await read(t, small, 0), ['k=v']);
  t.is(await small.commit(batchOf([PUT, 0, 'k', 'w'])), null);
  t.deepEqual(await read(t, small, 0), ['k=w']);
  await small.close();
});

test('a place that cannot be: below a file, or a folder itself', async (t) => {
  const file = path.join(root, 'plain');
  fs.writeFileSync(file, '');
  t.is(failure(await open(path.join(file, 'cell.sqlite')).load(0)).status, UNAVAILABLE);
  const folder = path.join(root, 'folder.sqlite');
  fs.mkdirSync(folder);
  const { text } = failure(await open(folder).load(0));
  t.regex(text, /cannot be opened; is its folder there, and writable\?/);
});

test('batches as large as the desk, and one byte larger', async (t) => {
  const store = open(fresh());
  await store.commit(batchOf([TYPE, 0, '', 't']));
  for (const bytes of [DESK_BYTES - 17, DESK_BYTES - 16, DESK_BYTES, 4 * DESK_BYTES]) {
    t.is(await store.commit(batchOf([PUT, 0, 'k', new Uint8Array(bytes).fill(7)])), null);
    const [entry] = await read(t, store, 0);
    t.is(entry.length, bytes + 2);
  }
  await store.close();
});

test('what was asked is answered in its order, however much at once', async (t) => {
  const store = open(fresh());
  const done: number[] = [];
  await store.commit(batchOf([TYPE, 0, '', 't']));
  const commits = Array.from({ length: 200 }, (_, i) =>
    store.commit(batchOf([PUT, 0, 'k', String(i)])).then(() => done.push(i)),
  );
  const between = read(t, store, 0);
  await Promise.all(commits);
  t.deepEqual(await between, ['k=199']);
  t.deepEqual(
    done,
    done.map((_, i) => i),
  );
  await store.close();
});
