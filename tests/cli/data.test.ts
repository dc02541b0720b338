// Data as a user has it: tables, a transaction and an encrypted column in one service, built and
// served by the verbs on the embedded PostgreSQL; the next migration; what `cell db` shows; keys
// that are turned while the values stay what they are.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { openAdmin } from '../../host/database/open.ts';
import { resolveTarget } from '../../host/database/targets.ts';
import { end, Project } from './program.ts';

process.env.CELL_PGLITE_IDLE_MS = '1000';

const directory = (more = ''): string => `
@Postgres.table({ name: "users" })
export class User {
  @Postgres.primaryKey id: i32 = 0;
  @Postgres.index({ unique: true }) email: string = "";
  @Postgres.encrypted phone: string | null = null;
  ${more}
}
@service
class Directory {
  @Postgres.transaction
  signUp(id: i32, email: string, phone: string): i64 {
    const user = new User();
    user.id = id;
    user.email = email;
    user.phone = phone;
    user.insert();
    return User.count();
  }
  byDomain(domain: string): User[] {
    return Postgres.query<User>("select * from users where email like $1 order by id", "%@" + domain);
  }
}`;

const PLACE = 'grants: { directory: { sql:';

test('a service with a table, from its source to its rows', async (t) => {
  t.timeout(900_000);
  const project = new Project(t);
  const { folder } = project;
  project.write('directory.cell.ts', directory());
  const checked = await project.cell('check');
  t.is(checked.code, 0, checked.err);
  t.regex(
    checked.out,
    /would: 0001_create_users\.sql: create table users .*directory\.cell\.ts:2:1/,
  );
  t.regex(checked.out, /would write: .*0001_create_users\.sql\n {4}\+ -- directory: migration 1/);
  t.false(fs.existsSync(path.join(folder, '.cell/migrations')));

  const built = await project.cell('build');
  t.is(built.code, 0, built.err);
  t.regex(built.out, /did: 0001_create_users\.sql/);
  t.regex(built.out, /wrote: \.cell\/migrations\/directory\/0001_create_users\.sql/);
  t.regex(project.read('.cell/.gitignore'), /^data\/$/m);
  const again = await project.cell('build');
  t.regex(again.out, /unchanged in/);
  t.notRegex(again.out, /did:|wrote:/);

  const first = await project.run('directory');
  const call = async (...args: string[]) => {
    const { out, err, code } = await project.cell('call', 'directory', ...args, '--json');
    t.is(code, 0, err);
    return JSON.parse(out);
  };
  t.is(Number(await call('signUp', '1', '"ann@x.org"', '"555-1"')), 1);
  t.is(Number(await call('signUp', '2', '"bob@x.org"', '"555-2"')), 2);
  const twice = await project.cell('call', 'directory', 'signUp', '3', '"bob@x.org"', '""');
  t.is(twice.code, 1);
  t.regex(twice.err, /ALREADY_EXISTS/);
  t.like(await call('byDomain', '"x.org"'), [{ phone: '555-1' }, { phone: '555-2' }]);
  await end(first.process, 'SIGTERM');

  // In the database there is ciphertext; turned keys make another one of the same values.
  const admin = openAdmin(resolveTarget('default', { project: folder, env: {} }));
  t.teardown(() => admin.close());
  const stored = async () =>
    (await admin.query('select phone from directory.users order by id', [])).rows.flat();
  const before = await stored();
  for (const text of before) t.regex(text ?? '', /^\\x01/);
  t.false(before.join().includes(Buffer.from('555-').toString('hex')));
  const old = project.read('.cell/run/keys/sql').trim();
  const fresh = Buffer.alloc(32, 9).toString('base64');
  const keys = `{ keys: ['${fresh}', '${old}'] } } }`;
  project.write('cell.config.ts', `export default { ${PLACE} ${keys} };`);
  const turned = await project.cell('db', 'rotate', '--json');
  t.is(turned.code, 0, turned.err);
  t.deepEqual(JSON.parse(turned.out).columns, [
    { service: 'directory', column: 'directory.users.phone', values: 2 },
  ]);
  const after = await stored();
  t.deepEqual([after.length, after.some((text) => before.includes(text))], [2, false]);
  t.regex((await project.cell('db', 'rotate')).out, /0 values have the newest key now/);
  // The old key is not needed any more, and a wrong one says so.
  const wrong = Buffer.alloc(32, 8).toString('base64');
  project.write('cell.config.ts', `export default { ${PLACE} { keys: ['${wrong}'] } } } };`);
  const lost = await project.cell('db', 'rotate');
  t.is(lost.code, 1);
  t.regex(lost.err, /fix: name all keys .* grants\.directory\.sql\.keys/);
  project.write('cell.config.ts', `export default { ${PLACE} { keys: ['${fresh}'] } } } };`);

  // The next migration keeps the rows; the module of before is refused by none, since it fits.
  project.write('directory.cell.ts', directory('nick: string | null = null;'));
  const next = await project.cell('build');
  t.is(next.code, 0, next.err);
  t.regex(next.out, /did: 0002_\w+\.sql: alter table users add column nick text/);
  const second = await project.run('directory');
  t.like(await call('byDomain', '"x.org"'), [{ phone: '555-1', nick: null }, { phone: '555-2' }]);
  await end(second.process, 'SIGTERM');

  // A hand in the database is seen, and shown.
  const seen = async () => {
    const { out, err } = await project.cell('db', '--json');
    const [service] = JSON.parse(out || `{"services":[{"why":${JSON.stringify(err)}}]}`).services;
    return service;
  };
  t.like(await seen(), { state: 'current', drift: [], tables: [{ name: 'users', rows: 2 }] });
  await admin.prepare({
    ...{ service: 'hand', handle: 'hand', expected: '0:', rows: [] },
    steps: ['alter table directory.users add column byhand int4'],
  });
  await admin.commit('hand');
  const { drift } = await seen();
  t.is(drift.length, 1);
  t.regex(drift[0], /^drift, changed by hand since migration 2: users\.byhand/);
});
