// Owns which import belongs to which capability, and how the imports of one instance are built.
// What is not listed here does not exist for a cell.
import type { Grants } from '../lane/contract.ts';
import { blobImports } from './blob.ts';
import { BlobFolder } from './blob-folder.ts';
import type { Capability, Drivers, Guest } from './contract.ts';
import { databaseImports } from './database/database.ts';
import { type DatabaseDriver, openDatabases } from './database/open.ts';
import { flagImports } from './flags.ts';
import type { Journal } from './kv/journal.ts';
import { kvImports } from './kv/kv.ts';
import { openJournal } from './kv/open.ts';
import { pauseImports } from './pause.ts';
import { openSqlCell, type SqlCell } from './sql/cell.ts';
import { sqlImports } from './sql.ts';

const always = (name: string, imports: string[]): Capability => ({
  name,
  imports,
  example: '{}',
  granted: () => true,
  build: () => ({}),
});

/** All capabilities. Those of the gate (WebAssembly) build nothing. */
export const CAPABILITIES: readonly Capability[] = [
  always('core', [
    ...['cell:core.fail', 'cell:core.attempt', 'cell:core.failure', 'cell:core.waits'],
  ]),
  always('caller', ['cell:caller.read']),
  always('log', ['cell:log.write']),
  {
    ...always('clock', ['cell:clock.now', 'cell:retry.pause']),
    build: (_grants, guest) => pauseImports(guest),
  },
  always('trace', ['cell:trace.context']),
  always('reply', ['cell:reply.take']),
  always('random', ['cell:random.next']),
  {
    ...always('flags', ['cell:flags.bool', 'cell:flags.variant']),
    build: (_grants, guest) => flagImports(guest),
  },
  {
    name: 'blob',
    imports: ['cell:blob.size', 'cell:blob.read'],
    example: "{ blob: { root: './data' } }",
    granted: (grants) => grants.blob !== undefined,
    build: (grants, guest, drivers) =>
      grants.blob === undefined ? {} : blobImports(drivers.blob(grants.blob), guest),
  },
  {
    name: 'sql',
    imports: ['run', 'take', 'error', 'begin', 'end'].map((name) => `cell:sql.${name}`),
    example: '{ sql: {} }',
    granted: (grants) => grants.sql !== undefined,
    build: (grants, guest, drivers) =>
      sqlImports(drivers.sql(guest.cell, grants, guest.manifest), guest, grants.sql?.raw === true),
  },
  {
    name: 'sql:raw',
    imports: ['cell:sql.raw'],
    example: '{ sql: { raw: true } }',
    granted: (grants) => grants.sql?.raw === true,
    build: () => ({}),
  },
  {
    name: 'kv',
    imports: ['load', 'take', 'error', 'put', 'remove'].map((name) => `cell:kv.${name}`),
    example: '{ kv: {} }',
    granted: (grants) => grants.kv !== undefined,
    build: (grants, guest, drivers) =>
      kvImports(drivers.kv(guest.cell, grants, guest.manifest), guest),
  },
  {
    name: 'database',
    imports: ['ask', 'take', 'error'].map((name) => `cell:database.${name}`),
    example: '{ database: true }',
    granted: (grants) => grants.database === true,
    build: (grants, guest, drivers) =>
      databaseImports(drivers.database(grants.project ?? ''), guest),
  },
];

/** The drivers of one lane: real ones. What they open is opened when it is needed. */
export function embedded(): Drivers {
  const sql = new Map<string, SqlCell>();
  const kv = new Map<string, Journal>();
  const databases = new Map<string, DatabaseDriver>();
  return {
    blob: ({ root }) => new BlobFolder(root),
    sql: (cell, grants, manifest) => {
      const found = sql.get(cell) ?? openSqlCell(cell, grants, manifest.sql);
      sql.set(cell, found);
      return found;
    },
    kv: (cell, grants, { persisted }) => {
      const found = kv.get(cell) ?? openJournal(cell, grants, persisted);
      kv.set(cell, found);
      return found;
    },
    database: (project) => {
      const found = databases.get(project) ?? openDatabases(project);
      databases.set(project, found);
      return found;
    },
    close: async () => {
      const journals = [...kv.values()];
      await Promise.all([
        ...[...sql.values()].map(({ pool }) => pool.close()),
        ...journals.map((journal) => journal.close()),
        ...[...databases.values()].map((database) => database.close()),
      ]);
    },
  };
}

const BY_IMPORT = new Map(CAPABILITIES.flatMap((c) => c.imports.map((name) => [name, c] as const)));

/** How imports that call another cell begin. */
const CALL = 'cell:call.';

/** The capability to call the cell `name`. Its import is the lane's: host/cell/calling.ts. */
function callOf(name: string): Capability {
  return {
    name: `call:${name}`,
    imports: [`${CALL}${name}`],
    example: `{ call: ['${name}'] }`,
    granted: ({ call }) => call?.includes(name) === true,
    build: () => ({}),
  };
}

/** The capability behind an import such as `cell:blob.read`; undefined: no host offers it. */
export function capabilityOf(name: string): Capability | undefined {
  return name.startsWith(CALL) ? callOf(name.slice(CALL.length)) : BY_IMPORT.get(name);
}

/** The JavaScript imports that `guest` is granted, by full name. */
export function buildImports(
  grants: Grants,
  guest: Guest,
  drivers: Drivers,
): Record<string, WebAssembly.ImportValue> {
  const imports: Record<string, WebAssembly.ImportValue> = {};
  for (const capability of CAPABILITIES) {
    if (capability.granted(grants))
      Object.assign(imports, capability.build(grants, guest, drivers));
  }
  return imports;
}
