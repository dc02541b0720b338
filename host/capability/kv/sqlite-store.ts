// Owns the store in a file of SQLite as a lane sees it: asks the thread that has the file
// (sqlite-thread.ts), one request at a time, and starts it again when it was lost. Never waits for
// the disk itself.
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { UNKNOWN } from '../../../assembly/shared/status.ts';
import type { KvFailure, KvField, KvListed, KvStore } from './contract.ts';
import type { SqliteOptions } from './sqlite-file.ts';
import {
  ANSWER,
  ASKED,
  CLOSE,
  COMMIT,
  DESK_BYTES,
  DONE,
  HEAD,
  LIST,
  LOAD,
  SIZE,
  type StoreThread,
  WHAT,
} from './sqlite-thread.ts';

type Answer = KvField | KvFailure | KvListed[] | null;

interface Request {
  what: number;
  field: number;
  batch: Uint8Array | null;
  answered(answer: Answer): void;
}

export class SqliteStore implements KvStore {
  private readonly options: SqliteOptions;
  private readonly queue: Request[] = [];
  private thread: Thread | null = null;

  constructor(options: SqliteOptions) {
    this.options = options;
  }

  load(field: number): Promise<KvField | KvFailure> {
    return this.ask(LOAD, field, null) as Promise<KvField | KvFailure>;
  }

  commit(batch: Uint8Array): Promise<KvFailure | null> {
    return this.ask(COMMIT, 0, batch) as Promise<KvFailure | null>;
  }

  list(): Promise<KvListed[] | KvFailure> {
    return this.ask(LIST, 0, null) as Promise<KvListed[] | KvFailure>;
  }

  async close(): Promise<void> {
    await this.thread?.close();
  }

  private ask(what: number, field: number, batch: Uint8Array | null): Promise<Answer> {
    return new Promise((answered) => {
      this.queue.push({ what, field, batch, answered });
      if (this.queue.length === 1) this.begin(this.queue[0]);
    });
  }

  private begin(request: Request): void {
    this.thread ??= new Thread(this.options, (why) => this.lost(why));
    this.thread.ask(request, (answer) => this.next(answer));
  }

  private next(answer: Answer): void {
    const request = this.queue.shift();
    request?.answered(answer);
    if (this.queue.length > 0) this.begin(this.queue[0]);
  }

  private lost(why: string): void {
    this.thread = null;
    if (this.queue.length === 0) return;
    this.next({ status: UNKNOWN, text: `${this.options.file}: ${why}` });
  }
}

/** One thread, from its start to its end. */
class Thread {
  private readonly worker: Worker;
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly port: MessagePort;
  private readonly exited: Promise<void>;
  private asked = 0;
  private answered: ((answer: Answer) => void) | null = null;

  constructor(options: SqliteOptions, lost: (why: string) => void) {
    const desk = new SharedArrayBuffer(HEAD + DESK_BYTES);
    const { port1, port2 } = new MessageChannel();
    this.words = new Int32Array(desk, 0, HEAD / 4);
    this.bytes = new Uint8Array(desk, HEAD);
    this.port = port1;
    const workerData: StoreThread = { options, desk, port: port2 };
    this.worker = new Worker(new URL('sqlite-thread.ts', import.meta.url), {
      workerData,
      transferList: [port2],
    });
    this.worker.unref();
    let why = 'its thread has ended';
    this.worker.on('error', (error: Error) => {
      why = error.message;
    });
    this.exited = new Promise((resolve) => {
      this.worker.once('exit', () => {
        port1.close();
        resolve();
        this.answered = null;
        lost(why);
      });
    });
  }

  ask({ what, field, batch }: Request, answered: (answer: Answer) => void): void {
    const { words } = this;
    this.answered = answered;
    // Waiting on shared memory alone does not keep a process alive.
    this.worker.ref();
    words[WHAT] = what;
    words[SIZE] = batch === null ? field : this.lay(batch);
    const done = this.asked++;
    Atomics.store(words, ASKED, this.asked);
    Atomics.notify(words, ASKED);
    const wait = Atomics.waitAsync(words, DONE, done);
    if (wait.async) void wait.value.then(this.done);
    else queueMicrotask(this.done);
  }

  /** Puts a batch where the thread finds it; its bytes, or -1. */
  private lay(batch: Uint8Array): number {
    if (batch.length <= DESK_BYTES) {
      this.bytes.set(batch);
      return batch.length;
    }
    this.port.postMessage(batch, [batch.buffer as ArrayBuffer]);
    return -1;
  }

  private readonly done = (): void => {
    const { answered } = this;
    if (answered === null) return;
    this.answered = null;
    this.worker.unref();
    const message =
      this.words[ANSWER] === 0 ? null : (receiveMessageOnPort(this.port)?.message as Answer);
    answered(message);
  };

  async close(): Promise<void> {
    this.worker.ref();
    this.words[WHAT] = CLOSE;
    Atomics.store(this.words, ASKED, this.asked + 1);
    Atomics.notify(this.words, ASKED);
    await this.exited;
  }
}
