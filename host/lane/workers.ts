// Owns the piscina pool that lane workers run in: starts them as standbys, finds the thread behind
// a task, and tells when that thread has really ended (piscina's promise settles 1-4 ms before it
// has).
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { KernelModules } from './kernel.ts';
import type { FromLane, LaneTask, ToLane } from './worker.ts';

/** Milliseconds before a worker that could not start is tried again. */
const RETRY_MS = 1000;

/** One worker: a standby first, a lane later. */
export interface LaneThread {
  /** Id of the thread in the system, 0 = not known. */
  readonly systemThread: number;
  /** Resolves when the thread has ended; true: it ended with an error of its own. */
  readonly exited: Promise<boolean>;
  /** Resolves when its task has ended, however; the thread may idle on. */
  readonly over: Promise<void>;
  onMessage: (message: FromLane) => void;
  post(message: ToLane): void;
  /** Ends the thread wherever it is. */
  end(): void;
}

export interface WorkersOptions {
  memory: WebAssembly.Memory;
  modules: KernelModules;
  spinUs: number;
  /** Workers at once: lanes, the standby, and one that is just ending. */
  threads: number;
  /** A worker failed outside of any task. */
  failed(error: Error): void;
}

/** The pool. */
export class Workers {
  private readonly pool: Piscina;
  private readonly options: WorkersOptions;
  private closed = false;
  /** Rejects starts under way: a worker that fails before its task does so without it. */
  private readonly standing = new Set<(error: Error) => void>();

  constructor(options: WorkersOptions) {
    this.options = options;
    this.pool = new Piscina({
      filename: new URL('worker.ts', import.meta.url).href,
      minThreads: 0,
      maxThreads: options.threads,
      concurrentTasksPerWorker: 1,
      idleTimeout: 60_000,
      recordTiming: false,
    });
    this.pool.on('error', (error: Error) => {
      options.failed(error);
      for (const reject of this.standing) reject(error);
    });
  }

  /** Starts a worker; resolves when it stands by. Rejects when it cannot start. */
  async stand(): Promise<LaneThread> {
    const { port1, port2 } = new MessageChannel();
    const { memory, modules, spinUs } = this.options;
    const ending = new AbortController();
    const task: LaneTask = { memory, modules, spinUs, port: port2 };
    const run = this.pool.run(task, { transferList: [port2], signal: ending.signal });
    let failure: unknown;
    const over = run.then(
      () => {},
      (error: unknown) => {
        failure = error;
      },
    );
    let refuse: (error: Error) => void = () => {};
    const first = new Promise<Extract<FromLane, { kind: 'standing' }>>((resolve, reject) => {
      refuse = reject;
      port1.once('message', resolve);
      void over.then(() => reject(failure ?? new Error('the worker ended at once')));
    });
    this.standing.add(refuse);
    let standing: Awaited<typeof first>;
    try {
      standing = await first;
    } catch (error) {
      // Its other end may never have left this thread: open, it would keep the process alive.
      port1.close();
      throw error;
    } finally {
      this.standing.delete(refuse);
    }
    const worker = this.pool.threads.find((t) => t.threadId === standing.thread);
    const exited = worker === undefined ? over : exitOf(worker);
    return new Standing(
      port1,
      standing.systemThread,
      ending,
      over,
      exited.then(() => failed(failure)),
    );
  }

  /** `stand`; when it cannot be had, one that comes later. Rejects when the pool is closed. */
  async standBy(): Promise<LaneThread> {
    for (;;) {
      try {
        return await this.stand();
      } catch (error) {
        if (this.closed) throw error;
        const what = `no standby could be started: ${(error as Error).message}`;
        this.options.failed(new Error(what, { cause: error }));
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  /** Ends what is left of the workers. */
  async close(): Promise<void> {
    this.closed = true;
    await this.pool.destroy();
  }
}

function exitOf(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('exit', () => resolve());
  });
}

/** Whether a task's failure was the worker's own, and not that it was ended from here. */
function failed(failure: unknown): boolean {
  const name = (failure as Error | undefined)?.name;
  return (
    failure !== undefined &&
    name !== 'AbortError' &&
    !/^worker exited/.test(String((failure as Error).message))
  );
}

class Standing implements LaneThread {
  readonly systemThread: number;
  readonly exited: Promise<boolean>;
  readonly over: Promise<void>;
  onMessage: (message: FromLane) => void = () => {};
  private readonly port: MessagePort;
  private readonly ending: AbortController;

  constructor(
    port: MessagePort,
    thread: number,
    ending: AbortController,
    over: Promise<void>,
    exited: Promise<boolean>,
  ) {
    this.port = port;
    this.systemThread = thread;
    this.ending = ending;
    this.over = over;
    port.on('message', (message: FromLane) => this.onMessage(message));
    port.unref();
    this.exited = exited.finally(() => port.close());
  }

  post(message: ToLane): void {
    this.port.postMessage(message);
  }

  end(): void {
    this.ending.abort();
  }
}
