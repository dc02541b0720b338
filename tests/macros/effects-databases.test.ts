// Effects with real databases behind them: three cells, two of which change a PostgreSQL each and
// one that changes something else. Each fails in turn at each step, and after every failure the
// databases hold exactly what the outcome says that stands.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { FAILED_PRECONDITION } from '../../assembly/shared/status.ts';
import type { Effect, EffectRequest, EffectResult } from '../../build/2-discover/protocol.ts';
import { applyEffects, type PlannedEffects, standsText } from '../../build/3-negotiate/effects.ts';
import { sha256 } from '../../build/6-lock/files.ts';
import { type Admin, AdminError } from '../../host/database/admin.ts';
import { openAdmin } from '../../host/database/open.ts';
import { resolveTarget } from '../../host/database/targets.ts';

process.env.CELL_PGLITE_IDLE_MS = '1000';

type Step = 'prepare' | 'commit' | 'rollback of prepare' | 'rollback of commit';

/** What a cell does at a step instead of its work: says no, or ends without an answer. */
type Failing = { cell: string; step: Step; how: 'says no' | 'is lost' };

/** Common to the cells of these tests: failing where it is told to. */
abstract class Cell {
  readonly level = 1;
  readonly cell: string;
  readonly failing: readonly Failing[];

  constructor(cell: string, failing: readonly Failing[]) {
    this.cell = cell;
    this.failing = failing;
  }

  abstract act(step: Step, effect: Effect): Promise<void>;

  apply = (request: EffectRequest) => this.#run(request.step as Step, request.effects);
  rollback = (request: EffectRequest) =>
    this.#run(`rollback of ${request.step}` as Step, request.effects);

  async #run(step: Step, effects: Effect[]): Promise<EffectResult> {
    const failing = this.failing.find((f) => f.cell === this.cell && f.step === step);
    if (failing?.how === 'is lost') throw new Error(`${this.cell} has ended`);
    const back = step.startsWith('rollback');
    const standing = effects.map(({ key }) => key);
    if (failing !== undefined) {
      return { standing: back ? standing : [], message: `${this.cell} says no`, fix: '' };
    }
    for (const effect of effects) await this.act(step, effect);
    return { standing: back ? [] : standing, message: '', fix: '' };
  }
}

/** Makes the table that an effect names, in a database of its own, as `postgres` does. */
class Tables extends Cell {
  readonly admin: Admin;

  constructor(cell: string, failing: readonly Failing[], admin: Admin) {
    super(cell, failing);
    this.admin = admin;
  }

  async act(step: Step, { key }: Effect): Promise<void> {
    const sql = `create table ${key} (id int8 primary key)`;
    const row = { number: 1, hash: sha256(sql), name: '0001.sql', sql, model: '' };
    const service = key.split(' ')[0].replaceAll('_', '-');
    if (step === 'prepare') {
      const change = { service, handle: key, expected: '0:', steps: [sql], rows: [row] };
      await this.admin.prepare(change);
    } else if (step === 'commit') await this.admin.commit(key);
    else if (!(await this.#dropped(key))) {
      // Committed: what takes it back is a change of its own, which drops its row too.
      const gone = { ...row, hash: '', sql: '' };
      const change = { service, handle: `${key} back`, expected: `1:${row.hash}` };
      await this.admin.prepare({ ...change, steps: [`drop table ${key}`], rows: [gone] });
      await this.admin.commit(change.handle);
    }
  }

  /** What was prepared is rolled back; false: it is committed. */
  async #dropped(key: string): Promise<boolean> {
    try {
      await this.admin.rollback(key);
      return true;
    } catch (error) {
      if (error instanceof AdminError && error.status === FAILED_PRECONDITION) return false;
      throw error;
    }
  }
}

/** Makes a topic, at once: what it has made it can only take away again. */
class Topics extends Cell {
  readonly topics = new Set<string>();

  async act(step: Step, { key }: Effect): Promise<void> {
    if (step === 'commit') this.topics.add(key);
    if (step === 'rollback of commit') this.topics.delete(key);
  }
}

const has = async (admin: Admin, table: string): Promise<boolean> => {
  const sql = "select 1 from pg_catalog.pg_class where relname = $1 and relkind = 'r'";
  return (await admin.query(sql, [table])).rows.length > 0;
};

let number = 0;
const admins: Admin[] = [];
const folders: string[] = [];

test.before(async (t) => {
  t.timeout(300_000);
  for (const name of ['alpha', 'gamma']) {
    const project = fs.mkdtempSync(path.join(os.tmpdir(), `cell-effects-${name}-`));
    folders.push(project);
    admins.push(openAdmin(resolveTarget('default', { project, env: {} })));
  }
  await Promise.all(admins.map((admin) => admin.info()));
});

