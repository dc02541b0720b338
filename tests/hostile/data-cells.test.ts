// Modules whose manifests claim what is another cell's: names of schemas that are nobody's, keys of
// another's columns, and texts of their own without a list that could be judged.
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import { readModule } from '../../host/cell/module.ts';
import { ModuleError } from '../../host/cell/sections.ts';
import { admitSql, judgeStatements } from '../../host/cell/sql-admission.ts';
import type { CellSpec, Grants } from '../../host/lane/contract.ts';
import type { SqlManifest } from '../../host/schema/types.ts';
import { onEngines } from '../database/engines.ts';
import { scriptModule, sqlManifest } from '../sql/script-cell.ts';

function specOf(name: string, sql: SqlManifest | undefined, grants: Grants): CellSpec {
  const module = readModule(scriptModule({ name }, sqlManifest([])), 'test.wasm');
  const manifest = { ...module.manifest, sql };
  return {
    ...{ name, module: module.module, schema: module.schema, manifest },
    ...{ firstRoute: 0, index: 0, grants, file: 'test.wasm' },
  };
}

const refused = (t: ExecutionContext, spec: CellSpec, message: RegExp) =>
  t.throwsAsync(judgeStatements(spec), { instanceOf: ModuleError, message });

for (const name of ['public', 'pg-catalog', 'information-schema', 'cell-build', 'cell-scratch-a']) {
  test(`a cell with texts of its own alone is not called ${name}`, async (t) => {
    await refused(t, specOf(name, undefined, { sql: { raw: true } }), /cannot own the schema/);
  });
}

for (const encrypted of ['shop.users.phone', 'scripts.users.phone', 'script', 'phone']) {
  for (const side of ['params', 'columns'] as const) {
    test(`a cell has no key for ${encrypted} in ${side}`, async (t) => {
      const sql = sqlManifest([{ text: 'select $1 as a', columns: ['a'] }]);
      Object.assign(sql.statements[0][side][0], { type: 'bytea', encrypted });
      await refused(t, specOf('script', sql, { sql: {} }), /has no key for `[\w.]+`, which is not/);
      const file = { ...sql, engine: 'sqlite' as const, target: 'file:a.db' };
      await refused(t, specOf('script', file, { sql: {} }), /has no key for/);
      Object.assign(sql.statements[0][side][0], { encrypted: 'script.users.phone' });
      await t.notThrowsAsync(judgeStatements(specOf('script', sql, { sql: {} })));
    });
  }
}

onEngines(test, ['postgres'], (name, engine) => {
  test.serial(`${name}: texts that nobody has seen run as a role of their cell`, async (t) => {
    const { place, target } = engine();
    if (target.kind === 'server') {
      const client = new pg.Client(place.env.DATABASE_URL);
      await client.connect();
      await client.query('create schema shop; create table shop.orders (id int4)');
      await client.end();
    }
    const read = target.kind === 'server' ? ['shop.orders'] : [];
    const spec = specOf('rough', undefined, { sql: { raw: true, read } });
    await admitSql(spec, place);
    t.is(spec.grants.sql?.role, 'cell_rough');
    if (target.kind !== 'server') return;
    const client = new pg.Client(place.env.DATABASE_URL);
    await client.connect();
    const { rows } = await client.query(
      "select has_table_privilege('cell_rough', 'shop.orders', 'select') as reads, " +
        "has_table_privilege('cell_rough', 'shop.orders', 'insert') as writes",
    );
    await client.end();
    t.deepEqual(rows, [{ reads: true, writes: false }]);
  });
});
