// Data as a user has it: tables, a transaction and an encrypted column in one service, built and
// served by the verbs on the embedded PostgreSQL; the next migration; what `cell db` shows; keys
// that are turned while the values stay what they are.
import fs from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Admin } from '../../host/database/admin.ts';
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
    const like = "%@" + domain;
    return Postgres.query<User>("select * from users where email like $1 order by id", like);
  }
}`;

/** What one test knows of its project. */
interface Walk {
  t: ExecutionContext;
  project: Project;
  admin: Admin;
}

const KEYS = { second: Buffer.alloc(32, 9), other: Buffer.alloc(32, 8) };

const grantKeys = ({ project }: Walk, ...keys: string[]): void => {
  const grants = { directory: { sql: { keys } } };
  project.write('cell.config.ts', `export default ${JSON.stringify({ grants })};`);
};

async function called({ t, project }: Walk, ...args: string[]) {
  const { out, err, code } = await project.cell('call', 'directory', ...args, '--json');
  t.is(code, 0, err);
  return JSON.parse(out);
}

test('a service with a table, from its source to its rows', async (t) => {
  t.timeout(900_000);
  const project = new Project(t);
  const admin = openAdmin(resolveTarget('default', { project: project.folder, env: {} }));
  t.teardown(() => admin.close());
  const walk = { t, project, admin };
  await build(walk);
  await serve(walk);
  await turnKeys(walk);
  await addField(walk);
  await changeByHand(walk);
});

/** A check touches nothing, a build makes the table, and the next one has nothing to do. */
async function build({ t, project }: Walk): Promise<void> {
  project.write('directory.cell.ts', directory());
  const checked = await project.cell('check');
  t.is(checked.code, 0, checked.err);
  t.regex(
    checked.out,
    / would: 0001_create_users\.sql {2}\(directory\.cell\.ts:2:1\)\n {6}create table users \(/,
  );
  t.regex(checked.out, /would write: \.cell\/migrations\/directory\/0001_create_users\.sql/);
  t.false(fs.existsSync(path.join(project.folder, '.cell/migrations')));
  const built = await project.cell('build');
  t.is(built.code, 0, built.err);
  t.regex(built.out, /did: 0001_create_users\.sql/);
  t.regex(built.out, /wrote: \.cell\/migrations\/directory\/0001_create_users\.sql/);
  t.regex(project.read('.cell/.gitignore'), /^data\/$/m);
  const again = await project.cell('build');
  t.regex(again.out, /unchanged in/);
  t.notRegex(again.out, /did:|wrote:/);
}

async function serve(walk: Walk): Promise<void> {
  const { t, project } = walk;
  const host = await project.run('directory');
  t.is(Number(await called(walk, 'signUp', '1', '"ann@x.org"', '"555-1"')), 1);
  t.is(Number(await called(walk, 'signUp', '2', '"bob@x.org"', '"555-2"')), 2);
  const twice = await project.cell('call', 'directory', 'signUp', '3', '"bob@x.org"', '""');
  t.is(twice.code, 1);
  t.regex(twice.err, /ALREADY_EXISTS/);
  t.like(await called(walk, 'byDomain', '"x.org"'), [{ phone: '555-1' }, { phone: '555-2' }]);
  await end(host.process, 'SIGTERM');
}

/** In the database there is ciphertext; turned keys make another one of the same values. */
async function turnKeys(walk: Walk): Promise<void> {
  const { t, project, admin } = walk;
  const stored = async () =>
    (await admin.query('select phone from directory.users order by id', [])).rows.flat();
  const before = await stored();
  for (const text of before) t.regex(text ?? '', /^\\x01/);
  t.false(before.join().includes(Buffer.from('555-').toString('hex')));
  const old = project.read('.cell/run/keys/sql').trim();
  const fresh = KEYS.second.toString('base64');
  grantKeys(walk, fresh, old);
  const turned = await project.cell('db', 'rotate', '--json');
  t.is(turned.code, 0, turned.err);
  t.like(JSON.parse(turned.out).columns, [
    { service: 'directory', column: 'directory.users.phone', values: 2 },
  ]);
  const after = await stored();
  t.deepEqual([after.length, after.some((text) => before.includes(text))], [2, false]);
  t.regex((await project.cell('db', 'rotate')).out, /0 values have the newest key now/);
  grantKeys(walk, KEYS.other.toString('base64'));
  const lost = await project.cell('db', 'rotate');
  t.is(lost.code, 1);
  t.regex(lost.err, /fix: name all keys .* grants\.directory\.sql\.keys/);
  // The old key is not needed any more.
  grantKeys(walk, fresh);
}

/** The next migration keeps the rows. */
async function addField(walk: Walk): Promise<void> {
  const { t, project } = walk;
  project.write('directory.cell.ts', directory('nick: string | null = null;'));
  const next = await project.cell('build');
  t.is(next.code, 0, next.err);
  t.regex(next.out, /did: 0002_\w+\.sql .*\n +alter table users add column nick text;/);
  const host = await project.run('directory');
  t.like(await called(walk, 'byDomain', '"x.org"'), [
    { phone: '555-1', nick: null },
    { phone: '555-2' },
  ]);
  await end(host.process, 'SIGTERM');
}

/** A hand in the database is seen, and shown. */
async function changeByHand({ t, project, admin }: Walk): Promise<void> {
  const seen = async () => JSON.parse((await project.cell('db', '--json')).out).services[0];
  t.like(await seen(), { state: 'current', drift: [], tables: [{ name: 'users', rows: 2 }] });
  await admin.prepare({
    ...{ service: 'hand', handle: 'hand', expected: '0:', rows: [] },
    steps: ['alter table directory.users add column byhand int4'],
  });
  await admin.commit('hand');
  const { drift } = await seen();
  t.is(drift.length, 1);
  t.regex(drift[0], /^drift, changed by hand since migration 2: users\.byhand/);
}
