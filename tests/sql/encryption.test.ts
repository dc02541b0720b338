// Encrypted columns: what the database holds, what is refused, where keys come from, how they are
// turned. Nothing here may put a plaintext into an error.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import * as S from '../../assembly/shared/status.ts';
import { Cipher, CipherError } from '../../host/capability/sql/encryption.ts';
import { KEY_BYTES, KeyError, keyFile, keysOf, readKey } from '../../host/capability/sql/keys.ts';
import { ROTATE_ROWS, rotate } from '../../host/capability/sql/rotation.ts';
import { readServerUrl } from '../../host/database/connection-url.ts';
import { grantedTarget } from '../../host/database/targets.ts';
import type { SqlManifest } from '../../host/schema/types.ts';
import { Desk } from '../lane/desk.ts';
import { answersOf, rowsOf, type Step, script, scriptModule, sqlManifest } from './script-cell.ts';
import { type PostgresServer, postgresVersions, startPostgres } from './servers.ts';

const COLUMN = 'script.users.phone';
const newKey = (): string => randomBytes(KEY_BYTES).toString('base64');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-keys-'));
test.after.always(() => fs.rmSync(folder, { recursive: true, force: true }));

test('a value comes back, and no two ciphertexts are alike', (t) => {
  const cipher = new Cipher([readKey(newKey(), 'k')]);
  const seen = new Set<string>();
  for (const size of [0, 1, 15, 16, 17, 4096, 1 << 20]) {
    const plain = randomBytes(size);
    for (let i = 0; i < (size > 5000 ? 1 : 80); i++) {
      const bytes = cipher.encrypt(plain, COLUMN);
      t.is(bytes.length, 1 + 4 + 12 + size + 16);
      seen.add(bytes.subarray(5, 17).toString('hex'));
      if (i === 0) t.true(cipher.decrypt(bytes, COLUMN).equals(plain));
    }
  }
  t.is(seen.size, 6 * 80 + 1, 'nonces');
});

test('every changed bit, a cut, another column, another key are refused, without a value', (t) => {
  const [one, two] = [readKey(newKey(), '1'), readKey(newKey(), '2')];
  const cipher = new Cipher([one]);
  const bytes = cipher.encrypt(Buffer.from('SECRET'), COLUMN);
  const refused = (value: Buffer, column: string, with_: Cipher, words: RegExp): void => {
    const error = t.throws(() => with_.decrypt(value, column), { instanceOf: CipherError });
    t.regex(error?.message ?? '', words);
    t.notRegex(error?.message ?? '', /SECRET/);
  };
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >>> 3] ^= 1 << (bit & 7);
    refused(changed, COLUMN, cipher, /script\.users\.phone/);
  }
  for (let size = 0; size < bytes.length; size++) {
    refused(bytes.subarray(0, size), COLUMN, cipher, /phone/);
  }
  refused(bytes, 'script.users.mail', cipher, /mail.*was changed.*or moved/);
  refused(bytes, COLUMN, new Cipher([two]), /a key that is not here; add it to sql\.keys/);
  t.is(new Cipher([two, one]).decrypt(bytes, COLUMN).toString(), 'SECRET');
});

test('keys: texts, variables, files, the one of the project', (t) => {
  const [a, b] = [newKey(), newKey()];
  const file = path.join(folder, 'key');
  fs.writeFileSync(file, `${b}\n`);
  const keys = keysOf({ keys: [a, { env: 'K' }, { file }] }, folder, { K: newKey() });
  t.deepEqual(keys[0].secret.toString('base64'), a);
  t.deepEqual(keys[2].secret.toString('base64'), b);
  const wrong = (list: object[] | string[], words: RegExp): void => {
    const error = t.throws(() => keysOf({ keys: list as never }, folder, {}), {
      instanceOf: KeyError,
    });
    t.regex(error?.message ?? '', words);
    t.notRegex(error?.message ?? '', /c2hvcnQ/);
  };
  wrong(['c2hvcnQ='], /sql\.keys\[0\] is no key: 32 bytes as base64/);
  wrong([`${a}!`], /is no key/);
  wrong([{ env: 'LOST' }], /the variable LOST is not set/);
  wrong([{ file: path.join(folder, 'lost') }], /cannot be read \(ENOENT\)/);
  wrong([a, a], /one key twice/);
  const [first] = keysOf({}, folder);
  const [second] = keysOf({ keys: [] }, folder);
  t.deepEqual(first, second);
  t.is(fs.statSync(keyFile(folder)).mode & 0o777, 0o600);
  t.deepEqual(fs.readdirSync(path.dirname(keyFile(folder))), ['sql']);
});

