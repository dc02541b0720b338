// Owns the lanes that are worker threads: which thread sits on which lane, and what happens when
// one is lost. Order at a loss, never another: thread exited -> its answers delivered -> recover()
// -> those delivered -> the standby sits down. Until then nobody else touches the lane's region.
import { setTimeout as sleep } from 'node:timers/promises';
import { REASON_CPU, REASON_DRAINING, REASON_LANE_LOST } from '../../assembly/shared/reason.ts';
import { DEADLINE_EXCEEDED, UNAVAILABLE } from '../../assembly/shared/status.ts';
import { Cells, type LanesOptions } from './cells.ts';
import { nowUs } from './clock.ts';
import type {
  CellSpec,
  CounterStats,
  LaneEvents,
  LaneStats,
  Lanes,
  MethodStats,
  SpanRecord,
} from './contract.ts';
import { Delivery } from './delivery.ts';
import { type Kernel, loadKernel, loadModules } from './kernel.ts';
import { LogRings } from './log-ring.ts';
import type { SharedMemory } from './memory.ts';
import type { CellPart } from './part.ts';
import { Quarantine } from './quarantine.ts';
import { ringLane, stampOf } from './ring.ts';
import { LaneLost, Seat } from './seat.ts';
import { TABLE_SLOTS } from './slots.ts';
import { Watchdog } from './watchdog.ts';
import type { FromLane } from './worker.ts';
import { type LaneThread, Workers } from './workers.ts';

/** Milliseconds between looks at the log rings. */
const LOG_MS = 100;
/** Milliseconds that `stop` waits for accepted calls, and then for the threads. */
const STOP_MS = 5000;
const EXIT_MS = 500;
/** Milliseconds before a worker that could not start, or a cell that did not, is tried again. */
const RETRY_MS = 1000;
/** Lanes lost in a row before they were ready, after which replacements are delayed. */
const HASTY_LOSSES = 3;

export class WorkerLanes implements Lanes {
  readonly count: number;
  onRoom: (lane: number) => void = () => {};
  private readonly memory: SharedMemory;
  private readonly events: LaneEvents;
  private readonly seats: Seat[] = [];
  private readonly workers: Workers;
  private readonly cells: Cells;
  private readonly delivery: Delivery;
  private readonly watchdog: Watchdog;
  private readonly quarantine: Quarantine;
  private readonly logs: LogRings;
  /** The listener's own kernel, for recover(). */
  private readonly recovery: Kernel;
  /** Lanes that the watchdog ends, until they are recovered. */
  private readonly overran = new Set<number>();
  /** null: replacements are started when they are needed. */
  private standby: Promise<LaneThread> | null = null;
  private readonly keepsStandby: boolean;
  private readonly timers: NodeJS.Timeout[] = [];
  private next = 0;
  private stopping = false;
  private ended: Promise<void> | undefined;
  /** Some seat has refused a message. */
  private refused = false;
  /** Receive stamp of this tick's messages; null = the clock was not read yet. */
  private stamp: number | null = null;

  private constructor(options: LanesOptions, spinUs: number) {
    const { memory, events } = options;
    this.memory = memory;
    this.events = events;
    this.count = options.lanes;
    this.keepsStandby = options.standby !== false;
    this.cells = new Cells(options);
    const modules = loadModules({
      debug: options.debug === true,
      memory: memory.memory,
    });
    this.workers = new Workers({
      ...{ memory: memory.memory, modules, spinUs, threads: options.lanes + 3 },
      failed: (error) => this.tell('error', '', `a lane worker failed: ${error.message}`, -1),
    });
    const table = new WebAssembly.Table({ initial: TABLE_SLOTS, element: 'anyfunc' });
    this.recovery = loadKernel({ module: modules.kernel, memory: memory.memory, table });
    this.delivery = new Delivery(memory, options.deliver, () => this.polled());
    this.logs = new LogRings(memory, events, (cell) => this.cells.nameOf(cell));
    this.watchdog = new Watchdog(memory, {
      budgetMs: (route) => this.cells.routes.budgetMs(route),
      stuck: (lane) => this.overrun(lane),
    });
    this.quarantine = new Quarantine((cell, on) => this.quarantineChanged(cell, on));
    for (let lane = 0; lane < this.count; lane++) this.seats.push(new Seat(memory, lane));
  }

  /** Starts `options.lanes` workers and a standby; resolves when all lanes take calls. */
  static async start(options: LanesOptions, spinUs: number): Promise<WorkerLanes> {
    const lanes = new WorkerLanes(options, spinUs);
    // Keeps the process alive: waiting on shared memory alone does not.
    lanes.timers.push(setInterval(() => lanes.tick(), LOG_MS));
    try {
      const threads = await Promise.all(lanes.seats.map(() => lanes.workers.stand()));
      lanes.callStandby();
      await Promise.all(lanes.seats.map((seat, i) => lanes.sit(seat, threads[i])));
    } catch (error) {
      await lanes.abandon();
      throw error;
    }
    return lanes;
  }

