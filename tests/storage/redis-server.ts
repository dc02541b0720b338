// Owns a Redis for tests: Debian's redis-server as a child process on a free port of the loopback,
// without the rights of root, its files below a temporary folder.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Why no Redis can be started here; null: it can. */
export function missingRedis(): string | null {
  const found = spawnSync('redis-server', ['--version']);
  return found.status === 0 ? null : 'redis-server is not installed (Debian: redis-server)';
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export class RedisServer {
  readonly url: string;
  private readonly port: number;
  private readonly folder: string;
  private readonly settings: string[];
  private child: ChildProcess | null = null;

  private constructor(port: number, settings: string[]) {
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
    this.settings = settings;
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-redis-'));
    fs.chmodSync(this.folder, 0o777);
  }

  /** Starts one; `settings` as on its command line. It keeps its data over `restart`. */
  static async start(...settings: string[]): Promise<RedisServer> {
    // The port may be taken between its choice and its use.
    for (let tries = 0; ; tries++) {
      const server = new RedisServer(await freePort(), settings);
      try {
        await server.begin();
        return server;
      } catch (error) {
        await server.stop();
        if (tries === 3) throw error;
      }
    }
  }

  private async begin(): Promise<void> {
    const [bind, dir] = [
      ['--bind', '127.0.0.1'],
      ['--dir', this.folder],
    ];
    const child = spawn(
      'redis-server',
      ['--port', String(this.port), ...bind, ...dir, '--save', '', ...this.settings],
      { stdio: 'ignore', ...(process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}) },
    );
    this.child = child;
    let ended = false;
    child.once('exit', () => {
      ended = true;
    });
    while (!(await this.answers())) {
      if (ended) throw new Error('redis-server has ended at once');
      await sleep(10);
    }
  }

  private async answers(): Promise<boolean> {
    const socket = net.connect(this.port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      socket.write('PING\r\n');
      const [data] = await once(socket, 'data');
      return String(data).startsWith('+PONG');
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }

  /** Stops or continues the process, without its knowledge. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.kill(name);
  }

  /** Ends it with SIGKILL. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.begin();
  }

  async stop(): Promise<void> {
    await this.kill();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
