// Targets: what names a database, what is refused and in which words, and that no password ever
// stands in a text for people.
import test from 'ava';
import { TargetError } from '../../host/database/target-error.ts';
import {
  clientConfig,
  describeTarget,
  grantedTarget,
  resolveTarget,
} from '../../host/database/targets.ts';

const project = '/projects/shop';
const place = (env: NodeJS.ProcessEnv = {}) => ({ project, env });
const SECRET = 'hunter2-%2Fx';

test('default is DATABASE_URL where it is set, else the embedded one', (t) => {
  const url = `postgres://app:${SECRET}@db.example.com:6000/shop`;
  const server = resolveTarget('default', place({ DATABASE_URL: url }));
  t.like(server, { engine: 'postgres', kind: 'server', from: 'DATABASE_URL' });
  t.like(resolveTarget('default', place()), { kind: 'embedded', project });
  t.like(resolveTarget('default', place({ DATABASE_URL: '' })), { kind: 'embedded' });
});

test('a connection string is read as libpq reads it', async (t) => {
  const read = async (url: string) => clientConfig(resolveTarget('env:U', place({ U: url })));
  t.like(await read(`postgres://app:${SECRET}@db.example.com:6000/shop`), {
    ...{ host: 'db.example.com', port: 6000, user: 'app', password: 'hunter2-/x' },
    ...{ database: 'shop', ssl: false, application_name: 'cell' },
  });
  t.like(await read('postgresql://h/d?options=-c%20a%3Db&application_name=x&connect_timeout=3'), {
    ...{ host: 'h', port: 5432, options: '-c a=b', application_name: 'x' },
    connectionTimeoutMillis: 3000,
  });
  t.like(await read('postgres://a@[::1]:1/d'), { host: '::1', port: 1 });
  t.like(await read('postgres:///d?host=/run/pg&user=me'), { host: '/run/pg', user: 'me' });
  t.like(await read('postgres://me@/d?host=/run/pg&port=7'), {
    host: '/run/pg',
    user: 'me',
    port: 7,
  });
  t.like(await read('postgres://me@h'), { database: 'me' });
  t.like(await read('postgres://h/d?sslmode=require'), { ssl: { rejectUnauthorized: false } });
  const full = await read('postgres://h/d?sslmode=verify-full');
  t.like(full.ssl as object, { rejectUnauthorized: true });
  t.false('checkServerIdentity' in (full.ssl as object));
});

test('what is no connection string is refused without being repeated', (t) => {
  const wrong: [string, RegExp][] = [
    ['hunter2', /^DATABASE_URL is no connection string$/],
    ['mysql://a:hunter2@h/d', /scheme `mysql:`, which is not PostgreSQL's/],
    ['postgres://a:hunter2@h:port/d', /cannot be read/],
    ['postgres://a:hun%ter2@h/d', /`%` that is not followed/],
    ['postgres://h/d?sslmode=hunter2', /sslmode that is none of disable/],
    ['postgres://h/d?port=70000', /no port number/],
    ['postgres://h/d?connect_timeout=soon', /connect_timeout that is no number/],
    ['postgres://h/d?ssl=1', /an option `ssl`, which is not known/],
    ['postgres://h/d?a?hunter2=1', /has an option, which is not known/],
    ['postgres://h/d?sslmode=require&sslcert=/hunter2', /a file in sslcert that cannot be read/],
  ];
  for (const [url, words] of wrong) {
    const error = t.throws(() => resolveTarget('default', place({ DATABASE_URL: url })), {
      instanceOf: TargetError,
      message: words,
    });
    t.false(`${error.message} ${error.fix} ${error.stack}`.includes('hunter2'), url);
    t.not(error.fix, '');
  }
});

test('variables and files are judged by their names', (t) => {
  const refuse = (text: string, message: RegExp): void => {
    t.throws(() => resolveTarget(text, place()), { instanceOf: TargetError, message });
  };
  refuse('env:NOT_SET', /environment variable NOT_SET is not set/);
  refuse('env:a b', /`a b` is no name/);
  refuse('postgres://h/d', /names no database/);
  refuse('file:', /names no file/);
  refuse('file:.', /names no file/);
  refuse('file:../shop2/a.db', /lies outside of the project/);
  refuse('file:/etc/passwd', /lies outside of the project/);
  refuse('file:a\0b', /names no file/);
  t.like(resolveTarget('file:data/../app.db', place()), { shown: 'app.db', engine: 'sqlite' });
});

test('a grant says where, when it does', (t) => {
  const url = 'postgres://h/d';
  t.like(grantedTarget('default', { url }, place()), { kind: 'server', from: 'cell.config.ts' });
  t.like(grantedTarget('default', { url: { env: 'U' } }, place({ U: url })), { from: 'U' });
  t.like(grantedTarget('default', { file: 'a.db' }, place()), { kind: 'file', shown: 'a.db' });
  t.like(grantedTarget('default', {}, place()), { kind: 'embedded' });
  t.throws(() => grantedTarget('default', { url, file: 'a' }, place()), { message: /has both/ });
});

test('descriptions for people have no user and no password', (t) => {
  const told = (text: string, env: NodeJS.ProcessEnv = {}): string =>
    describeTarget(resolveTarget(text, place(env)));
  const url = `postgres://app:${SECRET}@db.example.com/shop`;
  t.is(told('env:URL', { URL: url }), 'PostgreSQL at db.example.com:5432, database shop (URL)');
  t.is(told('default'), 'the embedded PostgreSQL in .cell/data/postgres');
  t.is(told('file:a/b.db'), 'SQLite in a/b.db');
});