  private async abandon(): Promise<void> {
    this.stopping = true;
    for (const timer of this.timers) clearInterval(timer);
    await this.workers.close();
  }

  private tell(level: 'info' | 'warn' | 'error', cell: string, text: string, lane: number): void {
    this.events.log({ level, cell, text, lane });
  }

  /** Makes the next standby. At the end nobody asks for it, and its failure is nobody's. */
  private callStandby(): void {
    if (!this.keepsStandby) return;
    this.standby = this.workers.standBy();
    this.standby.catch(() => {});
  }

  private async sit(seat: Seat, thread: LaneThread): Promise<void> {
    void thread.exited.then((failed) => this.lost(seat, thread, failed));
    const held = this.cells.parts().filter((part) => this.belongs(part, seat));
    const parts = held.filter((part) => !this.quarantine.has(part.index));
    // Watched from here on: what a cell does while it begins is bounded too.
    this.watchdog.watch(seat.lane, thread.systemThread);
    await seat.occupy(thread, parts, (message) => this.heard(seat, message));
  }

  private belongs(part: CellPart, seat: Seat): boolean {
    return part.home < 0 || part.home === seat.lane;
  }

  private heard(seat: Seat, message: FromLane): void {
    if (message.kind === 'log') {
      this.logs.catchUp(seat.lane);
      this.events.log({ ...message.line, lane: seat.lane });
    }
    if (message.kind !== 'unloaded') return;
    seat.holds.delete(message.cell);
    this.tell('error', this.cells.nameOf(message.cell), message.error, seat.lane);
    this.later(() => this.loadAgain(message.cell));
  }

  private later(work: () => void): void {
    const timer = setTimeout(work, RETRY_MS);
    timer.unref();
    this.timers.push(timer);
  }

  private overrun(lane: number): void {
    const seat = this.seats[lane];
    if (seat.thread === null || this.overran.has(lane)) return;
    this.overran.add(lane);
    this.watchdog.unwatch(lane);
    seat.thread.end();
  }

  /** The thread of `seat` has exited, for whatever reason. */
  private lost(seat: Seat, thread: LaneThread, failed: boolean): void {
    if (this.stopping || seat.thread !== thread) return;
    const { lane, route } = seat;
    const overran = this.overran.delete(lane);
    const hasty = seat.state !== 'ready';
    this.watchdog.unwatch(lane);
    if (overran) this.recover(lane, DEADLINE_EXCEEDED, REASON_CPU);
    else this.recover(lane, UNAVAILABLE, REASON_LANE_LOST);
    const culprit = this.cells.ownerOf(route);
    const name = culprit?.spec.name ?? '';
    const why = overran ? 'a call used up its CPU budget' : failed ? 'it failed' : 'it was ended';
    this.tell('warn', name, `lane ${lane} was lost: ${why}; it is being replaced`, lane);
    seat.vacate(route);
    seat.restarts++;
    if (culprit && (overran || failed)) this.quarantine.strike(culprit.spec.index);
    const delay = hasty && seat.restarts > HASTY_LOSSES ? RETRY_MS : 0;
    void this.replace(seat, delay).catch((error: Error) => {
      if (!this.stopping) this.tell('error', '', `lane ${lane}: ${error.message}`, lane);
    });
  }

  private recover(lane: number, status: number, reason: number): void {
    this.deliverAll(lane);
    this.recovery.attach(lane);
    while (this.recovery.recover(status, reason) > 0) {
      if (this.deliverAll(lane) === 0) break;
    }
    this.deliverAll(lane);
  }

  /** Delivers what a lane has published, whatever callbacks throw: that is told afterwards. */
  private deliverAll(lane: number): number {
    for (;;) {
      try {
        return this.delivery.read(lane);
      } catch (error) {
        setImmediate(() => {
          throw error;
        });
      }
    }
  }

  private async replace(seat: Seat, delayMs: number): Promise<void> {
    if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
    const thread = await (this.standby ?? this.workers.standBy());
    if (this.stopping) return;
    this.callStandby();
    await this.sit(seat, thread);
    this.delivery.poke();
  }

  private quarantineChanged(cell: number, on: boolean): void {
    const loaded = this.cells.get(cell);
    if (loaded === undefined) return;
    const what = on ? 'is in quarantine: lanes were lost to it' : 'left quarantine';
    this.tell('warn', loaded.spec.name, `cell \`${loaded.spec.name}\` ${what}`, -1);
    if (on) this.cells.routes.quarantine(loaded.part, true);
    else this.loadAgain(cell);
  }

  /** Loads a known cell in the lanes that should hold it and do not, then opens its routes. */
  private loadAgain(cell: number): void {
    const loaded = this.cells.get(cell);
    if (loaded === undefined || this.stopping || this.quarantine.has(cell)) return;
    const { part } = loaded;
    const lacking = this.seats.filter((s) => this.belongs(part, s) && !s.holds.has(cell));
    Promise.all(lacking.map((seat) => this.loadIn(seat, part))).then(
      () => {
        if (!this.quarantine.has(cell)) this.cells.routes.quarantine(part, false);
      },
      (error: Error) => {
        this.tell('error', part.name, error.message, -1);
        this.later(() => this.loadAgain(cell));
      },
    );
  }

