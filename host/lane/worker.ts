// Owns a lane worker: a piscina task that never returns while the lane lives. It begins as the
// standby and becomes a lane when it is told to. Three ways to wait for work, in this order: spin,
// sleep on the doorbell (Atomics.wait), and, only while guests are suspended, run the event loop
// (Atomics.waitAsync). Invariant: SLEEPS is 1 before the last look at the rings, so a bell that was
// due is always rung.
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type MessagePort, receiveMessageOnPort, threadId } from 'node:worker_threads';
import {
  L_BELL_WORD,
  L_CONTROL_WORD,
  L_SLEEPS_WORD,
  RING_HEAD,
  RING_TAIL,
} from '../../assembly/shared/layout.ts';
import type { KernelModules } from './kernel.ts';
import { Lane, type LogLine } from './lane.ts';
import { openMemory, type SharedMemory } from './memory.ts';
import type { CellPart } from './part.ts';

/** What a worker is started with. */
export interface LaneTask {
  memory: WebAssembly.Memory;
  port: MessagePort;
  modules: KernelModules;
  /** Microseconds to look for work before sleeping. */
  spinUs: number;
}

/** Listener to lane. `become` is the first message, once. */
export type ToLane =
  | { kind: 'become'; lane: number; parts: CellPart[] }
  | { kind: 'load'; part: CellPart; ticket: number }
  | { kind: 'stop' };

/** Lane to listener. `standing`: the thread is warm and waits for `become`. */
export type FromLane =
  | { kind: 'standing'; thread: number; systemThread: number }
  | { kind: 'ready' }
  | { kind: 'loaded'; ticket: number; error?: string }
  | { kind: 'unloaded'; cell: number; error: string }
  | { kind: 'log'; line: LogLine };

/** Milliseconds after which an answer that found the out ring full is tried again. */
const RESEND_MS = 1;

/** Iterations of `spin` in one microsecond on this machine, measured once. */
function calibrate(words: Int32Array): number {
  const rounds = 20000;
  const began = performance.now();
  let sum = 0;
  for (let i = 0; i < rounds; i++) sum += Atomics.load(words, 0) + Atomics.load(words, 1);
  const us = Math.max((performance.now() - began) * 1000, 1);
  return sum === -1 ? 1 : rounds / us;
}

/** The thread's id in the system, for its CPU account; 0 where there is none to be had. */
function systemThread(): number {
  try {
    return Number(path.basename(fs.readlinkSync('/proc/thread-self')));
  } catch {
    return 0;
  }
}

class LaneWorker {
  private readonly task: LaneTask;
  private readonly memory: SharedMemory;
  private readonly words: Int32Array;
  private lane: Lane | null = null;
  private begin: () => void = () => {};
  private bell = 0;
  private sleeps = 0;
  private control = 0;
  private head = 0;
  private tail = 0;
  private seen = 0;
  private rounds = 0;
  private stopping = false;

  constructor(task: LaneTask) {
    this.task = task;
    this.memory = openMemory(task.memory);
    this.words = this.memory.words;
  }

  private send(message: FromLane): void {
    this.task.port.postMessage(message);
  }

  /** Waits as the standby, then serves as the lane until it is told to stop. */
  async run(): Promise<void> {
    const { port } = this.task;
    const begun = new Promise<void>((resolve) => {
      this.begin = resolve;
    });
    port.on('message', (message: ToLane) => this.receive(message));
    this.rounds = Math.ceil(this.task.spinUs * calibrate(this.words));
    this.send({ kind: 'standing', thread: threadId, systemThread: systemThread() });
    await begun;
    if (this.lane !== null) {
      await this.serve(this.lane);
      await this.lane.stop();
    }
    port.close();
  }

