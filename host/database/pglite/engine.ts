// Owns the thread that PGlite runs in, seen from the server: starts it, hands it one batch at a
// time, ends it when a statement must not go on, and starts it again. What was committed is on the
// disk; PostgreSQL recovers the rest of an engine that was ended.
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { EngineTask, FromEngine, ToEngine } from './engine-worker.ts';

/** PostgreSQL itself. */
const PROGRAM = new URL('pglite.wasm', import.meta.resolve('@electric-sql/pglite'));

/** The engine has ended before it answered. */
export class EngineLost extends Error {}

/** The folder cannot be opened. */
export class EngineFailed extends Error {}

export class Engine {
  readonly #folder: string;
  #worker: Worker | undefined;
  #waiting: { resolve(bytes: Buffer): void; reject(error: Error): void } | undefined;
  #failure = '';
  #module: Promise<WebAssembly.Module> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts the thread; resolves when the database is open. Rejects with EngineFailed. */
  async start(): Promise<void> {
    // Compiled once: a thread that replaces another begins with code that is warm.
    this.#module ??= WebAssembly.compile(await readFile(PROGRAM));
    return this.#run(await this.#module);
  }

  #run(program: WebAssembly.Module): Promise<void> {
    const worker = new Worker(new URL('engine-worker.ts', import.meta.url), {
      workerData: { folder: this.#folder, program } satisfies EngineTask,
      execArgv: [],
    });
    this.#worker = worker;
    this.#failure = '';
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    worker.on('message', (said: FromEngine) => {
      if (said.kind === 'ready') resolve();
      else if (said.kind === 'failed') {
        reject(new EngineFailed(said.message));
        void worker.terminate();
      } else this.#answer(Buffer.from(said.bytes.buffer, 0, said.bytes.length));
    });
    worker.on('error', (error: Error) => {
      this.#failure = error.message;
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      const lost = this.#waiting;
      this.#waiting = undefined;
      lost?.reject(new EngineLost(this.#failure || 'the engine has ended'));
      reject(new EngineFailed(this.#failure || 'the engine has ended'));
    });
    return promise;
  }

  /** Runs whole messages; resolves to what the database says. Rejects with EngineLost. */
  run(batch: Buffer[]): Promise<Buffer> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new EngineLost('the engine has ended'));
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.#waiting = { resolve, reject };
    const run = new Uint8Array(batch.reduce((bytes, part) => bytes + part.length, 0));
    let at = 0;
    for (const part of batch) {
      run.set(part, at);
      at += part.length;
    }
    worker.postMessage({ run } satisfies ToEngine, [run.buffer]);
    return promise;
  }

  /** Ends the thread wherever it is; what was running rejects. Resolves when it has ended. */
  async kill(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** Ends the database in order. */
  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage({ close: true } satisfies ToEngine);
    await ended;
  }

  #answer(bytes: Buffer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(bytes);
  }
}
