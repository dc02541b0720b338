// Owns PGlite: opens the folder of a database and runs what it is handed, one batch after another.
// Runs in a thread of its own, so that sockets are served and a statement that never ends can be
// ended with its thread. Never looks into a message.
import fs from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { type Extension, PGlite } from '@electric-sql/pglite';

/** What the thread is started with. */
export interface EngineTask {
  folder: string;
  program: WebAssembly.Module;
}

/** `run`: messages, whole. `close`: ends the database in order. */
export type ToEngine = { run: Uint8Array } | { close: true };
export type FromEngine =
  | { kind: 'ready' }
  | { kind: 'answer'; bytes: Uint8Array }
  | { kind: 'failed'; message: string };

/**
 * PostgreSQL alone, without helpers, as PGlite starts it, with two differences: commits reach the
 * disk (PGlite leaves fsync off), and search_path is PostgreSQL's own.
 */
const START = [
  ...['--single', '-O', '-j'],
  ...[
    ...['exit_on_error=false', 'log_checkpoints=false', 'max_worker_processes=0'],
    ...['max_parallel_workers=0', 'max_parallel_workers_per_gather=0', 'io_method=sync'],
    ...['max_parallel_maintenance_workers=0', 'wal_sync_method=fsync', 'jit=off'],
    // Errors are their client's; they hold values.
    'log_min_messages=log',
  ].flatMap((setting) => ['-c', setting]),
];

/** Emscripten's view of a file of the folder: the descriptor of the real one. */
interface NodeStream {
  nfd: number;
}
interface FileSystems {
  FS: { filesystems: { NODEFS: { stream_ops: { fsync?(stream: NodeStream): number } } } };
}

/** Emscripten's files have no fsync of their own: without this one it would do nothing. */
const durable: Extension = {
  name: 'durable',
  setup: async (_database, options: { preRun?: ((module: FileSystems) => void)[] }) => ({
    emscriptenOpts: {
      ...options,
      preRun: [
        ...(options.preRun ?? []),
        (module: FileSystems) => {
          module.FS.filesystems.NODEFS.stream_ops.fsync = ({ nfd }) => {
            fs.fsyncSync(nfd);
            return 0;
          };
        },
      ],
    },
  }),
};

/**
 * Opens the folder; makes the database when there is none. A file beside it stands while it is
 * made: one that is found later means that the folder is half a database, which goes.
 */
async function open({ folder, program }: EngineTask, log: (line: string) => void): Promise<PGlite> {
  const options = {
    ...{ extensions: { durable }, startParams: START, onStderr: logs(log) },
    pgliteWasmModule: program,
  };
  const making = `${folder}.making`;
  if (fs.existsSync(making)) fs.rmSync(folder, { recursive: true, force: true });
  if (fs.existsSync(`${folder}/PG_VERSION`)) return PGlite.create(folder, options);
  // Throws when something is in it: that is not ours to remove.
  if (fs.existsSync(folder)) fs.rmdirSync(folder);
  fs.writeFileSync(making, '', { mode: 0o600 });
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const made = await PGlite.create(folder, options);
  fs.rmSync(making);
  return made;
}

const logs =
  (log: (line: string) => void) =>
  (line: string): boolean => {
    log(line);
    return false;
  };

/** Runs one batch; resolves to all that the database has said. */
async function run(database: PGlite, batch: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  await database.execProtocolRawStream(batch, {
    syncToFs: false,
    // A view on the engine's memory: copied before it goes on.
    onRawData: (part) => {
      parts.push(part.slice());
      bytes += part.length;
    },
  });
  const answer = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    answer.set(part, at);
    at += part.length;
  }
  return answer;
}

async function main(port: NonNullable<typeof parentPort>): Promise<void> {
  const tail: string[] = [];
  const say = (said: FromEngine, moved: ArrayBuffer[] = []): void => port.postMessage(said, moved);
  let database: PGlite;
  try {
    database = await open(workerData as EngineTask, (line) => {
      process.stderr.write(`${line}\n`);
      tail.push(line);
      if (tail.length > 8) tail.shift();
    });
  } catch (error) {
    const said = tail.filter((line) => /FATAL|PANIC|ERROR/.test(line)).at(-1);
    say({ kind: 'failed', message: said ?? (error as Error).message });
    return;
  }
  port.on('message', async (order: ToEngine) => {
    if ('close' in order) {
      await database.close().catch(() => {});
      process.exit(0);
    }
    // What is thrown here ends the thread: the engine has ended, and is started anew.
    const bytes = await run(database, order.run);
    say({ kind: 'answer', bytes }, [bytes.buffer]);
  });
  say({ kind: 'ready' });
}

if (parentPort !== null) await main(parentPort);
