// Owns one lane as the listener sees it: its ring, its state, the thread that sits on it now. The
// seat and its region in shared memory outlive the threads; what a thread leaves undone the next
// one finds.
import {
  L_BELL_WORD,
  L_CONTROL_WORD,
  L_INNER_ROUTE_WORD,
  L_ROUTE_WORD,
  L_WAITING_WORD,
  RING_HEAD,
  RING_TAIL,
} from '../../assembly/shared/layout.ts';
import type { LaneStats } from './contract.ts';
import { ROUTE_NONE } from './marks.ts';
import type { SharedMemory } from './memory.ts';
import type { CellPart } from './part.ts';
import { RingWriter } from './ring.ts';
import type { FromLane, ToLane } from './worker.ts';
import type { LaneThread } from './workers.ts';

/** The lane's thread ended while it was asked for something. */
export class LaneLost extends Error {
  override name = 'LaneLost';
  readonly route: number;
  constructor(lane: number, route: number) {
    super(`lane ${lane} was lost`);
    this.route = route;
  }
}

interface Ticket {
  resolve(): void;
  reject(error: Error): void;
}

export class Seat {
  readonly lane: number;
  readonly writer: RingWriter;
  state: LaneStats['state'] = 'starting';
  restarts = 0;
  thread: LaneThread | null = null;
  /** A push found the ring full: tell the session when there is room. */
  refused = false;
  /** The bell was rung in this tick. It is rung once more at the tick's end, not once a message: a
   *  wake-up costs both threads more than the call. */
  rung = false;
  /** Messages were pushed since the bell was rung. */
  more = false;
  /** Cells that the thread holds, by index. */
  readonly holds = new Set<number>();
  private readonly memory: SharedMemory;
  private readonly block: number;
  private readonly tickets = new Map<number, Ticket>();
  private ticket = 0;
  private whenReady: (() => void)[] = [];

  constructor(memory: SharedMemory, lane: number) {
    this.memory = memory;
    this.lane = lane;
    this.block = memory.laneBase(lane) >>> 2;
    this.writer = new RingWriter(memory, memory.inRing(lane));
  }

  /** Route that has the lane's CPU, 0xffffffff = none; the innermost where cells call cells. */
  get route(): number {
    const inner = Atomics.load(this.memory.words, this.block + L_INNER_ROUTE_WORD) >>> 0;
    if (inner !== ROUTE_NONE) return inner;
    return Atomics.load(this.memory.words, this.block + L_ROUTE_WORD) >>> 0;
  }

  /** Waiting calls without an answer. */
  get waiting(): number {
    return Atomics.load(this.memory.words, this.block + L_WAITING_WORD);
  }

  /** Whether nothing of what was accepted is left to do. */
  get idle(): boolean {
    const { memory } = this;
    const empty = (at: number): boolean =>
      Atomics.load(memory.words, (at + RING_HEAD) >>> 2) ===
      Atomics.load(memory.words, (at + RING_TAIL) >>> 2);
    if (!empty(memory.inRing(this.lane).at) || this.waiting > 0) return false;
    if (!empty(memory.outRing(this.lane).at)) return false;
    for (let from = 0; from < memory.lanes; from++) {
      if (!empty(memory.forwardRing(this.lane, from).at)) return false;
    }
    return true;
  }

  /** Posts a message and rings, so that a lane that spins or sleeps reads it. */
  post(message: ToLane): void {
    const { words } = this.memory;
    this.thread?.post(message);
    Atomics.add(words, this.block + L_CONTROL_WORD, 1);
    Atomics.add(words, this.block + L_BELL_WORD, 1);
    Atomics.notify(words, this.block + L_BELL_WORD);
  }

  /** Sets `thread` on this lane with `parts` loaded; resolves when the lane takes
   *  calls, by this thread or, should it end at once, by its successor. */
  occupy(thread: LaneThread, parts: CellPart[], onMessage: (m: FromLane) => void): Promise<void> {
    this.thread = thread;
    this.holds.clear();
    for (const part of parts) this.holds.add(part.index);
    thread.onMessage = (message) => {
      if (message.kind === 'loaded') this.settle(message.ticket, message.error);
      else if (message.kind === 'ready') this.beReady();
      else onMessage(message);
    };
    this.post({ kind: 'become', lane: this.lane, parts });
    return this.ready();
  }

  private beReady(): void {
    this.state = 'ready';
    for (const wake of this.whenReady.splice(0)) wake();
  }

  /** Resolves when the lane takes calls. */
  async ready(): Promise<void> {
    if (this.state !== 'ready') await new Promise<void>((wake) => this.whenReady.push(wake));
  }

  /** Loads a cell. Rejects with what the cell did wrong, or LaneLost. */
  async load(part: CellPart): Promise<void> {
    await this.ready();
    const ticket = this.ticket++;
    await new Promise<void>((resolve, reject) => {
      this.tickets.set(ticket, { resolve, reject });
      this.post({ kind: 'load', part, ticket });
    });
    this.holds.add(part.index);
  }

  private settle(ticket: number, error: string | undefined): void {
    const waits = this.tickets.get(ticket);
    this.tickets.delete(ticket);
    if (error === undefined) waits?.resolve();
    else waits?.reject(new Error(error));
  }

  /** The thread has ended, with `route` on its CPU. */
  vacate(route: number): void {
    this.thread = null;
    this.state = 'starting';
    const lost = [...this.tickets.values()];
    this.tickets.clear();
    for (const { reject } of lost) reject(new LaneLost(this.lane, route));
  }
}
