// 10,000 idle connections on one listener cost bounded memory and keep nobody from being served.
// Server and clients are processes of their own, with as many files as the system lets them have.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ExecutionContext } from 'ava';
import test from 'ava';

const CONNECTIONS = 10_000;
/** Bytes of the server for one idle connection; seen: 3 to 10 KB. */
const BYTES_EACH = 32 << 10;

const fixture = (name: string) => new URL(`fixtures/${name}.ts`, import.meta.url).pathname;

/** A Node process with the file limit at its hard bound; `next` reads its next line as JSON. */
function run(t: ExecutionContext, args: string[]) {
  const raise = process.platform === 'win32' ? null : 'ulimit -n "$(ulimit -H -n)"; exec "$0" "$@"';
  const node = ['--expose-gc', ...args];
  const child = raise
    ? spawn('sh', ['-c', raise, process.execPath, ...node], { stdio: ['pipe', 'pipe', 'inherit'] })
    : spawn(process.execPath, node, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  t.teardown(async () => {
    child.stdin.end();
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const line = await lines.next();
    if (line.done) throw new Error(`${args[0]} ended early`);
    return JSON.parse(line.value) as Record<string, number>;
  };
  const ask = () => {
    child.stdin.write('\n');
    return next();
  };
  return { next, ask, end: () => child.stdin.end(), ended };
}

for (const kind of ['auto', 'ws', 'socket']) {
  test.serial(`${kind}: ${CONNECTIONS} idle connections`, async (t) => {
    const path = kind === 'socket' ? join(tmpdir(), `cell-${randomUUID().slice(0, 8)}.sock`) : '';
    const server = run(t, [fixture('idle-server'), kind, path]);
    const { port } = await server.next();
    const before = await server.ask();
    const clients = run(t, [fixture('idle-clients'), String(CONNECTIONS), path || String(port)]);
    const { welcomes } = await clients.next();
    if (welcomes < CONNECTIONS) {
      t.log(`ONLY ${welcomes} of ${CONNECTIONS} connections: the system allows no more open files`);
    }
    t.true(welcomes >= 900, `${welcomes} connections`);
    const full = await server.ask();
    t.is(full.sessions, welcomes);
    const each = (full.rss - before.rss) / welcomes;
    t.log(`${Math.round(each)} bytes a connection`);
    t.true(each <= BYTES_EACH, `${Math.round(each)} bytes a connection`);
    const late = run(t, [fixture('idle-clients'), '1', path || String(port)]);
    t.is((await late.next()).welcomes, 1);
    clients.end();
    late.end();
    await Promise.all([clients.ended, late.ended]);
    for (;;) {
      const { connections, sessions } = await server.ask();
      if (connections === 0) {
        t.is(sessions, 0);
        break;
      }
    }
  });
}
