// A build that is killed with SIGKILL while it changes a database: whatever it had done by then, no
// half of a migration stands, and the next build goes on as if nothing had happened.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { readCommitted } from '../../build/6-lock/schema-lock.ts';
import { openAdmin } from '../../host/database/open.ts';
import { resolveTarget } from '../../host/database/targets.ts';
import { Project } from './program.ts';

const BIN = path.resolve(import.meta.dirname, '../../host/cli/cell.mjs');

/** A service whose table has so many columns, all of which may be added to one that has rows. */
const directory = (columns: number): string => `
@Postgres.table({ name: "users" })
class User {
  @Postgres.primaryKey id: i32 = 0;
  ${Array.from({ length: columns }, (_, i) => `c${i}: string | null = null;`).join('\n  ')}
}
@service class Directory { count(): i64 { return User.count(); } }`;

/**
 * What is there once a build has come so far; `number`: of the migration that it makes. A build
 * that is quicker than who looks is killed later, or not at all: what holds then holds as well.
 */
const MOMENTS: Record<string, (folder: string, number: number) => boolean> = {
  'the database has started': (folder) => fs.existsSync(path.join(folder, '.cell/data/postgres')),
  'the change is committed': (folder, number) =>
    read(path.join(folder, '.cell/data/postgres/cell.state')).includes(`directory ${number} `),
  'the document is written': (folder, number) =>
    names(path.join(folder, '.cell/migrations/directory')).length >= number,
};

const read = (file: string): string => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '');
/** Documents; what a killed build had begun to write has a point before it. */
const names = (folder: string): string[] =>
  fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => !name.startsWith('.')) : [];

test('killed at any moment: no half of a migration, and the next build goes on', async (t) => {
  t.timeout(900_000);
  process.env.CELL_PGLITE_IDLE_MS = '1000';
  const project = new Project(t);
  const { folder } = project;
  let number = 0;
  for (const [moment, reached] of Object.entries(MOMENTS)) {
    number++;
    project.write('directory.cell.ts', directory(number));
    const build = spawn(process.execPath, [BIN, 'build'], { cwd: folder, stdio: 'ignore' });
    const ended = once(build, 'exit');
    while (build.exitCode === null && !reached(folder, number)) await sleep(1);
    build.kill('SIGKILL');
    await ended;
    const next = await project.cell('build');
    t.is(next.code, 0, `${moment}: ${next.err}`);
    const { lock, documents, faults } = readCommitted(folder, 'postgres', 'directory');
    t.deepEqual(faults, [], moment);
    t.deepEqual(names(path.join(folder, '.cell/migrations/directory')).sort(), [
      ...documents.map(({ name }) => name),
    ]);
    const admin = openAdmin(resolveTarget('default', { project: folder, env: {} }));
    const ledger = await admin.ledger('directory');
    const { rows } = await admin.query(
      "select count(*) from information_schema.columns where table_name = 'users'",
      [],
    );
    await admin.close();
    t.deepEqual([ledger.length, rows], [number, [[String(number + 1)]]], moment);
    for (const { hash, name } of ledger) t.true(lock.includes(`${hash} ${name}`), moment);
    const again = await project.cell('build', '--locked', '--json');
    t.is(again.code, 0, `${moment}: ${again.out}`);
  }
});
