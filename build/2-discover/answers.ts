// Owns `.cell/macros/<cell>.json`: what a cell answered while this project was built, so that the
// same build needs nobody the next time (`--offline`), on another machine too. Sorted JSON; its
// hash is in it, and a file that does not fit its hash is damaged and answers nothing.
//
//   { "version": 1, "cell": "auth", "digest": "<sha256 of the first module that said all of this>",
//     "description": {...},                              what its macros are; null: not asked
//     "plans": { "accounts": { "<request>": {...} } },   by the cell that asked, then by the hash
//     "schema": {...}, "callers": ["shop"],              of `@remote("auth")`; null and []
//     "hash": "<sha256 of all of the above>" }
import path from 'node:path';
import type { Schema } from '../../host/schema/types.ts';
import { sortedJson } from '../5-compile/sorted-json.ts';
import { readIfThere, sha256 } from '../6-lock/files.ts';
import type { Description, Plan } from './protocol.ts';
import { areSoundAnswers } from './sound-answers.ts';
import { isSoundSchema } from './sound-schema.ts';

/** What one cell answered to one build. */
export interface Answer {
  digest: string;
  description: Description | null;
  /** By the hash of the request. */
  plans: Record<string, Plan>;
  /** Of a cell that is called. */
  schema: Schema | null;
}

/** What a file of answers holds. */
export interface Answers {
  version: 1;
  cell: string;
  digest: string;
  description: Description | null;
  plans: Record<string, Record<string, Plan>>;
  schema: Schema | null;
  callers: string[];
}

/** Place of a cell's answers below the working folder. */
export const answersFile = (cell: string): string => `.cell/macros/${cell}.json`;

/** Hash of a request: names its plan. The same on every machine. */
export const hashOf = (value: unknown): string => sha256(sortedJson(value));

const hashes = new WeakMap<object, string>();

/** `hashOf` of a request, plan or description, none of which changes once it was sent. */
export function messageHash(value: object): string {
  const known = hashes.get(value);
  if (known !== undefined) return known;
  const hash = hashOf(value);
  hashes.set(value, hash);
  return hash;
}

/** The answers of a cell; 'none' without a file, 'damaged' when it does not fit its hash. */
export function readAnswers(cwd: string, cell: string): Answers | 'none' | 'damaged' {
  return readAnswersAt(path.join(cwd, answersFile(cell)), cell);
}

/** As readAnswers(), of a file anywhere. */
export function readAnswersAt(file: string, cell: string): Answers | 'none' | 'damaged' {
  const bytes = readIfThere(file);
  if (bytes === null) return 'none';
  try {
    const { hash, ...rest } = JSON.parse(bytes.toString('utf8'), unknownNumbers) as Answers & {
      hash: string;
    };
    const sound = rest.version === 1 && rest.cell === cell && hashOf(rest) === hash;
    // The hash is no signature: whoever can write the file can write a hash that fits.
    const schema = rest.schema === null || isSoundSchema(rest.schema, cell);
    return sound && schema && areSoundAnswers(rest) ? rest : 'damaged';
  } catch {
    return 'damaged';
  }
}

/** The answers of one build, as the cache keeps them. */
export function parseAnswers(bytes: Uint8Array): Record<string, Answer> {
  return JSON.parse(Buffer.from(bytes).toString('utf8'), unknownNumbers);
}

/** The text of a file of answers. */
export function answersText(answers: Answers): string {
  return `${sortedJson({ ...answers, hash: hashOf(answers) }, 1)}\n`;
}

/**
 * `before` with what `answer` says to the cell `asker`. What others were told stands, also when it
 * was another module: it is what they were built with, until they are built again. A cell that was
 * switched off planned nothing: what it said before stands.
 */
export function merged(
  before: Answers | null,
  cell: string,
  asker: string,
  answer: Answer,
): Answers {
  const asked = answer.description !== null;
  const plans = { ...before?.plans };
  if (!asked) delete plans[asker];
  else if (Object.keys(answer.plans).length > 0) plans[asker] = answer.plans;
  const callers = new Set(before?.callers);
  if (answer.schema === null) callers.delete(asker);
  else callers.add(asker);
  return {
    version: 1,
    cell,
    digest: asked ? answer.digest : (before?.digest ?? answer.digest),
    description: answer.description ?? before?.description ?? null,
    plans,
    schema: answer.schema ?? (callers.size > 0 ? (before?.schema ?? null) : null),
    callers: [...callers].sort(),
  };
}

/** Answers without those to `asker`; null when nobody else asked. */
export function without(answers: Answers, asker: string): Answers | null {
  return pruned(answers, (cell) => cell !== asker);
}

/** Answers without those to cells that `alive` does not know; null when nobody asked. */
export function pruned(answers: Answers, alive: (cell: string) => boolean): Answers | null {
  const plans = Object.fromEntries(Object.entries(answers.plans).filter(([name]) => alive(name)));
  const callers = answers.callers.filter(alive);
  if (Object.keys(plans).length === 0 && callers.length === 0) return null;
  return { ...answers, plans, callers, schema: callers.length > 0 ? answers.schema : null };
}

/** JSON has no NaN, by which a shape says "no bound": it stands there as null. */
function unknownNumbers(this: unknown, key: string, value: unknown): unknown {
  if (value !== null) return value;
  return key === 'min' || key === 'max' || key === 'number' || isNumbers(this) ? Number.NaN : value;
}

/** Lists of JSON are objects or texts, but for the numbers of a contribution. */
function isNumbers(holder: unknown): boolean {
  return Array.isArray(holder) && holder.every((v) => v === null || typeof v === 'number');
}
