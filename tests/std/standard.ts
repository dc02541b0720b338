// Owns the standard cells as tests ask them: the modules of cells/out, linked once in a process,
// and services that are built with their answers. No tests here.
import fs from 'node:fs';
import path from 'node:path';
import { cellsOf } from '../../build/2-discover/cell-name.ts';
import type { Discovery, Missing, Provider } from '../../build/3-negotiate/contract.ts';
import { settingsOf } from '../../build/3-negotiate/settings.ts';
import { type Built, buildService } from '../../build/driver.ts';
import { buildStandardCells } from '../../cells/std/build.ts';
import { readModule } from '../../host/cell/module.ts';
import type { Setting } from '../../host/cell/setting.ts';
import { ENTRY, folderWith } from '../build/folder.ts';
import { discoveryOf, type InProcess, inProcess } from '../macros/in-process.ts';

const cells = new Map<string, Promise<InProcess>>();

/** Where the module of the standard cell `name` lies. */
export async function moduleFile(name: string): Promise<string> {
  const { out } = await buildStandardCells();
  return path.join(out, `${name}.wasm`);
}

async function load(name: string): Promise<InProcess> {
  const file = await moduleFile(name);
  const wasm = new Uint8Array(fs.readFileSync(file));
  return inProcess({ wasm, schema: readModule(wasm, file).schema });
}

/** The standard cell `name`, in this process. */
export function standard(name: string): Promise<InProcess> {
  const known = cells.get(name) ?? load(name);
  cells.set(name, known);
  return known;
}

/** Answers of `service` and of the cells of these namespaces: `{ Telemetry: 'telemetry' }`. */
export async function answering(namespaces: Record<string, string>): Promise<Discovery> {
  const entries = Object.entries({ '': 'service', ...namespaces });
  const found = entries.map(async ([ns, name]) => [ns, await standard(name)] as const);
  return discoveryOf(Object.fromEntries(await Promise.all(found)));
}

/** Answers of every standard cell, each linked when it is first asked. */
export function standardAnswers(): Discovery {
  const find = async (ns: string): Promise<Provider | Missing> => {
    const { out } = await buildStandardCells();
    const there = (cell: string): boolean => fs.existsSync(path.join(out, `${cell}.wasm`));
    const name = cellsOf(ns).find(there);
    if (name !== undefined) return standard(name);
    return {
      missing: true,
      cell: cellsOf(ns)[0],
      tried: [],
      fix: 'remove the decorator, or start the cell that answers for it',
    };
  };
  return {
    ...{ find, identify: find, remote: async () => null, namespaces: async () => [] },
    close: async () => {},
  };
}

export interface BuildOptions {
  features?: Record<string, string>;
  /** What cell.config.ts would say under `cells`. */
  cells?: Record<string, Setting>;
}

/** Builds `example.cell.ts` with the answers of `discovery`. */
export async function builtWith(
  discovery: Discovery,
  text: string,
  options: BuildOptions = {},
): Promise<Built> {
  const { folder, remove } = folderWith({ [ENTRY]: text });
  try {
    const features = new Map(Object.entries(options.features ?? {}));
    const settings = settingsOf(options.cells ?? {});
    const macros = { discovery, features, settings };
    return await buildService(path.join(folder, ENTRY), folder, { cell: 'test' }, macros);
  } finally {
    remove();
  }
}

/** `CELL4005 7:13 message` of each finding. */
export function told({ findings }: Built): string[] {
  return findings.map((f) => `${f.code} ${f.line}:${f.column} ${f.message}`);
}