  private become(index: number, parts: CellPart[]): void {
    const block = this.memory.laneBase(index) >>> 2;
    this.bell = block + L_BELL_WORD;
    this.sleeps = block + L_SLEEPS_WORD;
    this.control = block + L_CONTROL_WORD;
    const ring = this.memory.inRing(index).at;
    this.head = (ring + RING_HEAD) >>> 2;
    this.tail = (ring + RING_TAIL) >>> 2;
    Atomics.store(this.words, this.sleeps, 0);
    const lane = new Lane(this.memory, index, this.task.modules, {
      log: (line) => this.send({ kind: 'log', line }),
      published: () => this.wakeWhenIdle(lane),
    });
    this.lane = lane;
    for (const part of parts) {
      lane.load(part).catch((error: Error) => {
        this.send({ kind: 'unloaded', cell: part.index, error: error.message });
      });
    }
    lane.ready();
    this.send({ kind: 'ready' });
  }

  private receive(message: ToLane): void {
    if (message.kind === 'become') this.become(message.lane, message.parts);
    else if (message.kind === 'stop') this.stopping = true;
    else {
      const { ticket, part } = message;
      this.lane?.load(part).then(
        () => this.send({ kind: 'loaded', ticket }),
        (error: Error) => this.send({ kind: 'loaded', ticket, error: error.message }),
      );
    }
    this.begin();
  }

  private receiveAll(): void {
    this.seen = Atomics.load(this.words, this.control);
    for (;;) {
      const next = receiveMessageOnPort(this.task.port) as { message: ToLane } | undefined;
      if (next === undefined) return;
      this.receive(next.message);
    }
  }

  private get told(): boolean {
    return Atomics.load(this.words, this.control) !== this.seen;
  }

  private async serve(lane: Lane): Promise<void> {
    for (;;) {
      if (this.told) this.receiveAll();
      if (lane.turn() > 0) {
        lane.settle();
        if (lane.active) await setImmediate();
      } else if (lane.active) await this.pause(lane);
      else if (this.stopping) return;
      else if (lane.unprepared) lane.prepare();
      else if (!this.spin()) this.sleep(lane);
    }
  }

  /** True when something came within the spin time. Forward rings are seen at its end. */
  private spin(): boolean {
    const { words, head, bell } = this;
    const tail = Atomics.load(words, this.tail);
    const rung = Atomics.load(words, bell);
    for (let n = this.rounds; n > 0; n--) {
      if (Atomics.load(words, head) !== tail || Atomics.load(words, bell) !== rung) return true;
    }
    return false;
  }

  /** Says that it sleeps, looks once more; false: there was something, do not sleep. */
  private goingToSleep(lane: Lane): boolean {
    Atomics.store(this.words, this.sleeps, 1);
    const count = lane.turn();
    if (count > 0) lane.settle();
    if (count === 0 && !this.told) return true;
    Atomics.store(this.words, this.sleeps, 0);
    return false;
  }

  private sleep(lane: Lane): void {
    const rung = Atomics.load(this.words, this.bell);
    if (!this.goingToSleep(lane)) return;
    Atomics.wait(this.words, this.bell, rung);
    Atomics.store(this.words, this.sleeps, 0);
  }

  /** Runs the event loop: for the spin time without sleeping, then until the bell rings. */
  private async pause(lane: Lane): Promise<void> {
    const until = performance.now() + this.task.spinUs / 1000;
    do {
      await setImmediate();
      const tail = Atomics.load(this.words, this.tail);
      if (Atomics.load(this.words, this.head) !== tail || this.told || !lane.active) return;
    } while (performance.now() < until);
    const rung = Atomics.load(this.words, this.bell);
    if (!this.goingToSleep(lane)) return;
    const ms = lane.waiting.stalled ? RESEND_MS : undefined;
    const wait = Atomics.waitAsync(this.words, this.bell, rung, ms);
    if (wait.async) await wait.value;
    Atomics.store(this.words, this.sleeps, 0);
    if (lane.waiting.stalled) lane.waiting.resend();
  }

  /** Nothing waits any longer: end a pause, so that the thread can sleep and spin again. */
  private wakeWhenIdle(lane: Lane): void {
    if (lane.active || Atomics.load(this.words, this.sleeps) === 0) return;
    Atomics.add(this.words, this.bell, 1);
    Atomics.notify(this.words, this.bell);
  }
}

/** The task. Resolves only after `stop`. */
export default async function serveLane(task: LaneTask): Promise<void> {
  await new LaneWorker(task).run();
}
