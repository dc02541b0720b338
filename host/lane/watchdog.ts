// Owns the finding of lanes that do not come back: one dispatch, or one stretch of a waiting guest,
// that has used its CPU budget. It only looks and tells; ending a lane is lanes.ts's business.
//
// A lane is busy while L_ROUTE names a route; L_SEQUENCE changes with every dispatch. Same sequence
// and budget used up -> stuck. Wall time on a crowded machine is not CPU time: where the system
// tells a thread's CPU (Linux), that counts, and wall time only at WALL_FACTOR times the budget.
import fs from 'node:fs';
import {
  L_BUDGET_WORD,
  L_NOW,
  L_ROUTE_WORD,
  L_SEQUENCE_WORD,
  L_WAITING_WORD,
  L_YIELD_WORD,
} from '../../assembly/shared/layout.ts';
import { nowUs } from './clock.ts';
import { ROUTE_NONE } from './marks.ts';
import type { SharedMemory } from './memory.ts';
import { stampOf } from './ring.ts';

/** Milliseconds between looks. Bounds how much later than its budget a lane is found. */
const TICK_MS = 5;
/** Milliseconds between looks at lanes that had nothing to do for as long: an idle host sleeps. */
const IDLE_MS = 100;
/** Times the budget that wall time may reach while the CPU time says otherwise. */
const WALL_FACTOR = 10;

/** Microseconds that one drain may take. Threat: many calls within their budgets, one behind the
 *  other, hold back the replies to those before them and the clock that deadlines are judged by. */
const DRAIN_US = 5000;

/** What the watchdog follows of one lane. */
interface Watched {
  base: number;
  /** Path of the thread's CPU account, '' where there is none. */
  account: string;
  sequence: number;
  since: number;
  /** CPU nanoseconds of the thread at `since`; -1 = not known. */
  cpuNs: number;
}

/** Nanoseconds that a thread has run, or -1. schedstat: `run_ns wait_ns slices`. */
function threadCpuNs(account: string): number {
  if (account === '') return -1;
  try {
    return Number.parseInt(fs.readFileSync(account, 'latin1'), 10);
  } catch {
    return -1;
  }
}

/** Path of a thread's CPU account by its system id (0 = not known). */
export function accountOf(systemThread: number): string {
  return systemThread > 0 ? `/proc/self/task/${systemThread}/schedstat` : '';
}

/** Looks at all lanes every TICK_MS while any of them works. */
export class Watchdog {
  private readonly memory: SharedMemory;
  private readonly lanes = new Map<number, Watched>();
  private readonly budgetMs: (route: number) => number;
  private readonly stuck: (lane: number, route: number, ms: number) => void;
  private timer: NodeJS.Timeout | null = null;
  private idle = false;
  private busyAt = 0;

  constructor(
    memory: SharedMemory,
    events: {
      budgetMs(route: number): number;
      stuck(lane: number, route: number, ms: number): void;
    },
  ) {
    this.memory = memory;
    this.budgetMs = events.budgetMs;
    this.stuck = events.stuck;
  }

  /** Follows `lane`, whose thread has the system id `systemThread` (0 = not known). */
  watch(lane: number, systemThread: number): void {
    const base = this.memory.laneBase(lane) >>> 2;
    const account = accountOf(systemThread);
    this.lanes.set(lane, { base, account, sequence: -1, since: 0, cpuNs: -1 });
    this.busyAt = performance.now();
    if (this.timer === null) this.plan(TICK_MS);
  }

  /** Leaves `lane` alone: it is being ended or has ended. */
  unwatch(lane: number): void {
    this.lanes.delete(lane);
    if (this.lanes.size > 0 || this.timer === null) return;
    clearTimeout(this.timer);
    this.timer = null;
  }

  /** Work was given to a lane: look often again. */
  alert(): void {
    if (!this.idle || this.timer === null) return;
    this.busyAt = performance.now();
    clearTimeout(this.timer);
    this.plan(TICK_MS);
  }

  private plan(ms: number): void {
    this.idle = ms !== TICK_MS;
    this.timer = setTimeout(() => this.look(), ms).unref();
  }

  private look(): void {
    const { words } = this.memory;
    const now = performance.now();
    for (const [lane, watched] of this.lanes) {
      const route = Atomics.load(words, watched.base + L_ROUTE_WORD) >>> 0;
      const sequence = Atomics.load(words, watched.base + L_SEQUENCE_WORD);
      const waiting = Atomics.load(words, watched.base + L_WAITING_WORD);
      if (route !== ROUTE_NONE || waiting > 0) this.busyAt = now;
      if (route === ROUTE_NONE) watched.sequence = -1;
      else {
        this.hurry(watched.base);
        this.judge(lane, watched, route, sequence);
      }
    }
    if (this.lanes.size === 0) this.timer = null;
    else this.plan(now - this.busyAt > IDLE_MS ? IDLE_MS : TICK_MS);
  }

  /** Asks a drain that has run for DRAIN_US to end after the call in hand. */
  private hurry(base: number): void {
    const { words } = this.memory;
    const began = Atomics.load(words, base + (L_NOW >>> 2));
    if (((stampOf(nowUs()) - began) | 0) < DRAIN_US) return;
    Atomics.store(words, base + L_YIELD_WORD, began | 1);
  }

  private judge(lane: number, watched: Watched, route: number, sequence: number): void {
    const now = performance.now();
    if (sequence !== watched.sequence) {
      watched.sequence = sequence;
      watched.since = now;
      watched.cpuNs = -1;
      return;
    }
    const own = Atomics.load(this.memory.words, watched.base + L_BUDGET_WORD) >>> 0;
    const budget = own === 0 ? this.budgetMs(route) : own;
    const ms = now - watched.since;
    // The account is read from the second look on: calls that end sooner cost nothing.
    if (watched.cpuNs < 0) watched.cpuNs = threadCpuNs(watched.account);
    if (ms < budget) return;
    if (ms < budget * WALL_FACTOR && watched.cpuNs >= 0) {
      const used = (threadCpuNs(watched.account) - watched.cpuNs) / 1e6;
      if (used < budget - 2 * TICK_MS) return;
    }
    this.stuck(lane, route, ms);
  }
}
