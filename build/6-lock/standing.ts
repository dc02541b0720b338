// Owns what a finished build changes among the files that a project commits: the cell's lock, the
// approved capabilities, the answers of macros, and what those leave (schema-lock.ts). Says it in
// words; writes it, or with `--locked` refuses it. Reads and writes happen in one turn
// (exclusive.ts).
import path from 'node:path';
import {
  type Answer,
  type Answers,
  answersFile,
  answersText,
  hashOf,
  merged,
  pruned,
  readAnswers,
  without,
} from '../2-discover/answers.ts';
import type { Committed } from '../3-negotiate/contract.ts';
import {
  type Approval,
  approvedText,
  CAPABILITIES_LOCK,
  readApproved,
  unapproved,
} from './approved.ts';
import { broughtText } from './brought-text.ts';
import { changes } from './changes.ts';
import { namesIn, readIfThere, removeFile, writeWhole } from './files.ts';
import { keptApart, newDocuments, schemaLockFile, writeKept } from './schema-lock.ts';

/** What a finished build wants to stand. */
export interface Wanted {
  cell: string;
  /** Path of the lock below the working folder, and its text. */
  lock: string;
  lockText: string;
  approval: Approval;
  answers: Record<string, Answer>;
  /** What cells of macros leave, by cell. */
  keeps: Record<string, Committed>;
}

export interface Standing {
  /** What is new, in words. */
  changes: string[];
  /** Documents that are new. */
  documents: { file: string; text: string }[];
  /** The first file that would differ, and how; null: nothing would. */
  differs: { file: string; how: string } | null;
}

/** Compares what is wanted with what stands; changes nothing. */
export function compare(cwd: string, wanted: Wanted): Standing {
  const said: string[] = [];
  let differs: Standing['differs'] = null;
  const note = (file: string, how: string, tell: string[]): void => {
    said.push(...tell);
    differs ??= { file, how };
  };
  const before = readIfThere(path.join(cwd, wanted.lock))?.toString('utf8');
  if (before === undefined) note(wanted.lock, 'there is none yet', []);
  else if (before !== wanted.lockText) {
    const words = changes(before, wanted.lockText);
    note(wanted.lock, words.join('; ') || 'the code is different', words);
  }
  const { cells, damaged } = readApproved(cwd);
  if (damaged) {
    const tell = `${CAPABILITIES_LOCK} was damaged; it is written anew`;
    note(CAPABILITIES_LOCK, 'it is damaged', [tell]);
  }
  for (const { name, by } of unapproved(cells[wanted.cell], wanted.approval)) {
    const how = `${wanted.cell} may not use ${name} yet (brought by ${broughtText(by.join(', '))})`;
    const brought = `(brought by ${broughtText(by.join(', '))})`;
    const tell = `may use ${name} now ${brought}; approved in ${CAPABILITIES_LOCK}`;
    note(CAPABILITIES_LOCK, how, [tell]);
  }
  if (hashOf(cells[wanted.cell] ?? {}) !== hashOf(wanted.approval)) {
    note(CAPABILITIES_LOCK, `what ${wanted.cell} needs is brought by others now`, []);
  }
  for (const [cell, answer] of Object.entries(wanted.answers)) {
    const how = apart(readAnswers(cwd, cell), wanted.cell, answer);
    if (how === null) continue;
    const mended =
      how === 'it is damaged' ? [`${answersFile(cell)} was damaged; it is mended`] : [];
    note(answersFile(cell), how, mended);
  }
  for (const { cell } of unasked(cwd, wanted)) {
    note(answersFile(cell), `${wanted.cell} asks it no more`, []);
  }
  const documents: Standing['documents'] = [];
  for (const [cell, left] of Object.entries(wanted.keeps)) {
    const apart = keptApart(cwd, cell, wanted.cell, left);
    if (apart.length === 0) continue;
    const how = `of ${wanted.cell} ${apart.join(', ')}`;
    note(schemaLockFile(cell), how, [`${schemaLockFile(cell)}: ${how}`]);
    documents.push(...newDocuments(cwd, cell, wanted.cell, left));
  }
  return { changes: said, documents, differs };
}

