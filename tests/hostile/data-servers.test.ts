// What the host's own judgement keeps away from real databases: that PostgreSQL does call functions
// that are written as fields, and that a text among those of a migration cannot end what others
// have prepared.
import test from 'ava';
import { INVALID_ARGUMENT } from '../../assembly/shared/status.ts';
import { DESCRIBE, PREPARE, QUERY, ROLLBACK } from '../../host/capability/database/contract.ts';
import { encodeFields } from '../../host/capability/database/fields.ts';
import { Databases } from '../../host/capability/database/operations.ts';
import { judge, loadJudge } from '../../host/capability/sql/judge.ts';
import { PostgresPool } from '../../host/capability/sql/postgres.ts';
import { AdminError } from '../../host/database/admin.ts';
import { clientConfig } from '../../host/database/targets.ts';
import { type Engine, onEngines } from '../database/engines.ts';
import { run, statement } from '../sql/conformance.ts';

process.env.CELL_PGLITE_IDLE_MS ??= '1000';
test.before(loadJudge);

/** Questions to the databases of a build, as a cell of macros asks them. */
class Asker {
  readonly databases: Databases;

  constructor({ place }: Engine) {
    this.databases = new Databases(place);
  }

  ask(operation: number, ...fields: string[]): Promise<Uint8Array> {
    return this.databases.answer(operation, encodeFields(['default', ...fields]));
  }

  /** Prepares one step of `service`, as its first migration. */
  prepare(service: string, handle: string, step: string): Promise<Uint8Array> {
    const row = ['1', `hash ${service}`, '0001.sql', step, 'model'];
    return this.ask(PREPARE, service, handle, '0:', '1', step, '1', ...row);
  }
}

onEngines(test, ['postgres'], (name, engine) => {
  test.serial(`${name}: functions written as fields are calls, so the judge refuses`, async (t) => {
    const { target } = engine();
    const pool = new PostgresPool({
      ...{ schema: 'public', connections: 1, timeoutMs: 20_000 },
      server: () => clientConfig(target),
    });
    t.teardown(() => pool.close());
    const texts = [
      "select (('select ''secret''::tsvector'::text).ts_stat).word as a",
      "select f.current_setting as a from concat('server_version') f",
    ];
    for (const text of texts) {
      t.is((await run(pool, statement(text, [], ['a']))).status, 0, text);
      t.regex(judge(text, { schema: 'public', reads: [] }).fault ?? '', /as a field/);
    }
  });

  test.serial(`${name}: texts are read as the judge has read them`, async (t) => {
    const { target } = engine();
    const loose = async () => {
      const config = await clientConfig(target);
      return { ...config, options: '-c standard_conforming_strings=off' };
    };
    const pool = new PostgresPool({
      ...{ schema: 'public', connections: 1, timeoutMs: 20_000 },
      server: loose,
    });
    t.teardown(() => pool.close());
    const text = "select '\\' as a, ' from b'";
    t.is(judge(text, { schema: 'public', reads: [] }).fault, null);
    const { rows } = await run(pool, statement(text, [], ['a']));
    t.deepEqual(rows, [['\\']]);
  });

  test.serial(`${name}: builds read texts as their cells have written them`, async (t) => {
    const { place } = engine();
    const url = place.env.DATABASE_URL;
    const loose = `${url}?options=${encodeURIComponent('-c standard_conforming_strings=off')}`;
    const env = url === undefined ? {} : { DATABASE_URL: loose };
    const databases = new Databases({ ...place, env });
    t.teardown(() => databases.close());
    const asked = encodeFields(['default', "select '\\' as a, ' from b'"]);
    t.true(Buffer.from(await databases.answer(QUERY, asked)).includes('\\'));
  });

  test.serial(`${name}: a question cannot end what is prepared`, async (t) => {
    const asker = new Asker(engine());
    t.teardown(() => asker.databases.close());
    await asker.prepare('held', 'one', 'create table a (id int4)');
    const hidden = "create table b (id text default E'\\''); commit; --')";
    for (const work of [
      () => asker.ask(QUERY, 'commit'),
      () => asker.ask(QUERY, '/* */ end'),
      () => asker.ask(DESCRIBE, 'other', 'create table z (id int4); commit', 'select 1'),
      () => asker.prepare('other', 'two', hidden),
    ]) {
      const error = await t.throwsAsync(work, { instanceOf: AdminError });
      t.is((error as AdminError).status, INVALID_ARGUMENT, error?.message);
    }
    await asker.ask(ROLLBACK, 'one');
    for (const service of ['public', 'cell-build', 'pg-catalog', 'a"b', 'n'.repeat(64)]) {
      const work = asker.prepare(service, 'three', 'create table c (id int4)');
      await t.throwsAsync(work, { message: /cannot own a schema/ }, service);
    }
    const there = "select count(*) from pg_namespace where nspname in ('held', 'other')";
    const answer = Buffer.from(await asker.ask(QUERY, there));
    t.is(answer.subarray(-1).toString(), '0');
  });
});
