// Owns the way to a project's embedded PostgreSQL: PGlite in a process of its own, because a build
// and a host want it at once and only one process may open the folder. Whoever needs it first
// starts it, detached; `pg` is its client, as of any server.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ClientConfig } from 'pg';
import { TargetError } from './target-error.ts';

/** Milliseconds that the server lives without clients, unless CELL_PGLITE_IDLE_MS says another. */
const IDLE_MS = 10_000;
/** Milliseconds until it has to answer: the first start makes the database, on a busy machine. */
const START_MS = 120_000;
/** Bytes of a Unix socket's path that every system takes (macOS 104, with the end). */
const PATH_BYTES = 100;
/** Bytes of its log; a larger one is begun anew with the next start. */
const LOG_BYTES = 1 << 20;
/** What psql and `pg` look for in a folder that is given as a host. */
const SOCKET = '.s.PGSQL.5432';

const SERVER = fileURLToPath(new URL('pglite/server.ts', import.meta.url));

/** Where things of the embedded database are. */
export interface EmbeddedPlaces {
  /** The database itself. */
  folder: string;
  /** The socket; on Windows a named pipe. */
  socket: string;
  log: string;
}

/** Where the embedded database of a project is, whether it is there or not. */
export function embeddedPlaces(project: string): EmbeddedPlaces {
  const root = path.resolve(project);
  const run = path.join(root, '.cell', 'run');
  const places = {
    folder: path.join(root, '.cell', 'data', 'postgres'),
    log: path.join(run, 'postgres.log'),
  };
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
  if (process.platform === 'win32') {
    return { ...places, socket: `\\\\.\\pipe\\cell-postgres-${name}` };
  }
  const near = path.join(run, SOCKET);
  if (Buffer.byteLength(near) <= PATH_BYTES) return { ...places, socket: near };
  const far = path.join(os.tmpdir(), `cell-${process.getuid?.() ?? 0}-${name}`, SOCKET);
  return { ...places, socket: far };
}

/** Makes the socket's folder, for its owner alone; refuses one that is another's. */
function secure(folder: string): void {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (process.platform === 'win32') return;
  const stat = fs.lstatSync(folder);
  if (!stat.isDirectory() || stat.uid !== process.getuid?.()) {
    throw new TargetError(
      `${folder} belongs to somebody else: the embedded database cannot listen there`,
      'Remove that folder, or set DATABASE_URL to a real server.',
    );
  }
  if ((stat.mode & 0o077) !== 0) fs.chmodSync(folder, 0o700);
}

/** A request for encryption: whoever serves declines it with one letter. */
const QUESTION = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Whether somebody answers, not only accepts: a server that was killed does so for a moment. */
function reachable(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.connect(socket);
    probe.on('error', () => {});
    probe.once('close', () => resolve(false));
    probe.once('data', () => {
      resolve(true);
      probe.destroy();
    });
    probe.write(QUESTION);
  });
}

function start({ folder, socket, log }: EmbeddedPlaces): ChildProcess {
  const idle = process.env.CELL_PGLITE_IDLE_MS ?? String(IDLE_MS);
  const large = (fs.statSync(log, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES;
  const out = fs.openSync(log, large ? 'w' : 'a', 0o600);
  try {
    const child = spawn(process.execPath, ['--no-warnings', SERVER, folder, socket, idle], {
      cwd: path.dirname(path.dirname(folder)),
      detached: true,
      stdio: ['ignore', out, out],
      windowsHide: true,
    });
    child.unref();
    child.on('error', () => {});
    return child;
  } finally {
    fs.closeSync(out);
  }
}

/** The last lines of the log, for an error. */
function tail(log: string): string {
  try {
    const lines = fs.readFileSync(log, 'utf8').trimEnd().split('\n');
    const told = lines.filter((line) => /^cell: |FATAL|PANIC/.test(line));
    return (told.at(-1) ?? lines.at(-1) ?? '').replace(/^cell: /, '');
  } catch {
    return '';
  }
}

const starts = new Map<string, Promise<EmbeddedPlaces>>();

/**
 * Makes sure that the embedded PostgreSQL of `project` answers; says where. Ask again before every
 * connection: it ends itself when its last client has gone. Rejects with TargetError.
 */
export function openEmbedded(project: string): Promise<EmbeddedPlaces> {
  const places = embeddedPlaces(project);
  const under = starts.get(places.folder);
  if (under !== undefined) return under;
  const started = open(places).finally(() => starts.delete(places.folder));
  starts.set(places.folder, started);
  return started;
}

async function open(places: EmbeddedPlaces): Promise<EmbeddedPlaces> {
  const { socket, log } = places;
  // Before anybody is asked: whoever listens in another's folder is not ours.
  secure(path.dirname(log));
  if (process.platform !== 'win32') secure(path.dirname(socket));
  if (await reachable(socket)) return places;
  const began = performance.now();
  let child = start(places);
  while (performance.now() - began < START_MS) {
    await sleep(20);
    if (await reachable(socket)) return places;
    if (child.exitCode === 3 || child.signalCode !== null) throw failed(places);
    // Somebody else served it, and has just ended.
    if (child.exitCode !== null) child = start(places);
  }
  throw failed(places);
}

function failed({ folder, log }: EmbeddedPlaces): TargetError {
  const shown = (file: string): string => path.relative(process.cwd(), file) || file;
  const why = tail(log);
  return new TargetError(
    `the embedded database in ${shown(folder)} did not start${why === '' ? '' : `: ${why}`}`,
    `See ${shown(log)}. If its files are damaged: restore a copy, or remove the folder (all its ` +
      'data is lost) and build again. Or set DATABASE_URL to a real server.',
  );
}

/** What `pg` is to connect with: everyone is the owner, behind a socket of the owner's alone. */
export function embeddedClient({ socket }: EmbeddedPlaces): ClientConfig {
  const own = { user: 'postgres', database: 'postgres', password: '', application_name: 'cell' };
  if (process.platform !== 'win32') return { ...own, host: path.dirname(socket), port: 5432 };
  // A named pipe: `pg` would look for a folder.
  const stream = (): net.Socket => {
    const pipe = new net.Socket();
    const connect = pipe.connect.bind(pipe);
    pipe.connect = (() => connect({ path: socket })) as net.Socket['connect'];
    return pipe;
  };
  return { ...own, host: 'localhost', stream };
}
