// Owns what cells of macros ask a build to keep for the next one, as it is committed:
//
//   .cell/lock/<cell>.schema.lock      { "version": 1,
//                                        "services": { "shop": ["migration 1 ...", ...] },   lines
//                                        "documents": { "shop": { "0001_a.sql": "<sha256>" } },
//                                        "hash": "<sha256 of all of the above>" }
//   .cell/migrations/<service>/*       the documents themselves, for reviews
//
// Nobody edits these files: what was changed, lost or merged by hand is a fault with a way out,
// never guessed at. Documents are written before the lock that names them, so that a build which is
// killed between the two leaves files that no lock names, and makes the same ones again.
import path from 'node:path';
import type { Committed } from '../3-negotiate/contract.ts';
import { sortedJson } from '../5-compile/sorted-json.ts';
import { namesIn, readIfThere, removeFile, sha256, sweep, writeWhole } from './files.ts';

/** Place of a cell's lock below the working folder. */
export const schemaLockFile = (cell: string): string => `.cell/lock/${cell}.schema.lock`;

/** Place of a service's documents below the working folder. */
export const documentsFolder = (service: string): string => `.cell/migrations/${service}`;

/** What the lock of one cell holds. */
export interface SchemaLock {
  version: 1;
  /** By service: the lines of what its plan left. */
  services: Record<string, string[]>;
  /** By service: name of a document -> SHA-256 of its text, hex. */
  documents: Record<string, Record<string, string>>;
}

/** Something that is wrong with committed files; `holes` of the diagnostic, its file among them. */
export interface Fault {
  code: 'CELL4121' | 'CELL4122' | 'CELL4123' | 'CELL4124' | 'CELL4125' | 'CELL4126';
  file: string;
  holes: Record<string, string>;
}

/** What a plan leaves: text for the next one, and documents. */
export const keepsNothing = ({ lock, documents }: Committed): boolean =>
  lock === '' && documents.length === 0;

const EMPTY: SchemaLock = { version: 1, services: {}, documents: {} };
/** Documents of databases; other files in their folder are nobody's business. */
const DOCUMENT = /^[^.].*\.sql$/;
/** Lines that git leaves in a file that two people have changed. */
const CONFLICT = /^(?:<{7}|>{7}) /m;

