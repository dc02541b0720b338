// Owns one run of `cell expand`: a service file read, negotiated and emitted as a build would, and
// what is shown of it. Compiles nothing, writes nothing.
import path from 'node:path';
import { Offline } from './2-discover/offline.ts';
import { type Finding, Findings } from './diagnostics/findings.ts';
import { emitFile } from './driver.ts';
import { type Contributed, contributedList, expandedText } from './expand.ts';
import { CommittedKeeps } from './keeps.ts';
import type { MakeOptions } from './make.ts';
import { servicesOf } from './services.ts';

export interface Expansion {
  /** null: something is wrong, as the findings say. */
  text: string | null;
  /** In the order in which they are composed. */
  contributions: Contributed[];
  findings: Finding[];
}

/** Expands the one file of `options.files`. */
export async function expandFile(options: MakeOptions): Promise<Expansion> {
  const { cwd, offline = false, start = true, discover } = options;
  const [file] = servicesOf(options.files, cwd);
  const findings = new Findings();
  const nothing = { text: null, contributions: [] };
  if (file === undefined) {
    const [name] = options.files;
    const shown = path.relative(cwd, path.resolve(cwd, name));
    findings.report('CELL1002', { path: shown, text: '' }, null, { file: shown });
    return { ...nothing, findings: findings.sorted() };
  }
  const discovery = offline ? new Offline(cwd) : discover({ cwd, start });
  try {
    const committed = new CommittedKeeps(cwd);
    const macros = {
      discovery,
      features: options.features ?? new Map(),
      settings: options.settings ?? new Map(),
      accepted: options.accept ?? [],
      committed: (cell: string, service: string) => committed.read(cell, service),
      destructive: options.destructive ?? false,
    };
    const emitted = await emitFile(file, cwd, macros, findings);
    if (committed.faults.length > 0) return { ...nothing, findings: committed.findings() };
    if (emitted === null) return { ...nothing, findings: findings.sorted() };
    const { project, negotiated, emission } = emitted;
    return {
      text: emission === null ? null : expandedText(project, negotiated, emission),
      contributions: contributedList(negotiated),
      findings: findings.sorted(),
    };
  } finally {
    await discovery.close();
  }
}
