// Owns throw-away projects for the tests of the build: files in a folder of their own, built in
// memory.
import path from 'node:path';
import { reportFaults } from '../../build/1-read/faults.ts';
import { readProject } from '../../build/1-read/project.ts';
import { negotiate } from '../../build/3-negotiate/negotiate.ts';
import { noAdditions } from '../../build/4-emit/additions.ts';
import { type Emission, emitService } from '../../build/4-emit/emit.ts';
import { describeService, type Service } from '../../build/4-emit/service.ts';
import type { Compiled } from '../../build/5-compile/compile.ts';
import { type Finding, Findings, printFinding } from '../../build/diagnostics/findings.ts';
import { type Built, buildService, type Macros } from '../../build/driver.ts';
import { standardAnswers } from '../std/standard.ts';
import { ENTRY, folderWith } from './folder.ts';

export { ENTRY, folderWith };

/** The standard cells answer, with nothing switched off and nothing set. */
export const STANDARD: Macros = {
  discovery: standardAnswers(),
  features: new Map(),
  settings: new Map(),
};

export interface Described {
  service: Service | null;
  findings: Finding[];
}

/** Reads and describes `example.cell.ts` of these files; nothing is compiled. */
export async function described(files: string | Record<string, string>): Promise<Described> {
  const all = typeof files === 'string' ? { [ENTRY]: files } : files;
  const { folder, remove } = folderWith(all);
  const findings = new Findings();
  const name = (file: string): string => path.relative(folder, file);
  const project = await readProject(path.join(folder, ENTRY), name, findings);
  remove();
  if (project === null) return { service: null, findings: findings.sorted() };
  reportFaults(project, findings);
  const negotiated = await negotiate(project, STANDARD, findings);
  const service = await describeService(project, negotiated, noAdditions(), findings);
  return { service, findings: findings.sorted() };
}

/** The texts that asc would get. Throws when something is found. */
export async function emitted(files: string | Record<string, string>): Promise<Emission> {
  const all = typeof files === 'string' ? { [ENTRY]: files } : files;
  const { folder, remove } = folderWith(all);
  const findings = new Findings();
  const project = await readProject(path.join(folder, ENTRY), (file) => file, findings);
  remove();
  if (project === null) throw new Error('no entry');
  const emission = await emitService(
    project,
    await negotiate(project, STANDARD, findings),
    findings,
  );
  if (emission === null) throw new Error(findings.sorted().map(printFinding).join('\n'));
  return emission;
}

/** Builds `example.cell.ts` of these files in memory. */
export async function built(
  files: string | Record<string, string>,
  macros: Macros = STANDARD,
): Promise<Built> {
  const all = typeof files === 'string' ? { [ENTRY]: files } : files;
  const { folder, remove } = folderWith(all);
  try {
    return await buildService(path.join(folder, ENTRY), folder, { cell: 'test' }, macros);
  } finally {
    remove();
  }
}

/** As `built`, for sources that must build: throws with the findings when they do not. */
export async function compiled(files: string | Record<string, string>): Promise<Compiled> {
  const result = await built(files);
  if (result.compiled === null) {
    throw new Error(result.findings.map(printFinding).join('\n') || 'not built, and nothing found');
  }
  return result.compiled;
}
