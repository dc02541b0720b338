// What cell.config.ts may grant: sql, kv and database. Wrong keys are named with the nearest right
// one, secrets are never shown, files become absolute; and what the project's lock approves.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { type Config, ConfigError, checkConfig, loadConfig } from '../../host/cell/config.ts';
import { withApproved } from '../../host/cell/config-grants.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');

const granted = (grants: object): object => ({ grants: { shop: grants } });

function refused(grants: object): string {
  try {
    checkConfig(granted(grants));
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'it was taken';
}

test('everything that may be granted', (t) => {
  const good: object[] = [
    { sql: {} },
    { sql: { url: 'postgres://u:p@db.example/shop?sslmode=require' } },
    { sql: { url: { env: 'SHOP_DB' }, connections: 1, timeoutMs: 1 } },
    { sql: { url: 'postgresql://h/d', connections: 100, timeoutMs: 3_600_000, raw: true } },
    { sql: { file: './shop.sqlite', read: ['public.orders', 'Other.T$1'] } },
    { sql: { keys: [KEY, { env: 'OLD_KEY' }, { file: 'keys/first' }] } },
    { kv: {} },
    { kv: { file: 'kv.sqlite' } },
    { kv: { redis: 'rediss://cache.example:6380/1' } },
    { kv: { redis: { env: 'REDIS_URL' } } },
    { database: true },
  ];
  for (const one of good) t.notThrows(() => checkConfig(granted(one)), JSON.stringify(one));
});

test('what is wrong is said with its path, and what would be right', (t) => {
  const cases: [object, RegExp][] = [
    [{ sqls: {} }, /grants\.shop\.sqls: there is no such key; did you mean `sql`\?/],
    [{ kvs: {} }, /did you mean `kv`/],
    [{ databases: true }, /did you mean `database`/],
    [{ project: '/' }, /grants\.shop\.project: there is no such key/],
    [{ sql: { urls: 'x' } }, /grants\.shop\.sql\.urls: .* did you mean `url`/],
    [{ sql: { connections: 0 } }, /connections: expected a whole number from 1 to 100, got 0/],
    [{ sql: { connections: 101 } }, /from 1 to 100, got 101/],
    [{ sql: { timeoutMs: 3_600_001 } }, /from 1 to 3600000/],
    [{ sql: { raw: 'yes' } }, /raw: expected true or false/],
    [{ sql: { read: ['orders'] } }, /read\[0\]: expected a table with its schema/],
    [{ sql: { read: ['public.a;b'] } }, /such as public\.orders/],
    [{ sql: { url: 'postgres://h/d', file: 'x' } }, /give `url` .* or `file` .*, not both/],
    [{ sql: { url: { env: 'A-B' } } }, /url\.env: expected the name of a variable/],
    [{ sql: { url: { env: 'A', or: 'B' } } }, /url\.or: there is no such key/],
    [{ sql: { keys: [] } }, /keys: expected 1 to 16 keys/],
    [{ sql: { keys: Array(17).fill(KEY) } }, /keys: expected 1 to 16 keys/],
    [{ sql: { keys: [{ file: 7 }] } }, /keys\[0\]\.file: expected a text/],
    [{ kv: { file: 'a', redis: 'redis://h' } }, /give `file` or `redis`, not both/],
    [{ kv: { redis: 'http://h' } }, /redis: expected redis:\/\/\.\.\..*begins with http:/],
    [{ database: false }, /database: expected true, or no such key, got false/],
  ];
  for (const [value, expected] of cases) t.regex(refused(value), expected, JSON.stringify(value));
});

test('no error shows a secret', (t) => {
  const secret = 'hunter2hunter2';
  const cases: object[] = [
    { sql: { url: `mysql://root:${secret}@h/d` } },
    { sql: { url: secret } },
    { sql: { url: [`postgres://root:${secret}@h/d`] } },
    { sql: { url: { value: secret } } },
    { sql: { keys: [secret] } },
    { sql: { keys: [[secret]] } },
    { kv: { redis: `http://:${secret}@h` } },
  ];
  for (const one of cases) {
    const said = refused(one);
    t.regex(said, /^cell\.config\.ts\.grants\.shop\.(sql|kv)/);
    t.false(said.includes(secret), said);
  }
});

test('files are relative to the configuration, wherever the host starts', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-grants-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const config: Config = {
    grants: {
      shop: { sql: { file: 'a.sqlite', keys: [{ file: 'k' }, KEY] }, kv: { file: 'b.sqlite' } },
      till: { sql: { url: { env: 'URL' } }, kv: { redis: { env: 'R' } }, blob: { root: 'd' } },
    },
  };
  const text = `export default ${JSON.stringify(config)};`;
  fs.writeFileSync(path.join(folder, 'cell.config.ts'), text);
  const at = (name: string): string => path.join(folder, name);
  t.deepEqual((await loadConfig(folder)).grants, {
    shop: {
      sql: { file: at('a.sqlite'), keys: [{ file: at('k') }, KEY] },
      kv: { file: at('b.sqlite') },
    },
    till: {
      ...{ sql: { url: { env: 'URL' } }, kv: { redis: { env: 'R' } }, blob: { root: at('d') } },
    },
  });
});

test('what people have approved is granted, with what the configuration says of it', (t) => {
  const none = withApproved({}, [], '/p');
  t.deepEqual(none, { project: '/p' });
  t.deepEqual(withApproved({}, ['blob', 'call:ledger', 'kv', 'sql'], '/p'), {
    ...{ project: '/p', call: ['ledger'], sql: {}, kv: {} },
  });
  const mine = { sql: { connections: 2, raw: false }, call: ['a'] };
  t.deepEqual(withApproved(mine, ['call:b', 'sql', 'sql:raw'], '/p'), {
    ...{ project: '/p', call: ['a', 'b'], sql: { connections: 2, raw: false } },
  });
  t.deepEqual(withApproved({}, ['sql', 'sql:raw'], '/p').sql, { raw: true });
  t.is(withApproved({}, ['database'], '/p').database, undefined, 'nobody approves that');
});