const INSERT = 'insert into users (id, phone) values ($1, $2)';
const PHONE = 'select id, phone from users where id = $1';
const MANIFEST: SqlManifest = sqlManifest([
  { text: INSERT },
  { text: PHONE, columns: ['id', 'phone'] },
]);
for (const { text, params, columns } of MANIFEST.statements) {
  if (text === INSERT) params[1] = { type: 'bytea', encrypted: COLUMN };
  else columns[1] = { type: 'bytea', name: 'phone', encrypted: COLUMN };
}

const [version] = postgresVersions(test);
let server: PostgresServer;
test.before(async () => {
  if (version !== undefined) server = await startPostgres(version);
});
test.after.always(() => server?.stop());
const onServer = version === undefined ? test.skip : test.serial;

async function admin(sql: string): Promise<unknown[][]> {
  const client = new pg.Client(readServerUrl(server.url, 'test'));
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows as unknown[][];
  } finally {
    await client.end();
  }
}

/** A lane with these keys; runs steps, gives what each said: rows, or words. */
async function withKeys(t: ExecutionContext, keys: string[]) {
  const desk = await Desk.open(t, { lanes: 0 });
  desk.session(1);
  const route = await desk.loadBytes(scriptModule({}, MANIFEST), {
    sql: { url: server.url, keys },
    project: folder,
  });
  return async (...steps: Step[]) => {
    const answer = await desk.call(route, script(steps));
    return answersOf(answer.payload).map(({ status, bytes }) =>
      status === 0 ? rowsOf(bytes).rows : `${status} ${Buffer.from(bytes).toString()}`,
    );
  };
}

async function fresh(): Promise<void> {
  await admin('drop schema if exists script cascade');
  await admin('create schema script');
  await admin('create table script.users (id text primary key, phone bytea, other bytea)');
}

onServer('a cell reads what it wrote, and the database has only ciphertext', async (t) => {
  await fresh();
  const run = await withKeys(t, [newKey()]);
  const long = 'tel '.repeat(20_000);
  const got = await run(
    { run: INSERT, args: ['1', '+43 1 SECRET'] },
    { run: INSERT, args: ['2', null] },
    { run: INSERT, args: ['3', ''] },
    { run: INSERT, args: ['4', long] },
    ...['1', '2', '3', '4'].map((id) => ({ run: PHONE, args: [id] })),
  );
  t.deepEqual(got.slice(4), [[['1', '+43 1 SECRET']], [['2', null]], [['3', '']], [['4', long]]]);
  const rows = await admin('select phone from script.users order by id');
  const stored = rows.map(([bytes]) => bytes as Buffer | null);
  t.is(stored[0]?.[0], 1);
  t.is(stored[0]?.length, 33 + '+43 1 SECRET'.length);
  t.false(stored[0]?.includes('SECRET'));
  t.is(stored[1], null);
});

