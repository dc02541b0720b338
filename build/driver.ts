// Owns the order of the stages for one service file. Reads as a list; each stage is in its folder.
import path from 'node:path';
import { reportFaults } from './1-read/faults.ts';
import { type Inputs, namespacesIn, type Project, readProject } from './1-read/project.ts';
import type { Macros, Negotiated } from './3-negotiate/contract.ts';
import { negotiate } from './3-negotiate/negotiate.ts';
import { emitMemberTypes } from './4-emit/editor-members.ts';
import { type Emission, emitService } from './4-emit/emit.ts';
import { addRemotes } from './4-emit/remotes.ts';
import { type Compiled, compileService } from './5-compile/compile.ts';
import { withLeftOut } from './5-compile/source-map.ts';
import { type Finding, Findings } from './diagnostics/findings.ts';
import { expandedText } from './expand.ts';
import { checkSharedReplies } from './shared-replies.ts';

export interface Built {
  compiled: Compiled | null;
  findings: Finding[];
  inputs: Inputs;
  /** What the macros' cells said; null: the file could not be read. */
  negotiated: Negotiated | null;
  /** What `cell expand` shows; '' when nothing was emitted. */
  expanded: string;
  /** What editors are told of the classes of its files; '' when there is nothing to tell. */
  members: string;
}

export type { Macros } from './3-negotiate/contract.ts';

/** A service file up to the texts that asc would get. */
export interface FileEmission {
  project: Project;
  negotiated: Negotiated;
  /** null: something is wrong, see the findings. */
  emission: Emission | null;
}

/**
 * Reads, negotiates and emits one service file; nothing is compiled. `file` is absolute, `cwd` what
 * findings show paths relative to. null: the file could not be read. Everything wrong is reported.
 */
export async function emitFile(
  file: string,
  cwd: string,
  macros: Macros,
  findings: Findings,
): Promise<FileEmission | null> {
  const shown = (f: string): string => path.relative(cwd, f).split(path.sep).join('/');
  // Cells that are started for the build start while asc is loaded.
  const warm = (text: string): void => macros.discovery.warm?.(namespacesIn(text));
  const project = await readProject(file, shown, findings, warm);
  if (project === null) return null;
  reportFaults(project, findings);
  const negotiated = await negotiate(project, macros, findings);
  await addRemotes(project, negotiated, macros, findings);
  const emission = await emitService(project, negotiated, findings);
  return { project, negotiated, emission };
}

/**
 * Builds one service file in memory; `tools` are the versions that the manifest names. Wrong
 * sources are findings, never errors.
 */
export async function buildService(
  file: string,
  cwd: string,
  tools: Record<string, string>,
  macros: Macros,
): Promise<Built> {
  const findings = new Findings();
  const emitted = await emitFile(file, cwd, macros, findings);
  if (emitted === null) {
    const nothing = { compiled: null, negotiated: null, expanded: '', members: '' };
    return { ...nothing, findings: findings.sorted(), inputs: new Map() };
  }
  const { project, negotiated, emission } = emitted;
  let compiled =
    emission === null ? null : await compileService(project, emission, tools, findings);
  if (compiled !== null && !checkSharedReplies(project, negotiated, compiled, findings)) {
    compiled = null;
  }
  if (compiled !== null) compiled.map = withLeftOut(compiled.map, compiled.wasm, macros.features);
  const expanded = emission === null ? '' : expandedText(project, negotiated, emission);
  return {
    ...{ compiled, negotiated, expanded, members: membersOf(emitted, cwd) },
    findings: findings.sorted(),
    inputs: project.inputs,
  };
}

/** The types of `.cell/types/<cell>.members.d.ts`. */
function membersOf({ project, emission }: FileEmission, cwd: string): string {
  if (emission === null) return '';
  const folder = path.join(cwd, '.cell', 'types');
  const moduleOf = (file: string): string => {
    const found = path.relative(folder, path.join(project.root, file.replace(/\.ts$/, '')));
    return found.split(path.sep).join('/');
  };
  return emitMemberTypes(emission.members, emission.service.schema.cell, moduleOf);
}
