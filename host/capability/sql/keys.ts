// Owns the keys of encrypted columns: where they come from, and what each is called. A key never
// leaves this process, is never logged and stands in no error.
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { SqlGrant } from '../../lane/contract.ts';

/** Bytes of a key: AES-256. */
export const KEY_BYTES = 32;

export interface Key {
  /** Four bytes that say which key encrypted a value. */
  id: Buffer;
  secret: Buffer;
}

/** A key that cannot be had. Says which one by its place, never what it is. */
export class KeyError extends Error {
  override name = 'KeyError';
}

/** Where the keys of a project are made, when nobody says any. */
export const keyFile = (project: string): string =>
  path.join(project, '.cell', 'run', 'keys', 'sql');

/** The key of a text: 32 bytes as base64. `what` names it in errors. */
export function readKey(text: string, what: string): Key {
  const secret = Buffer.from(text.trim(), 'base64');
  const again = secret.toString('base64');
  if (secret.length !== KEY_BYTES || again.replace(/=+$/, '') !== text.trim().replace(/=+$/, '')) {
    throw new KeyError(
      `${what} is no key: ${KEY_BYTES} bytes as base64, as \`openssl rand -base64 32\` makes them`,
    );
  }
  const id = createHash('sha256').update('cell sql key\0').update(secret).digest().subarray(0, 4);
  return { id, secret };
}

/**
 * The keys of a cell: the first encrypts, all decrypt. Without any in the grant, the one of the
 * project, which is made once. Throws KeyError.
 */
export function keysOf(
  { keys }: SqlGrant,
  project: string,
  env: NodeJS.ProcessEnv = process.env,
): Key[] {
  if (keys === undefined || keys.length === 0) return [projectKey(project)];
  const found = keys.map((key, i) => {
    const place = `sql.keys[${i}]`;
    if (typeof key === 'string') return readKey(key, place);
    if ('env' in key) {
      const text = env[key.env] ?? '';
      if (text === '') throw new KeyError(`${place}: the variable ${key.env} is not set`);
      return readKey(text, `${place} (${key.env})`);
    }
    return readKey(readText(key.file, place), `${place} (${key.file})`);
  });
  const twins = new Set(found.map(({ id }) => id.toString('hex')));
  if (twins.size < found.length) throw new KeyError('sql.keys has one key twice');
  return found;
}

function readText(file: string, what: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new KeyError(
      `${what}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`,
    );
  }
}

/** Two hosts that start at once make one key: whoever links the name first. */
function projectKey(project: string): Key {
  const file = keyFile(project);
  if (!fs.existsSync(file)) {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const draft = `${file}.${randomBytes(6).toString('hex')}`;
    const handle = fs.openSync(draft, 'wx', 0o600);
    try {
      fs.writeSync(handle, `${randomBytes(KEY_BYTES).toString('base64')}\n`);
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
    try {
      fs.linkSync(draft, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      fs.rmSync(draft, { force: true });
    }
  }
  return readKey(readText(file, 'the key of the project'), file);
}
