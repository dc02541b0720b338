// Owns the settings of one session of the embedded server: what its startup packet asked for and
// what it has set since. PGlite has one session; each client's settings are made its own when its
// turn comes.
import { textAt } from './messages.ts';

/** What a startup packet says. */
export interface Startup {
  user: string;
  database: string;
  settings: Map<string, string>;
  /** `_pq_.` options, which no version of the protocol that we speak has. */
  unknown: string[];
}

/** `-c a=b --c=d\ e`: the command line options of a startup packet (libpq's `options`). */
function commandLine(options: string): [string, string][] | null {
  const words = options.match(/(?:\\.|[^\s\\])+/gs) ?? [];
  const plain = words.map((word) => word.replace(/\\(.)/gs, '$1'));
  const found: [string, string][] = [];
  for (let i = 0; i < plain.length; i++) {
    let word = plain[i] as string;
    if (word === '-c') word = plain[++i] ?? '';
    else if (word.startsWith('-c')) word = word.slice(2);
    else if (word.startsWith('--')) word = word.slice(2);
    else return null;
    const at = word.indexOf('=');
    if (at < 1) return null;
    found.push([word.slice(0, at).replaceAll('-', '_').toLowerCase(), word.slice(at + 1)]);
  }
  return found;
}

/** Reads the body of a startup packet behind its version; null: options that nobody understands. */
export function readStartup(body: Buffer): Startup | null {
  const startup: Startup = { user: '', database: '', settings: new Map(), unknown: [] };
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const name = textAt(body, at);
    const { value, next } = textAt(body, name.next);
    at = next;
    if (name.value === 'user') startup.user = value;
    else if (name.value === 'database') startup.database = value;
    else if (name.value === 'options') {
      const options = commandLine(value);
      if (options === null) return null;
      for (const [key, set] of options) startup.settings.set(key, set);
    } else if (name.value.startsWith('_pq_.')) startup.unknown.push(name.value);
    else if (name.value !== 'replication') startup.settings.set(name.value.toLowerCase(), value);
  }
  if (startup.database === '') startup.database = startup.user;
  return startup;
}

const quoted = (value: string): string => `E'${value.replace(/[\\']/g, '\\$&')}'`;

const set = ([name, value]: [string, string]): string =>
  `pg_catalog.set_config(${quoted(name)}, ${quoted(value)}, false)`;

/** Two sessions with one signature need no change between their turns. */
export const signature = (settings: Map<string, string>): string =>
  JSON.stringify([...settings].sort());

/** SQL that makes `settings` those of the one session; the role last: it may not set others. */
export function settle(settings: Map<string, string>): string {
  const late = ['session_authorization', 'role'];
  const plain = [...settings].filter(([name]) => !late.includes(name));
  const last = late.filter((name) => settings.has(name));
  const texts = ['reset session authorization', 'reset role', 'reset all'];
  if (plain.length > 0) texts.push(`select ${plain.map(set).join(', ')}`);
  for (const name of last) texts.push(`select ${set([name, settings.get(name) as string])}`);
  return texts.join('; ');
}

/** What ParameterStatus tells of a session. */
export const REPORTED = [
  ...['server_version', 'server_encoding', 'client_encoding', 'application_name'],
  ...['DateStyle', 'IntervalStyle', 'TimeZone', 'integer_datetimes'],
  ...['standard_conforming_strings', 'in_hot_standby', 'default_transaction_read_only'],
];

const current = (name: string): string => `current_setting(${quoted(name)})`;

/** SQL that answers with one row, the values of REPORTED in their order. */
export const REPORT = `select ${REPORTED.map(current).join(', ')}`;

/** SQL that answers with a row (name, value) for everything that the session has set. */
export const SNAPSHOT =
  "select name, setting from pg_catalog.pg_settings where source = 'session' " +
  "union all select 'role', current_setting('role') where current_setting('role') <> 'none' " +
  "union all select 'session_authorization', session_user::text where session_user <> 'postgres'";

/** Command tags after which a session may have other settings. */
export const changesSettings = (tag: string): boolean =>
  /^(?:SET|RESET|DISCARD|DO|CALL)\b/.test(tag);
