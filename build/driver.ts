// Owns the order of the stages for one service file. Reads as a list; each stage is in its folder.
import path from 'node:path';
import { reportFaults } from './1-read/faults.ts';
import type { Inputs } from './1-read/project.ts';
import { readProject } from './1-read/project.ts';
import { checkDecorators } from './3-negotiate/macros.ts';
import { describeService } from './4-emit/service.ts';
import { type Compiled, compileService } from './5-compile/compile.ts';
import { type Finding, Findings } from './diagnostics/findings.ts';

export interface Built {
  compiled: Compiled | null;
  findings: Finding[];
  inputs: Inputs;
}

/**
 * Builds one service file in memory. `file` is absolute, `cwd` what findings show paths relative
 * to, `tools` the versions that the manifest names. Wrong sources are findings, never errors.
 */
export async function buildService(
  file: string,
  cwd: string,
  tools: Record<string, string>,
): Promise<Built> {
  const findings = new Findings();
  const shown = (f: string): string => path.relative(cwd, f).split(path.sep).join('/');
  const project = await readProject(file, shown, findings);
  if (project === null) return { compiled: null, findings: findings.sorted(), inputs: new Map() };
  reportFaults(project, findings);
  checkDecorators(project, findings);
  const service = describeService(project, findings);
  const sound = service !== null && findings.count === 0;
  const compiled = sound ? await compileService(project, service, tools, findings) : null;
  return { compiled, findings: findings.sorted(), inputs: project.inputs };
}
