// Owns what a target means: `default`, `env:NAME`, `file:path` become a server, the embedded
// PostgreSQL or a file of SQLite. Only the host does this. What it returns may hold a password;
// `describeTarget` never does, nor does any error.
import path from 'node:path';
import type { ClientConfig } from 'pg';
import { readServerUrl } from './connection-url.ts';
import { embeddedClient, openEmbedded } from './embedded.ts';
import { TargetError } from './target-error.ts';

/** Where a project stands: its folder, and the environment of the build or the host. */
export interface Place {
  project: string;
  env: NodeJS.ProcessEnv;
}

/** A database that was found. `text`: the target as it was written. */
export type Target =
  | { engine: 'postgres'; kind: 'embedded'; text: string; project: string }
  | { engine: 'postgres'; kind: 'server'; text: string; from: string; config: ClientConfig }
  | { engine: 'sqlite'; kind: 'file'; text: string; file: string; shown: string };

/** What a grant of cell.config.ts says about where the database is. */
export interface TargetGrant {
  url?: string | { env: string };
  file?: string;
}

/** Resolves a target. Throws TargetError; touches neither network nor files. */
export function resolveTarget(text: string, place: Place): Target {
  if (text === 'default') {
    const url = place.env.DATABASE_URL ?? '';
    if (url !== '') return server(text, url, 'DATABASE_URL');
    return { engine: 'postgres', kind: 'embedded', text, project: path.resolve(place.project) };
  }
  if (text.startsWith('env:')) return fromVariable(text, text.slice(4), place);
  if (text.startsWith('file:')) return beside(file(text, text.slice(5), place));
  throw new TargetError(
    `\`${text}\` names no database`,
    'A target is `default`, `env:NAME` with the name of a variable, or `file:path`.',
  );
}

/** As resolveTarget, but the operator's grant says where, when it does. */
export function grantedTarget(text: string, grant: TargetGrant, place: Place): Target {
  if (grant.url !== undefined && grant.file !== undefined) {
    throw new TargetError(
      'a grant `sql` has both `url` and `file`',
      'Say one: `url` for a PostgreSQL server, `file` for SQLite.',
    );
  }
  if (grant.file !== undefined) return file(text, grant.file, place);
  if (typeof grant.url === 'string') return server(text, grant.url, 'cell.config.ts');
  if (grant.url !== undefined) return fromVariable(text, grant.url.env, place);
  return resolveTarget(text, place);
}

/**
 * What `pg` is to connect with. Starts the embedded PostgreSQL when it does not run: ask before
 * every connection, since it ends itself when nobody needs it. Rejects with TargetError.
 */
export async function clientConfig(target: Target): Promise<ClientConfig> {
  if (target.kind === 'file') throw new TypeError('a file of SQLite has no client');
  if (target.kind === 'server') return target.config;
  return embeddedClient(await openEmbedded(target.project));
}

/** For people: which database, where, and who said so. Without user or password. */
export function describeTarget(target: Target): string {
  if (target.kind === 'file') return `SQLite in ${target.shown}`;
  if (target.kind === 'embedded') return 'the embedded PostgreSQL in .cell/data/postgres';
  const { host, port, database } = target.config;
  const where = host?.startsWith('/') ? host : `${host}:${port}`;
  return `PostgreSQL at ${where}, database ${database} (${target.from})`;
}

function fromVariable(text: string, name: string, { env }: Place): Target {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new TargetError(
      `\`${name}\` is no name of an environment variable`,
      'Write letters, digits and `_`: `env:DATABASE_URL`.',
    );
  }
  const url = env[name] ?? '';
  if (url === '') {
    throw new TargetError(
      `the environment variable ${name} is not set`,
      `Set it to the database: ${name}=postgres://user:password@host:5432/database`,
    );
  }
  return server(text, url, name);
}

const server = (text: string, url: string, from: string): Target => ({
  ...{ engine: 'postgres', kind: 'server', text, from },
  config: readServerUrl(url, from),
});

/** A file of SQLite: below the project, so that no source reaches elsewhere. */
function file(text: string, name: string, { project }: Place): Target & { kind: 'file' } {
  const root = path.resolve(project);
  const full = path.resolve(root, name);
  const relative = path.relative(root, full);
  if (name === '' || name.includes('\0') || relative === '') {
    throw new TargetError(`\`${text}\` names no file`, 'Write its path: `file:data/app.db`.');
  }
  if (relative.startsWith('..') || path.isAbsolute(relative)) {
    throw new TargetError(
      `${name} lies outside of the project`,
      'Files of SQLite stand below the project: `file:data/app.db`.',
    );
  }
  const shown = relative.split(path.sep).join('/');
  return { engine: 'sqlite', kind: 'file', text, file: full, shown };
}

/** What a module or a source says: not the stores of other cells, nor keys, nor locks. */
function beside(target: Target & { kind: 'file' }): Target {
  if (!/^\.cell(?:\/|$)/i.test(target.shown)) return target;
  throw new TargetError(
    `${target.shown} lies in .cell, which is the host's own`,
    'Write a path beside it: `file:data/app.db`.',
  );
}
