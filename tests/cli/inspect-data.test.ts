// `cell inspect` of a cell with data: its database, the statements it may make, what it stores.
import fs from 'node:fs';
import test from 'ava';
import { statementId } from '../../host/schema/statement-id.ts';
import type { Manifest } from '../../host/schema/types.ts';
import { assemble, ECHO, manifestOf, schemaOf, type WatCell, watOf, wrap } from '../lane/cells.ts';
import { Project } from './program.ts';

const echo: WatCell = { name: 'echo', methods: [{ name: 'echo', body: ECHO }] };

test('statements and stored fields, a line each', async (t) => {
  const text = 'select id\n  from users\u001b[2J where phone = $1';
  const manifest: Manifest = {
    ...(manifestOf(echo) as Manifest),
    actor: true,
    sql: {
      ...{ engine: 'postgres', target: 'env:ECHO_URL', schema: 'echo', reads: ['public.orders'] },
      migration: { number: 3, hash: 'ab' },
      statements: [
        {
          ...{ id: statementId(text), text, writes: false },
          params: [{ type: 'bytea', encrypted: 'echo.users.phone' }],
          columns: [{ name: 'id', type: 'text' }],
        },
      ],
    },
    persisted: [
      { field: 'place', kind: 'value', canonical: 'u32' },
      { field: 'visits', kind: 'map', canonical: 'u64', key: 'string' },
    ],
  };
  const project = new Project(t);
  const file = project.write('echo.wasm', '');
  fs.writeFileSync(file, wrap(assemble(watOf(echo)), schemaOf(echo), manifest));
  const shown = await project.cell('inspect', 'echo.wasm');
  t.is(shown.code, 0, shown.err);
  for (const line of [
    'sql  postgres, env:ECHO_URL, schema echo, migration 3, reads public.orders',
    /\n {2}\d+ +reads +select id from users \[2J where phone = \$1 +\(bytea encrypted\) -> id text/,
    /\nstored\n {2}place +u32\n {2}visits +\{string:u64\}, by key\n/,
  ]) {
    t.true(typeof line === 'string' ? shown.out.includes(line) : line.test(shown.out), shown.out);
  }
  const json = JSON.parse((await project.cell('inspect', 'echo.wasm', '--json')).out);
  t.deepEqual([json.manifest.sql, json.manifest.persisted], [manifest.sql, manifest.persisted]);
});
