// Owns the process of the embedded PostgreSQL: one a folder, held by a lock that the system gives
// back however the process ends. Listens on one socket, serves clients by turns, ends itself when
// the last one has been gone for a while.
//
//   node server.ts <folder of the database> <socket> <milliseconds without clients>
//
// Exit codes: 0 served, or somebody else serves; 3 the folder cannot be opened (log says why).
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from './engine.ts';
import { Session } from './session.ts';
import { Turns } from './turns.ts';

/** Clients at once. Each costs little; more than this is a leak of connections. */
const CLIENTS = 512;
/** How long a start waits for the lock of a server that is just ending. */
const LOCK_MS = 30_000;
const FAILED = 3;

/** True when somebody listens on `socket`. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.connect(socket);
    probe.once('connect', () => resolve(true));
    probe.once('error', () => resolve(false));
    probe.once('close', () => probe.destroy());
    probe.once('connect', () => probe.end());
  });
}

/** The lock of a folder, for as long as the process lives; null: somebody else serves it. */
async function lock(folder: string, socket: string): Promise<DatabaseSync | null> {
  const began = performance.now();
  for (;;) {
    const held = new DatabaseSync(`${folder}.lock`, { timeout: 0 });
    try {
      held.exec('pragma journal_mode = memory; begin exclusive');
      return held;
    } catch {
      held.close();
    }
    if (await answers(socket)) return null;
    if (performance.now() - began > LOCK_MS) throw new Error('its lock is held by a process');
    await sleep(50);
  }
}

/** Listens; resolves when the last client has been gone for `idleMs` and the socket is closed. */
function serve(engine: Engine, socket: string, idleMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sessions = new Map<number, Session>();
  const turns = new Turns(engine, (error) => {
    const message = `the embedded database cannot go on: ${error.message}`;
    for (const session of sessions.values()) session.fail({ code: '57P03', message });
    reject(error);
  });
  let pids = 1;
  let ending: NodeJS.Timeout | undefined;
  const quiet = (): void => {
    clearTimeout(ending);
    if (sessions.size > 0) return;
    ending = setTimeout(() => {
      if (!turns.idle) return quiet();
      server.close(() => resolve());
    }, idleMs);
  };
  const server = net.createServer((client) => {
    clearTimeout(ending);
    client.setNoDelay(true);
    const session = new Session(client, pids++, turns.known, {
      ready: (one) => turns.ready(one),
      gone: (one) => {
        sessions.delete(one.pid);
        turns.gone(one);
        quiet();
      },
      cancel: (pid, secret) => {
        const meant = sessions.get(pid);
        if (meant?.secret === secret) turns.cancel(meant);
      },
    });
    sessions.set(session.pid, session);
    if (sessions.size > CLIENTS) session.fail({ code: '53300', message: 'too many clients' });
  });
  server.once('error', reject);
  process.once('SIGTERM', () => {
    const message = 'terminating connection due to administrator command';
    for (const session of sessions.values()) session.fail({ code: '57P01', message });
    server.close(() => resolve());
  });
  if (process.platform !== 'win32') fs.rmSync(socket, { force: true });
  server.listen(socket, () => {
    if (process.platform !== 'win32') fs.chmodSync(socket, 0o600);
    quiet();
  });
  return promise;
}

async function main(folder: string, socket: string, idleMs: number): Promise<void> {
  fs.mkdirSync(path.dirname(folder), { recursive: true, mode: 0o700 });
  const held = await lock(folder, socket);
  if (held === null) return;
  const engine = new Engine(folder);
  await engine.start();
  await serve(engine, socket, idleMs);
  await engine.close();
}

const [folder = '', socket = '', idle = ''] = process.argv.slice(2);
main(folder, socket, Number(idle)).then(
  () => process.exit(0),
  (error: Error) => {
    process.stderr.write(`cell: ${error.message}\n`);
    process.exit(FAILED);
  },
);
