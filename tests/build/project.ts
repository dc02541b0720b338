// Owns throw-away projects for the tests of the build: files in a folder of their own, built in
// memory.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { reportFaults } from '../../build/1-read/faults.ts';
import { readProject } from '../../build/1-read/project.ts';
import { checkDecorators } from '../../build/3-negotiate/macros.ts';
import { describeService, type Service } from '../../build/4-emit/service.ts';
import type { Compiled } from '../../build/5-compile/compile.ts';
import { type Finding, Findings, printFinding } from '../../build/diagnostics/findings.ts';
import { type Built, buildService } from '../../build/driver.ts';

export const ENTRY = 'example.cell.ts';

/** A folder with these files; `remove` when done. */
export function folderWith(files: Record<string, string>): { folder: string; remove(): void } {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cell-build-')));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  return { folder, remove: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

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
  checkDecorators(project, findings);
  const service = describeService(project, findings);
  return { service, findings: findings.sorted() };
}

/** Builds `example.cell.ts` of these files in memory. */
export async function built(files: string | Record<string, string>): Promise<Built> {
  const all = typeof files === 'string' ? { [ENTRY]: files } : files;
  const { folder, remove } = folderWith(all);
  try {
    return await buildService(path.join(folder, ENTRY), folder, { cell: 'test' });
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