onServer('tampering, swapped columns, lost keys are INTERNAL with words', async (t) => {
  await fresh();
  const run = await withKeys(t, [newKey()]);
  await run({ run: INSERT, args: ['1', 'SECRET-A'] }, { run: INSERT, args: ['2', 'SECRET-B'] });
  await admin(
    "update script.users set phone = set_byte(phone, 20, get_byte(phone, 20) # 1) where id = '1'",
  );
  const [changed, whole] = await run({ run: PHONE, args: ['1'] }, { run: PHONE, args: ['2'] });
  t.regex(String(changed), /^-13 `script\.users\.phone` was changed since it was stored/);
  t.deepEqual(whole, [['2', 'SECRET-B']]);
  await admin("update script.users set phone = 'plain'::bytea where id = '1'");
  const [plain] = await run({ run: PHONE, args: ['1'] });
  t.regex(String(plain), /holds what was not encrypted here/);
  const other = await withKeys(t, [newKey()]);
  const [lost] = await other({ run: PHONE, args: ['2'] });
  t.regex(String(lost), /^-13 .*a key that is not here/);
  const broken = await withKeys(t, ['AAAA']);
  const [unkeyed] = await broken({ run: INSERT, args: ['9', 'SECRET'] });
  t.regex(String(unkeyed), /^-13 sql\.keys\[0\] is no key/);
  t.is(S.INTERNAL, 13);
});

onServer('keys are turned in batches, and a second run finds nothing to do', async (t) => {
  await fresh();
  const [old, young] = [newKey(), newKey()];
  const count = ROTATE_ROWS * 2 + 7;
  const before = new Cipher([readKey(old, 'old')]);
  const client = new pg.Client(readServerUrl(server.url, 'test'));
  await client.connect();
  for (let i = 0; i < count; i++) {
    const phone = i === 3 ? null : before.encrypt(Buffer.from(`tel ${i}`), COLUMN);
    await client.query('insert into script.users (id, phone) values ($1, $2)', [String(i), phone]);
  }
  await client.end();
  const target = grantedTarget('default', { url: server.url }, { project: folder, env: {} });
  const both = new Cipher([readKey(young, 'young'), readKey(old, 'old')]);
  t.deepEqual(await rotate(target, MANIFEST, both), [{ column: COLUMN, values: count - 1 }]);
  t.deepEqual(await rotate(target, MANIFEST, both), [{ column: COLUMN, values: 0 }]);
  const run = await withKeys(t, [young]);
  t.deepEqual(await run({ run: PHONE, args: ['8'] }), [[['8', 'tel 8']]]);
  await t.throwsAsync(rotate(target, MANIFEST, new Cipher([readKey(newKey(), 'third')])), {
    instanceOf: CipherError,
  });
  t.deepEqual(await run({ run: PHONE, args: ['8'] }), [[['8', 'tel 8']]], 'nothing was lost');
  // A renamed column keeps the text that its values are bound to.
  await admin('alter table script.users rename column phone to mobile');
  const RENAMED = 'select u.id, u.mobile from users u where u.id = $1';
  const sql = sqlManifest([{ text: RENAMED, columns: ['id', 'mobile'] }]);
  sql.statements[0].columns[1] = { type: 'bytea', name: 'mobile', encrypted: COLUMN };
  const again = new Cipher([readKey(old, 'old'), readKey(young, 'young')]);
  const values = count - 1;
  t.deepEqual(await rotate(target, sql, again), [{ column: 'script.users.mobile', values }]);
});

test('keys are turned in a file of SQLite', async (t) => {
  const file = path.join(folder, 'keys.db');
  const database = new DatabaseSync(file);
  database.exec('create table users (id text primary key, phone blob)');
  const [young, old] = [readKey(newKey(), 'young'), readKey(newKey(), 'old')];
  const put = database.prepare('insert into users values (?, ?)');
  const before = new Cipher([old]);
  for (let i = 0; i < ROTATE_ROWS + 3; i++) {
    put.run(String(i), i === 1 ? null : before.encrypt(Buffer.from(`tel ${i}`), COLUMN));
  }
  const target = grantedTarget('file:keys.db', {}, { project: folder, env: {} });
  const values = ROTATE_ROWS + 2;
  t.deepEqual(await rotate(target, MANIFEST, new Cipher([young, old])), [
    { column: COLUMN, values },
  ]);
  const { phone } = database.prepare("select phone from users where id = '7'").get() as {
    phone: Uint8Array;
  };
  t.is(new Cipher([young]).decrypt(phone, COLUMN).toString(), 'tel 7');
  await t.throwsAsync(rotate(target, MANIFEST, new Cipher([old])), { instanceOf: CipherError });
  database.close();
});
