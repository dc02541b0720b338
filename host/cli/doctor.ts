// The verb `doctor`: what this machine offers and what the host would therefore use. It changes
// nothing, except that probing the listener may make the patched copy of its binary that `cell run`
// would make.
import fs from 'node:fs';
import os from 'node:os';
import { printable } from '../lane/printable.ts';
import { chooseListener } from '../listen/choose.ts';
import { ROOT } from './node24.mjs';
import { table } from './print.ts';

/** Lanes that `cell run` starts without --lanes. */
export const defaultLanes = (): number => Math.max(1, os.availableParallelism() - 1);

export interface Diagnosis {
  node: { version: string; path: string; jspi: boolean; guardRegions: boolean };
  listener: { kind: string; why: string };
  cores: number;
  lanes: number;
  kernel: { built: boolean };
  memoryMb: number;
  /** Services of this folder that have tables, and where; never with a password. */
  databases: Record<string, string>;
}

/** Looks at the machine. */
export async function diagnose(): Promise<Diagnosis> {
  const chosen = await chooseListener('auto');
  return {
    node: {
      version: process.versions.node,
      path: process.execPath,
      jspi: typeof (WebAssembly as { Suspending?: unknown }).Suspending === 'function',
      guardRegions: !process.execArgv.includes('--disable-wasm-trap-handler'),
    },
    listener: { kind: chosen.kind, why: chosen.why },
    cores: os.availableParallelism(),
    lanes: defaultLanes(),
    kernel: { built: fs.existsSync(`${ROOT}/assembly/out/kernel.wasm`) },
    memoryMb: Math.round(os.totalmem() / 2 ** 20),
    databases: await databasesHere(),
  };
}

/** What is wrong with locks or configuration stands in the place of a database. */
async function databasesHere(): Promise<Record<string, string>> {
  const { databasesOf } = await import('./db.ts');
  const { loadConfig } = await import('../cell/config.ts');
  const cwd = process.cwd();
  try {
    return Object.fromEntries(await databasesOf(cwd, await loadConfig(cwd)));
  } catch (error) {
    return { '-': (error as Error).message };
  }
}

/** Prints the diagnosis; 1 when something that the host needs is missing. */
export async function doctor(json: boolean): Promise<number> {
  const d = await diagnose();
  const well = d.node.jspi && d.kernel.built;
  if (json) {
    console.log(JSON.stringify({ ...d, ok: well }));
    return well ? 0 : 1;
  }
  const rows = [
    ['Node', `${d.node.version}  ${d.node.path}`],
    ['JSPI', d.node.jspi ? 'yes: cells can wait for capabilities' : 'NO: Node >= 24.20 is needed'],
    ['listener', `${d.listener.kind}: ${d.listener.why}`],
    ['cores', String(d.cores)],
    ['lanes', `${d.lanes} (cores - 1, at least 1; --lanes changes it)`],
    ['memory', `${d.memoryMb} MB`],
    ['kernel', d.kernel.built ? 'built' : 'NOT BUILT: run "npm start" or "npm test" once'],
  ];
  for (const [service, where] of Object.entries(d.databases)) {
    rows.push(['database', `${service}: ${printable(where)}`]);
  }
  console.log(table(rows));
  console.log(well ? '\nAll that a host needs is here.' : '\nSomething is missing; see above.');
  return well ? 0 : 1;
}
