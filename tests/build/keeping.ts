// Owns projects of tests whose services have tables: files in a folder, builds of them, and a cell
// that keeps migrations for them (keeper.ts).
import fs from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { type Made, type MakeOptions, make } from '../../build/make.ts';
import { FakeDiscovery } from './fake-cell.ts';
import { folderWith } from './folder.ts';
import { Keeper } from './keeper.ts';

/** A service with these tables, of the cell in keeper.ts. */
export const service = (name: string, ...tables: string[]): string =>
  `${tables.map((table) => `@Till.table("${table}")`).join('\n')}
@service class ${name} { one(): u32 { return 1; } }`;

/** A project in a folder of its own, whose only cell of macros is a Keeper. */
export function project(t: ExecutionContext, files: Record<string, string>) {
  const { folder: cwd, remove } = folderWith(files);
  t.teardown(remove);
  const at = (name: string): string => path.join(cwd, name);
  const till = new Keeper();
  const cells = { Till: till };
  const run = (options: Partial<MakeOptions> = {}, more: Record<string, Keeper> = {}) =>
    make({
      ...{ files: [], cwd, discover: () => new FakeDiscovery({ ...cells, ...more }) },
      databaseState: async (_target, schema) => (till.database.get(schema) ?? []).join(),
      ...options,
    });
  return {
    ...{ cwd, at, till, run },
    read: (name: string) => fs.readFileSync(at(name), 'utf8'),
    write: (name: string, text: string) => {
      fs.mkdirSync(path.dirname(at(name)), { recursive: true });
      fs.writeFileSync(at(name), text);
    },
    there: (name: string) => fs.existsSync(at(name)),
    listed: (name: string) => (fs.existsSync(at(name)) ? fs.readdirSync(at(name)).sort() : []),
    drop: (name: string) => fs.rmSync(at(name), { recursive: true, force: true }),
  };
}

/** `CELL4044 shop.cell.ts:1 message` of each finding. */
export const told = (made: Made[]): string[] =>
  made.flatMap((m) => m.findings.map((f) => `${f.code} ${f.file}:${f.line} ${f.message}`));
