// Owns what cell.config.ts may say under `grants` of one cell: the check of each capability, and
// files made absolute. Never resolves a variable of the environment, and never shows a secret: what
// is wrong with one is said without its text.
import path from 'node:path';
import type { Grants, KvGrant, Secret, SqlGrant } from '../lane/contract.ts';
import { CELL_NAME, type Check, fail, listOf, shape, string, whole } from './config-check.ts';
import { ConfigError } from './config-error.ts';

/** Connections of one lane to one database. Threat: a server has some 100 for everybody. */
const CONNECTIONS = 100;
/** Milliseconds of one statement. */
const STATEMENT_MS = 3_600_000;
/** Keys of encrypted columns: the one in use, and those before it. */
const KEYS = 16;
/** Bytes of a key of AES-256. */
const KEY_BYTES = 32;

const cellName: Check = (value, at) => {
  string(value, at);
  if (!CELL_NAME.test(value as string)) fail(at, 'the name of a cell (kebab-case)', value);
};

const bool: Check = (value, at) => {
  if (typeof value !== 'boolean') fail(at, 'true or false', value);
};

const variable: Check = (value, at) => {
  if (typeof value !== 'string' || !/^[A-Za-z_]\w*$/.test(value)) {
    fail(at, 'the name of a variable of the environment', value);
  }
};

const fromEnvironment = shape({ env: variable }, ['env']);

/** A text that may stand here, or in the environment; `wrong`: what is wrong with it, or null. */
const secret =
  (what: string, wrong: (text: string) => string | null): Check =>
  (value, at) => {
    const refuse = (why: string): never => {
      throw new ConfigError(`${at}: expected ${what}, or { env: 'NAME' }; ${why}`);
    };
    if (typeof value === 'string') {
      const why = wrong(value);
      if (why !== null) refuse(why);
    } else if (typeof value === 'object' && value !== null && Object.hasOwn(value, 'env')) {
      fromEnvironment(value, at);
    } else refuse('this is neither');
  };

const address = (what: string, protocols: string[]): Check =>
  secret(what, (text) => {
    if (!URL.canParse(text)) return 'this is no address';
    const { protocol } = new URL(text);
    return protocols.includes(protocol) ? null : `this one begins with ${protocol}//`;
  });

/** `public.orders`: as the catalogue of a database writes them. */
const table: Check = (value, at) => {
  const name = '[A-Za-z_][A-Za-z0-9_$]{0,62}';
  if (typeof value !== 'string' || !new RegExp(`^${name}\\.${name}$`).test(value)) {
    fail(at, 'a table with its schema, such as public.orders', value);
  }
};

const keyText = secret('32 bytes as base64', (text) => {
  const { length } = Buffer.from(text, 'base64');
  return length === KEY_BYTES ? null : `these are ${length} bytes (openssl rand -base64 32)`;
});

const key: Check = (value, at) => {
  const inFile = typeof value === 'object' && value !== null && Object.hasOwn(value, 'file');
  if (inFile) shape({ file: string })(value, at);
  else keyText(value, at);
};

const keys: Check = (value, at) => {
  listOf(key)(value, at);
  const { length } = value as unknown[];
  if (length === 0 || length > KEYS) fail(at, `1 to ${KEYS} keys`, `${length} keys`);
};

const sqlShape = shape({
  url: address('postgres://...', ['postgres:', 'postgresql:']),
  file: string,
  connections: whole(1, CONNECTIONS),
  timeoutMs: whole(1, STATEMENT_MS),
  read: listOf(table),
  raw: bool,
  keys,
});

const sql: Check = (value, at) => {
  sqlShape(value, at);
  const { url, file } = value as SqlGrant;
  if (url !== undefined && file !== undefined) {
    throw new ConfigError(`${at}: give \`url\` (PostgreSQL) or \`file\` (SQLite), not both`);
  }
};

const kvShape = shape({ file: string, redis: address('redis://...', ['redis:', 'rediss:']) });

const kv: Check = (value, at) => {
  kvShape(value, at);
  const { file, redis } = value as KvGrant;
  if (file !== undefined && redis !== undefined) {
    throw new ConfigError(`${at}: give \`file\` or \`redis\`, not both`);
  }
};

const granted: Check = (value, at) => {
  if (value !== true) fail(at, 'true, or no such key', value);
};

/** Checks the grants of one cell. Throws ConfigError. */
export const grants: Check = shape({
  blob: shape({ root: string }, ['root']),
  call: listOf(cellName),
  sql,
  kv,
  database: granted,
});

/** The same with absolute files and folders; `folder` is that of the configuration. */
export function resolvedGrants(
  { blob, sql: database, kv: store, ...rest }: Grants,
  folder: string,
) {
  const at = (file: string): string => path.resolve(folder, file);
  const found: Grants = { ...rest };
  if (blob !== undefined) found.blob = { root: at(blob.root) };
  if (database !== undefined) {
    const { file, keys: given, ...others } = database;
    const placed = (one: Secret | { file: string }) =>
      typeof one === 'object' && 'file' in one ? { file: at(one.file) } : one;
    found.sql = {
      ...others,
      ...(file === undefined ? {} : { file: at(file) }),
      ...(given === undefined ? {} : { keys: given.map(placed) }),
    };
  }
  if (store !== undefined) {
    found.kv = { ...store, ...(store.file === undefined ? {} : { file: at(store.file) }) };
  }
  return found;
}

/**
 * Grants with what people have approved in `.cell/lock/capabilities.lock`: calls by name, sql and
 * kv with the database that the module names, and the folder of the project where embedded ones
 * are.
 */
export function withApproved(mine: Grants, approved: string[], project: string): Grants {
  const calls = approved.flatMap((name) => (name.startsWith('call:') ? [name.slice(5)] : []));
  const given: Grants = { ...mine, project };
  if (calls.length > 0) given.call = [...(mine.call ?? []), ...calls];
  if (approved.includes('sql')) given.sql = mine.sql ?? {};
  if (approved.includes('kv')) given.kv = mine.kv ?? {};
  if (approved.includes('sql:raw')) given.sql = { raw: true, ...given.sql };
  return given;
}