  /** Loads `part` in one lane, again when the lane was lost to something else meanwhile. */
  private async loadIn(seat: Seat, part: CellPart): Promise<void> {
    for (;;) {
      try {
        await seat.load(part);
        return;
      } catch (error) {
        if (!(error instanceof LaneLost)) throw error;
        const own = error.route >= part.firstRoute;
        if (own && error.route < part.firstRoute + Math.max(1, part.methods.length)) {
          throw new Error(`cell \`${part.name}\` did not start: it used up its CPU budget`);
        }
      }
    }
  }

  async load(spec: CellSpec): Promise<void> {
    const part = this.cells.place(spec, this.homeFor(spec));
    const seats = this.seats.filter((seat) => this.belongs(part, seat));
    await Promise.all(seats.map((seat) => this.loadIn(seat, part)));
    this.cells.add(spec, part);
  }

  /** The lane of the actors that it belongs to, else the one with the fewest actors. */
  private homeFor(spec: CellSpec): number {
    const kin = this.cells.homeOfKin(spec);
    if (kin !== undefined) return kin;
    const actors = new Array<number>(this.count).fill(0);
    for (const { home } of this.cells.parts()) if (home >= 0) actors[home]++;
    return actors.indexOf(Math.min(...actors));
  }

  assign(): number {
    this.next = (this.next + 1) % this.count;
    return this.next;
  }

  push(lane: number, connection: number, generation: number, bytes: Uint8Array): boolean {
    const seat = this.seats[lane];
    if (this.stamp === null) this.stamp = stampOf(nowUs());
    if (this.stopping || !seat.writer.push(connection, generation, this.stamp, bytes)) {
      seat.refused = true;
      this.refused = true;
      this.delivery.poke();
      return false;
    }
    if (seat.rung) {
      seat.more = true;
      return true;
    }
    seat.rung = true;
    ringLane(this.memory, lane);
    this.delivery.poke();
    this.watchdog.alert();
    return true;
  }

  /** A tick is over: what was pushed after its first message is told to the lanes. */
  private polled(): void {
    // First, since the session may push here what it had parked: no push may outlive its tick with
    // `rung` set, or the next one would wake nobody.
    this.offerRoom();
    this.stamp = null;
    let pushed = 0;
    for (const seat of this.seats) {
      if (!seat.rung) continue;
      seat.rung = false;
      pushed += seat.more ? 2 : 1;
      if (seat.more) ringLane(this.memory, seat.lane);
      seat.more = false;
    }
    if (pushed > 0) this.delivery.crowded = pushed > 1;
  }

  private tick(): void {
    this.logs.drain();
    this.offerRoom();
  }

  /** Tells the session of rings that had refused a message and are half empty again. */
  private offerRoom(): void {
    if (!this.refused) return;
    this.refused = false;
    for (const seat of this.seats) {
      if (!seat.refused) continue;
      if (seat.writer.used() > this.memory.ringBytes / 2) this.refused = true;
      else {
        seat.refused = false;
        this.onRoom(seat.lane);
      }
    }
  }

  stats(): LaneStats[] {
    return this.seats.map(({ lane, state, restarts, waiting }) => ({
      ...{ lane, state, restarts, waiting },
    }));
  }

  methods(): MethodStats[] {
    return this.cells.methods();
  }

  spans(each: (span: SpanRecord) => void, most: number): number {
    return this.cells.spans(each, most);
  }

  spansLost(): number {
    return this.cells.spansLost();
  }

  collectSpans(on: boolean): void {
    this.cells.collectSpans(on);
  }

  counters(): CounterStats[] {
    return this.cells.counters();
  }

  stop(): Promise<void> {
    this.ended ??= this.end();
    return this.ended;
  }

  private async end(): Promise<void> {
    const until = performance.now() + STOP_MS;
    while (!this.seats.every((seat) => seat.idle) && performance.now() < until) {
      this.delivery.poke();
      await sleep(1);
    }
    this.stopping = true;
    for (const seat of this.seats) this.watchdog.unwatch(seat.lane);
    const exits = this.seats.map((seat) => seat.thread?.exited);
    const ended = this.seats.map((seat) => seat.thread?.over);
    for (const seat of this.seats) {
      seat.post({ kind: 'stop' });
      seat.state = 'stopped';
    }
    // A thread whose task has ended idles until the pool is closed.
    await Promise.race([Promise.all(ended), sleep(EXIT_MS, undefined, { ref: false })]);
    await this.workers.close();
    await Promise.race([Promise.all(exits), sleep(EXIT_MS, undefined, { ref: false })]);
    // What took longer than STOP_MS is answered all the same.
    for (const { lane } of this.seats) this.recover(lane, UNAVAILABLE, REASON_DRAINING);
    this.logs.drain();
    this.delivery.stop();
    this.quarantine.stop();
    for (const timer of this.timers) clearInterval(timer);
  }
}