/** The lock of a cell; 'none' without a file. */
export function readSchemaLock(
  cwd: string,
  cell: string,
): SchemaLock | 'none' | 'damaged' | 'conflict' {
  const text = readIfThere(path.join(cwd, schemaLockFile(cell)))?.toString('utf8');
  if (text === undefined) return 'none';
  try {
    const { hash, ...lock } = JSON.parse(text) as SchemaLock & { hash: string };
    return sha256(sortedJson(lock)) === hash && isSound(lock) ? lock : 'damaged';
  } catch {
    return CONFLICT.test(text) ? 'conflict' : 'damaged';
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The hash is no signature: whoever can write the file can write a hash that fits. */
function isSound({ version, services, documents }: SchemaLock): boolean {
  if (version !== 1 || !isObject(services) || !isObject(documents)) return false;
  const lines = Object.values(services).every(
    (list) => Array.isArray(list) && list.every((line) => typeof line === 'string'),
  );
  return lines && Object.values(documents).every((of) => isObject(of) && areNamed(of));
}

const areNamed = (documents: Record<string, unknown>): boolean =>
  Object.entries(documents).every(
    ([name, hash]) => isDocumentName(name) && typeof hash === 'string',
  );

/** A name that cannot lead out of its folder. */
export const isDocumentName = (name: string): boolean => /^[a-z0-9][a-z0-9_.-]{0,127}$/.test(name);

/** Cells that have a lock in `cwd`, sorted. */
export const lockedCells = (cwd: string): string[] =>
  namesIn(path.join(cwd, '.cell/lock'))
    .filter((name) => name.endsWith('.schema.lock'))
    .map((name) => name.slice(0, -'.schema.lock'.length));

/**
 * What the last build of `service` has left for `cell`, and what is wrong with it. With faults,
 * what could be read.
 */
export function readCommitted(
  cwd: string,
  cell: string,
  service: string,
): Committed & { faults: Fault[] } {
  const lock = readSchemaLock(cwd, cell);
  if (lock === 'none') return { lock: '', documents: [], faults: [] };
  const file = schemaLockFile(cell);
  if (typeof lock === 'string') {
    return { lock: '', documents: [], faults: [unreadable(cwd, file, lock, service)] };
  }
  const listed = Object.hasOwn(lock.documents, service) ? lock.documents[service] : {};
  const faults: Fault[] = [];
  const documents: Committed['documents'] = [];
  for (const name of Object.keys(listed).sort()) {
    const at = `${documentsFolder(service)}/${name}`;
    const text = textOf(path.join(cwd, at), listed[name]);
    if (typeof text === 'string') documents.push({ name, text });
    else faults.push({ code: 'CELL4123', file: at, holes: { how: text.how, lock: file } });
  }
  const lines = Object.hasOwn(lock.services, service) ? lock.services[service] : [];
  return { lock: lines.join('\n'), documents, faults };
}

/** A document that fits its hash; git may have made the ends of its lines Windows'. */
function textOf(file: string, hash: string): string | { how: string } {
  const text = readIfThere(file)?.toString('utf8');
  if (text === undefined) return { how: 'is gone' };
  const fits = [text, text.replaceAll('\r\n', '\n')].find((one) => sha256(one) === hash);
  return fits ?? { how: 'was changed by hand' };
}

function unreadable(
  cwd: string,
  file: string,
  how: 'damaged' | 'conflict',
  service: string,
): Fault {
  if (how === 'damaged') return { code: 'CELL4121', file, holes: {} };
  const folder = documentsFolder(service);
  const twins = sameNumbers(namesIn(path.join(cwd, folder)).filter((n) => DOCUMENT.test(n)));
  const own = twins.length === 0 ? `your own files of ${folder}` : twins.join(' or ');
  return { code: 'CELL4122', file, holes: { own } };
}

/** Documents that begin with the number of another one. */
function sameNumbers(names: string[]): string[] {
  const number = (name: string): string => /^\d+/.exec(name)?.[0] ?? '';
  return names.filter(
    (name) => number(name) !== '' && names.filter((n) => number(n) === number(name)).length > 1,
  );
}

/**
 * What stands against keeping `wanted` for a service: documents in its folder that nobody has
 * locked and the plan does not make, and documents of two cells; null: nothing.
 */
export function objection(
  cwd: string,
  service: string,
  wanted: ReadonlyMap<string, Committed>,
): Fault | null {
  const folder = documentsFolder(service);
  const standing = new Map(lockedCells(cwd).map((cell) => [cell, locked(cwd, cell, service)]));
  const planned = new Map<string, string>();
  for (const [cell, { documents }] of wanted) {
    standing.set(
      cell,
      documents.map(({ name }) => name),
    );
    for (const { name, text } of documents) planned.set(name, text);
  }
  const owners = [...standing].filter(([, names]) => names.length > 0).map(([cell]) => cell);
  if (owners.length > 1) {
    const cells = owners
      .sort()
      .map((cell) => `\`${cell}\``)
      .join(' and ');
    return { code: 'CELL4125', file: folder, holes: { service, cells } };
  }
  const known = new Set([...standing.values()].flat());
  for (const name of namesIn(path.join(cwd, folder)).filter((n) => DOCUMENT.test(n))) {
    const text = planned.get(name);
    const file = path.join(cwd, folder, name);
    const made = text !== undefined && typeof textOf(file, sha256(text)) === 'string';
    if (made || (text === undefined && known.has(name))) continue;
    const twin = [...known].find((other) => sameNumbers([other, name]).length > 0);
    const why = twin === undefined || twin === name ? '' : `; ${twin} has its number`;
    return { code: 'CELL4124', file: `${folder}/${name}`, holes: { why } };
  }
  return null;
}

function locked(cwd: string, cell: string, service: string): string[] {
  const lock = readSchemaLock(cwd, cell);
  if (typeof lock === 'string' || !Object.hasOwn(lock.documents, service)) return [];
  return Object.keys(lock.documents[service]);
}

/** How what stands for a service differs from `wanted`, in words; [] = not at all. */
export function keptApart(cwd: string, cell: string, service: string, wanted: Committed): string[] {
  const lock = readSchemaLock(cwd, cell);
  const { services, documents } = typeof lock === 'string' ? EMPTY : lock;
  const was = Object.hasOwn(documents, service) ? documents[service] : {};
  const said: string[] = [];
  for (const { name, text } of wanted.documents) {
    if (was[name] === sha256(text)) continue;
    said.push(`${name} is ${Object.hasOwn(was, name) ? 'another now' : 'new'}`);
  }
  for (const name of Object.keys(was).sort()) {
    if (!wanted.documents.some((one) => one.name === name)) said.push(`${name} is gone`);
  }
  const lines = Object.hasOwn(services, service) ? services[service].join('\n') : '';
  if (said.length === 0 && lines !== wanted.lock) said.push('what is kept of it is another text');
  return said;
}

/** Documents of `wanted` that are not locked yet. */
export function newDocuments(
  cwd: string,
  cell: string,
  service: string,
  wanted: Committed,
): { file: string; text: string }[] {
  const known = new Set(locked(cwd, cell, service));
  return wanted.documents
    .filter(({ name }) => !known.has(name))
    .map(({ name, text }) => ({ file: `${documentsFolder(service)}/${name}`, text }));
}

/** Writes what a plan leaves for one service. Call in one turn with the reading of it. */
export function writeKept(cwd: string, cell: string, service: string, wanted: Committed): void {
  if (keptApart(cwd, cell, service, wanted).length === 0) return;
  const folder = path.join(cwd, documentsFolder(service));
  for (const { name, text } of wanted.documents) {
    if (!isDocumentName(name)) throw new RangeError(`a document may not be named ${name}`);
    const file = path.join(folder, name);
    if (typeof textOf(file, sha256(text)) !== 'string') writeWhole(file, text);
  }
  const before = readSchemaLock(cwd, cell);
  const { services, documents } = typeof before === 'string' ? EMPTY : before;
  const gone = locked(cwd, cell, service).filter(
    (name) => !wanted.documents.some((one) => one.name === name),
  );
  const hashes = wanted.documents.map(({ name, text }) => [name, sha256(text)]);
  const lock: SchemaLock = {
    version: 1,
    services: placed(services, service, wanted.lock === '' ? null : wanted.lock.split('\n')),
    documents: placed(documents, service, hashes.length === 0 ? null : Object.fromEntries(hashes)),
  };
  const file = path.join(cwd, schemaLockFile(cell));
  const empty = Object.keys({ ...lock.services, ...lock.documents }).length === 0;
  if (empty) removeFile(file);
  else writeWhole(file, `${sortedJson({ ...lock, hash: sha256(sortedJson(lock)) }, 2)}\n`);
  for (const name of gone) removeFile(path.join(folder, name));
  sweep(folder);
}

/** `of` with `value` for `service`; null: without it. */
function placed<T>(of: Record<string, T>, service: string, value: T | null): Record<string, T> {
  const { [service]: _, ...others } = of;
  return value === null ? others : { ...others, [service]: value };
}

/** All of it as one text, for the key of the cache: what is committed, and files beside it. */
export function committedState(cwd: string, cell: string, service: string): string {
  const lock = readSchemaLock(cwd, cell);
  const own = typeof lock === 'string' ? lock : [lock.services[service], lock.documents[service]];
  const folder = documentsFolder(service);
  const names = namesIn(path.join(cwd, folder)).filter((name) => !name.startsWith('.'));
  const files = names.map((name) => {
    const bytes = readIfThere(path.join(cwd, folder, name));
    return `${name} ${bytes === null ? '-' : sha256(bytes)}`;
  });
  return sha256([sortedJson(own ?? null), ...files].join('\n'));
}