test.after.always(async () => {
  await Promise.all(admins.map((admin) => admin.close()));
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});

/** A build of three cells; what then stands, by cell, as the databases themselves say. */
async function attempt(failing: readonly Failing[]) {
  const key = `table_${++number}`;
  const effect = { key, preview: `make ${key}`, data: '', destructive: false, site: 0, use: 0 };
  const alpha = new Tables('alpha', failing, admins[0]);
  const beta = new Topics('beta', failing);
  const gamma = new Tables('gamma', failing, admins[1]);
  const planned: PlannedEffects[] = [alpha, beta, gamma].map((cell) => ({
    ...{ provider: cell, effects: [effect] },
  }));
  const outcome = await applyEffects(planned);
  const there: string[] = [];
  if (await has(admins[0], key)) there.push('alpha');
  if (beta.topics.has(key)) there.push('beta');
  if (await has(admins[1], key)) there.push('gamma');
  // Nobody is left to end what a lost cell had prepared; its host ends with the build.
  for (const admin of admins) await admin.rollback(key).catch(() => {});
  return { outcome, there, key };
}

test.serial('nobody fails: everything stands everywhere', async (t) => {
  const { outcome, there } = await attempt([]);
  t.is(outcome.failed, null);
  t.deepEqual(there, ['alpha', 'beta', 'gamma']);
});

for (const how of ['says no', 'is lost'] as const) {
  for (const cell of ['alpha', 'beta', 'gamma']) {
    for (const step of ['prepare', 'commit'] as const) {
      test.serial(`${cell} ${how} at ${step}: nothing stands`, async (t) => {
        const { outcome, there } = await attempt([{ cell, step, how }]);
        t.like(outcome.failed, { cell, step });
        t.deepEqual(there, []);
        t.deepEqual(outcome.stands, []);
        t.regex(standsText(outcome), /^nothing stands/);
      });
    }
  }
}

for (const how of ['says no', 'is lost'] as const) {
  for (const cell of ['alpha', 'beta']) {
    const title = `gamma fails at commit and ${cell} ${how} when it is to take back`;
    test.serial(`${title}: its effect stands, and is said to`, async (t) => {
      const { outcome, there, key } = await attempt([
        { cell: 'gamma', step: 'commit', how: 'says no' },
        { cell, step: 'rollback of commit', how },
      ]);
      t.deepEqual(there, [cell]);
      const list = how === 'says no' ? outcome.stands : outcome.unknown;
      t.deepEqual(
        list.map((one) => `${one.cell} ${one.effect.key}`),
        [`${cell} ${key}`],
      );
      const said = how === 'says no' ? 'these stand' : 'nobody knows of these';
      t.regex(standsText(outcome), new RegExp(`${said}: ${cell}: make ${key}`));
    });
  }
}

test.serial('a database that refuses a step by itself: the others are as before', async (t) => {
  const key = `table_${++number}`;
  await admins[1].prepare({
    ...{ service: 'other', handle: 'other', expected: '0:' },
    ...{ steps: [`create table ${key} (id text)`], rows: [] },
  });
  await admins[1].commit('other');
  const effect = { key, preview: `make ${key}`, data: '', destructive: false, site: 0, use: 0 };
  // The table is there in another schema; this one cannot be made twice in its own.
  const twice = { ...effect, key: `${key} (id int8); create table ${key}` };
  const outcome = await applyEffects([
    { provider: new Tables('alpha', [], admins[0]), effects: [effect] },
    { provider: new Tables('gamma', [], admins[1]), effects: [twice] },
  ]);
  t.like(outcome.failed, { cell: 'gamma', step: 'prepare' });
  t.regex(outcome.failed?.message ?? '', /already exists/);
  t.false(await has(admins[0], key));
  t.is(standsText(outcome), 'nothing stands');
});

test.serial('a database that goes between the steps: nothing of it stands', async (t) => {
  const key = `table_${++number}`;
  const effect = { key, preview: `make ${key}`, data: '', destructive: false, site: 0, use: 0 };
  const project = folders[0];
  const own = openAdmin(resolveTarget('default', { project, env: {} }));
  const leaving = new Tables('alpha', [], own);
  const { act } = leaving;
  leaving.act = async (step, one) => {
    if (step === 'commit') await own.close();
    return act.call(leaving, step, one);
  };
  const outcome = await applyEffects([
    { provider: leaving, effects: [effect] },
    { provider: new Tables('gamma', [], admins[1]), effects: [effect] },
  ]);
  t.like(outcome.failed, { cell: 'alpha', step: 'commit' });
  t.false(await has(admins[0], key));
  t.false(await has(admins[1], key));
});
