// Owns how a connection string of PostgreSQL is read: the URI of libpq, into what `pg` takes. Its
// errors name the variable that it came from and never repeat it: it may hold a password.
// (PostgreSQL manual, "Connection URIs")
import fs from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import { TargetError } from './target-error.ts';

/** Milliseconds until a server has to answer, unless the string says another. */
const CONNECT_MS = 10_000;
const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];
const EXAMPLE = 'postgres://user:password@host:5432/database';

/** The options of a client. Throws TargetError. */
export function readServerUrl(text: string, from: string): ClientConfig {
  const url = parsed(text, from);
  const options = url.searchParams;
  // A password with `/` in it ends the address early; what is left of it would be shown as a name.
  if (url.pathname.includes('@')) {
    throw wrong(from, 'has an `@` behind a `/`: in a password, `/` is written %2F, and `@` %40');
  }
  const database = decoded(url.pathname.slice(1), from);
  const host = options.get('host') ?? decoded(url.hostname, from).replace(/^\[|\]$/g, '');
  const user = options.get('user') ?? decoded(url.username, from);
  const password = options.get('password') ?? decoded(url.password, from);
  const port = Number(options.get('port') ?? (url.port || 5432));
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw wrong(from, 'has no port number');
  const seconds = Number(options.get('connect_timeout') ?? CONNECT_MS / 1000);
  if (!Number.isFinite(seconds) || seconds < 0) {
    throw wrong(from, 'has a connect_timeout that is no number of seconds');
  }
  const name = options.get('dbname') ?? database;
  const config: ClientConfig = {
    host: host === '' ? (process.env.PGHOST ?? 'localhost') : host,
    port,
    database: name === '' ? user || (process.env.PGDATABASE ?? 'postgres') : name,
    connectionTimeoutMillis: Math.max(seconds * 1000, 1),
    application_name: options.get('application_name') ?? 'cell',
    ssl: encryption(options, from),
  };
  if (user !== '') config.user = user;
  if (password !== '') config.password = password;
  const start = options.get('options') ?? '';
  if (start !== '') config.options = start;
  refuseOthers(options, from);
  return config;
}

function parsed(text: string, from: string): URL {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):/i.exec(text) ?? [];
  if (scheme === undefined) throw wrong(from, 'is no connection string');
  if (!/^postgres(?:ql)?$/i.test(scheme)) {
    throw wrong(from, `has the scheme \`${scheme}:\`, which is not PostgreSQL's`);
  }
  try {
    // libpq takes a user without a host, which URL does not.
    const [, before, after] = /^(postgres(?:ql)?:\/\/[^/?#]*@)((?:[/?].*)?)$/is.exec(text) ?? [];
    if (before === undefined || !/@$/.test(before)) return new URL(text);
    const url = new URL(`${before}localhost${after}`);
    if (!url.searchParams.has('host')) url.searchParams.set('host', '');
    return url;
  } catch {
    throw wrong(from, 'cannot be read');
  }
}

function decoded(text: string, from: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong(from, 'has a `%` that is not followed by two hexadecimal digits');
  }
}

/** libpq's sslmode; `allow` and `prefer` are without, as a server that demands it will say. */
function encryption(options: URLSearchParams, from: string): false | ConnectionOptions {
  const mode = options.get('sslmode') ?? 'disable';
  if (!MODES.includes(mode)) throw wrong(from, `has an sslmode that is none of ${MODES.join(' ')}`);
  if (['disable', 'allow', 'prefer'].includes(mode)) return false;
  const read = (name: string): Buffer | undefined => {
    const file = options.get(name);
    if (file === null) return undefined;
    try {
      return fs.readFileSync(file);
    } catch {
      throw wrong(from, `names a file in ${name} that cannot be read`);
    }
  };
  const [ca, cert, key] = [read('sslrootcert'), read('sslcert'), read('sslkey')];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized: mode !== 'require' || ca !== undefined,
    ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
  };
}

const OPTIONS = [
  ...['host', 'port', 'user', 'password', 'dbname', 'connect_timeout', 'application_name'],
  ...['options', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey'],
];

function refuseOthers(options: URLSearchParams, from: string): void {
  const other = [...options.keys()].find((name) => !OPTIONS.includes(name));
  if (other !== undefined) {
    // What is no name may be the rest of a password that was not encoded.
    const name = /^[a-z_]{1,64}$/i.test(other) ? `an option \`${other}\`` : 'an option';
    throw new TargetError(
      `${from} has ${name}, which is not known`,
      `Known are ${OPTIONS.join(', ')}.`,
    );
  }
}

const wrong = (from: string, why: string): TargetError =>
  new TargetError(`${from} ${why}`, `Write it as ${EXAMPLE}`);
