// Owns what cells of macros have left for a build, and what they leave by it: reads it once, so
// that every round hears the same, and gathers what is wrong with it. Writes nothing.

import type { Committed, Negotiated } from './3-negotiate/contract.ts';
import { sortedJson } from './5-compile/sorted-json.ts';
import {
  committedState,
  type Fault,
  keepsNothing,
  lockedCells,
  readCommitted,
  schemaLockFile,
} from './6-lock/schema-lock.ts';
import { type Finding, Findings, type SourceText } from './diagnostics/findings.ts';

/** What a finished build leaves, by cell of macros. */
export type Keeps = Record<string, Committed>;

/** What was committed, and its state (committedState) when it was read. */
export interface Found extends Committed {
  state: string;
}

/** What was committed for one service when its build began. */
export class CommittedKeeps {
  readonly found = new Map<string, Found>();
  readonly faults: Fault[] = [];
  readonly #cwd: string;

  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  /** What the last build of `service` has left for `cell`. */
  read(cell: string, service: string): Committed {
    const known = this.found.get(cell);
    if (known !== undefined) return { lock: known.lock, documents: known.documents };
    const state = committedState(this.#cwd, cell, service);
    const { faults, ...committed } = readCommitted(this.#cwd, cell, service);
    this.faults.push(...faults);
    this.found.set(cell, { ...committed, state });
    return committed;
  }

  /** What is wrong with it. */
  findings(): Finding[] {
    const findings = new Findings();
    for (const fault of this.faults) reportFault(fault, findings);
    return findings.sorted();
  }
}

/** Reports a fault of a committed file. */
export function reportFault({ code, file, holes }: Fault, findings: Findings): void {
  findings.report(code, { path: file, text: '' }, null, { file, ...holes });
}

/** What the cells that were asked leave; of one that is switched off what it left stands. */
export function keepsOf(
  { answers }: Pick<Negotiated, 'answers'>,
  found: ReadonlyMap<string, Committed>,
): Keeps {
  const keeps: Keeps = {};
  for (const { cell, asked, plan } of answers) {
    const { lock, documents } = plan;
    const had = found.get(cell);
    const idle = keepsNothing(plan) && (had === undefined || keepsNothing(had));
    if (asked !== '' && !idle) keeps[cell] = { lock, documents };
  }
  return keeps;
}

/** Whether a plan leaves exactly what is committed. */
export function isCommitted({ lock, documents }: Committed, had: Committed | undefined): boolean {
  if (had === undefined || keepsNothing(had)) return false;
  return sortedJson([lock, documents]) === sortedJson([had.lock, had.documents]);
}

/** Cells that have left something for a service which uses none of their macros any more. */
export function abandoned(
  cwd: string,
  service: string,
  { answers }: Pick<Negotiated, 'answers'>,
): string[] {
  const others = lockedCells(cwd).filter((cell) => !answers.some((one) => one.cell === cell));
  return others.filter((cell) => !keepsNothing(readCommitted(cwd, cell, service)));
}

/** Warns of them: nobody takes away what they made. */
export function warnOfAbandoned(
  cells: string[],
  service: string,
  source: SourceText,
  findings: Findings,
): void {
  for (const cell of cells) {
    findings.warn('CELL4127', source, null, { cell, service, lock: schemaLockFile(cell) });
  }
}