/** Answers to this cell by cells that it asks no more. */
function unasked(cwd: string, { cell: asker, answers }: Wanted): Answers[] {
  return namesIn(path.join(cwd, '.cell/macros'))
    .filter((name) => name.endsWith('.json') && answers[name.slice(0, -5)] === undefined)
    .map((name) => readAnswers(cwd, name.slice(0, -5)))
    .filter((found) => typeof found !== 'string')
    .filter((found) => Object.hasOwn(found.plans, asker) || found.callers.includes(asker));
}

/** How the answers that stand differ from what a cell says now; null: not in what they say. */
function apart(
  standing: Answers | 'none' | 'damaged',
  asker: string,
  answer: Answer,
): string | null {
  if (standing === 'none') return 'there is none yet';
  if (standing === 'damaged') return 'it is damaged';
  if (answer.description !== null) {
    if (hashOf(standing.description) !== hashOf(answer.description))
      return 'its macros are described otherwise';
    const [was, is] = [standing.plans[asker] ?? {}, answer.plans];
    // A cell that was switched off planned nothing: what it said before stands.
    if (Object.keys(is).length === 0) return null;
    if (hashOf(Object.keys(was).sort()) !== hashOf(Object.keys(is).sort()))
      return `it is asked something else by ${asker}`;
    if (hashOf(was) !== hashOf(is)) return `it answers ${asker} otherwise`;
  }
  if (answer.schema !== null && hashOf(standing.schema) !== hashOf(answer.schema))
    return 'its methods are others now';
  return null;
}

/** Writes all of it. Call in one turn with `compare`. */
export function write(cwd: string, wanted: Wanted): void {
  for (const [cell, left] of Object.entries(wanted.keeps)) writeKept(cwd, cell, wanted.cell, left);
  writeWhole(path.join(cwd, wanted.lock), wanted.lockText);
  const { cells } = readApproved(cwd);
  const approvals = approvedText({ ...cells, [wanted.cell]: wanted.approval });
  writeWhole(path.join(cwd, CAPABILITIES_LOCK), approvals);
  for (const [cell, answer] of Object.entries(wanted.answers)) {
    const standing = readAnswers(cwd, cell);
    const before = typeof standing === 'string' ? null : standing;
    // Another module that says the same is no change: committed files stay as they are.
    const same = before !== null && apart(before, wanted.cell, answer) === null;
    const said = same ? { ...answer, digest: before.digest } : answer;
    const text = answersText(merged(before, cell, wanted.cell, said));
    writeWhole(path.join(cwd, answersFile(cell)), text);
  }
  for (const found of unasked(cwd, wanted)) {
    const file = path.join(cwd, answersFile(found.cell));
    const left = without(found, wanted.cell);
    if (left === null) removeFile(file);
    else writeWhole(file, answersText(left));
  }
}

/** Drops what was answered to, and approved for, cells that a whole build did not find. */
export function forget(cwd: string, alive: ReadonlySet<string>): void {
  const folder = path.join(cwd, '.cell/macros');
  for (const name of namesIn(folder).filter((n) => n.endsWith('.json'))) {
    const standing = readAnswers(cwd, name.slice(0, -'.json'.length));
    if (typeof standing === 'string') continue;
    const left = pruned(standing, (cell) => alive.has(cell));
    if (left === null) removeFile(path.join(folder, name));
    else writeWhole(path.join(folder, name), answersText(left));
  }
  const { cells, damaged } = readApproved(cwd);
  if (damaged) return;
  const left = Object.fromEntries(Object.entries(cells).filter(([cell]) => alive.has(cell)));
  if (Object.keys(left).length === Object.keys(cells).length) return;
  writeWhole(path.join(cwd, CAPABILITIES_LOCK), approvedText(left));
}
