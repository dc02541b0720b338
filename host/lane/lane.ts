// Owns one lane's engine: the kernel over its region, its function table, the cells that it holds.
// It runs in a worker (worker.ts) or in the listener thread (inline.ts) and knows neither.
// Invariant: a table slot holds a live instance's functions or the stub that answers UNAVAILABLE,
// never a dead instance's.
import { setTimeout } from 'node:timers/promises';
import { L_ROUTE_WORD, L_STATE_WORD, LANE_READY } from '../../assembly/shared/layout.ts';
import { DRAIN_FRAMES, START_MS, SUSPENDED } from '../../assembly/shared/limits.ts';
import { DEADLINE_EXCEEDED, INTERNAL } from '../../assembly/shared/status.ts';
import type { Drivers } from '../capability/contract.ts';
import type { Journal } from '../capability/kv/journal.ts';
import { embedded } from '../capability/registry.ts';
import { Instance } from '../cell/instance.ts';
import { Pool } from '../cell/pool.ts';
import { nowUs } from './clock.ts';
import { Crossing } from './crossing.ts';
import { messageBytes, writeRecord } from './error-record.ts';
import { type Kernel, type KernelModules, loadKernel } from './kernel.ts';
import { Marks } from './marks.ts';
import type { SharedMemory } from './memory.ts';
import type { CellPart } from './part.ts';
import { forgetCell } from './policies.ts';
import { SLOT_QUARANTINED, slotOf, TABLE_SLOTS } from './slots.ts';
import { TrapTeller } from './trap-teller.ts';
import { Waiting } from './waiting.ts';
import { type Held, Wrecks } from './wrecks.ts';

/** A line for LaneEvents.log. */
export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  cell: string;
  text: string;
}

/** First and longest pause before an instance that could not be made is tried again, in ms. */
const REVIVE_MS = 50;
const REVIVE_MAX_MS = 5000;

/** The engine of lane `index`. */
export class Lane {
  readonly kernel: Kernel;
  readonly waiting: Waiting;
  private readonly crossing: Crossing;
  private readonly memory: SharedMemory;
  private readonly index: number;
  private readonly block: number;
  private readonly table: WebAssembly.Table;
  private readonly stubs: WebAssembly.Exports;
  private readonly modules: KernelModules;
  private readonly marks: Marks;
  private readonly drivers: Drivers;
  private readonly cells: Held[] = [];
  private readonly teller: TrapTeller;
  private stopped = false;
  /** Beginnings and pauses under way: the event loop must run. */
  private pending = 0;
  /** Cells whose spare was used up. */
  private wanting: Held[] = [];
  private readonly wrecks: Wrecks;
  /** Of cells with durable fields. */
  private readonly journals = new Set<Journal>();
  private readonly log: (line: LogLine) => void;

  /** `published` is called when answers were made visible outside of `turn`. */
  constructor(
    memory: SharedMemory,
    index: number,
    modules: KernelModules,
    events: { log(line: LogLine): void; published(): void },
    drivers: Partial<Drivers> = {},
  ) {
    this.memory = memory;
    this.index = index;
    this.block = memory.laneBase(index) >>> 2;
    this.modules = modules;
    this.drivers = { ...embedded(), ...drivers };
    this.log = events.log;
    this.teller = new TrapTeller(events.log);
    this.stubs = new WebAssembly.Instance(modules.unavailable, {}).exports;
    const { quarantined, loading } = this.stubs;
    const kind = { initial: TABLE_SLOTS, element: 'anyfunc' } as const;
    this.table = new WebAssembly.Table(kind, loading);
    this.plug(SLOT_QUARANTINED, quarantined);
    this.marks = new Marks(memory.words, this.block);
    this.kernel = loadKernel({
      ...{ module: modules.kernel, memory: memory.memory, table: this.table },
      wait: (slot, args, bytes) => this.waiting.wait(slot, args, bytes),
      cancel: (connection, generation, id) => this.waiting.cancel(connection, generation, id),
    });
    this.kernel.attach(index);
    const pools = {
      pool: (cell: number) => this.cells[cell]?.pool,
      grow: (pool: Pool) => this.grow(pool),
    };
    this.crossing = new Crossing({
      ...{ memory, lane: index, table: this.table, kernel: this.kernel, ...pools },
      wake: (pool) => this.waiting.wake(pool),
    });
    this.crossing.clear();
    this.wrecks = new Wrecks({
      ...{ memory, crossing: this.crossing, teller: this.teller },
      held: (cell) => this.cells[cell],
      drop: (held) => this.dropFirst(held),
    });
    this.waiting = new Waiting({
      ...{ kernel: this.kernel, memory, lane: index, crossing: this.crossing, ...pools },
      begun: (call) => this.wrecks.begun(call),
      trapped: (call, error) => this.wrecks.inCall(call, error),
      flush: () => {
        this.kernel.publish();
        this.kernel.settle(nowUs());
        events.published();
      },
    });
  }

  /** Tells the watchdog and the listener that calls are taken. */
  ready(): void {
    Atomics.store(this.memory.words, this.block + L_STATE_WORD, LANE_READY);
  }

  /** Ends what only time would end: no revival, timer or connection holds the thread longer. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.waiting.stop();
    await this.drivers.close();
  }

  /** True while guests wait or begin, or answers wait for room: the event loop must run. */
  get active(): boolean {
    return this.pending > 0 || this.waiting.active || this.storing;
  }

  /** Whether something is written and not stored yet. */
  private get storing(): boolean {
    for (const journal of this.journals) if (journal.unsettled !== null) return true;
    return false;
  }

  /**
   * One turn: drains at most `frames` frames, survives a trap, begins what waits.
   * Returns the frames handled; 0 = nothing to do.
   */
  turn(frames: number = DRAIN_FRAMES, now: number = nowUs()): number {
    let count: number;
    this.marks.draining(true);
    try {
      count = this.kernel.drain(now, frames);
    } catch (error) {
      this.trapped(error);
      count = 1;
    }
    this.marks.draining(false);
    this.waiting.turn();
    return count;
  }

  /** Whether `prepare` has something to do. */
  get unprepared(): boolean {
    return this.wanting.length > 0;
  }

  /** For when there is nothing else to do: links spares, so that the next trap costs 80 us less. */
  prepare(): void {
    const wanting = this.wanting;
    this.wanting = [];
    for (const held of wanting) {
      try {
        held.spare = this.link(held.part);
      } catch {
        held.spare = null; // its next trap links one, and tells what is wrong
      }
    }
  }

  /** After a burst: latencies of what was served go into the histograms. */
  settle(): void {
    this.kernel.settle(nowUs());
  }

  private plug(slot: number, dispatch: WebAssembly.ExportValue): void {
    this.table.set(slot, dispatch);
    this.table.set(slot + 1, this.stubs.fetch);
  }

  /**
   * Loads a cell; resolves when it serves here. An actor whose home is another lane costs nothing.
   * Rejects when it cannot be linked, or when its initialisers or start() fail or take too long.
   */
  async load(part: CellPart): Promise<void> {
    const { index: cell, name, actor, home } = part;
    if (home >= 0 && home !== this.index) return;
    const pool = new Pool({ cell, name, actor, cap: SUSPENDED });
    this.cells[cell] = { part, pool, failures: 0, spare: null };
    const waits = part.methods.some(({ waiting, calls }) => waiting || calls.length > 0);
    if (waits) this.waiting.know(pool, true);
    this.plug(slotOf(cell), this.stubs.loading);
    this.pending++;
    try {
      this.install(this.cells[cell], await this.create(part));
    } catch (error) {
      delete this.cells[cell];
      this.waiting.know(pool, false);
      const text = this.teller.tell(part, 'start', null, error);
      throw new Error(`cell \`${name}\` did not start: ${text}`);
    } finally {
      this.pending--;
    }
  }

  /** Links one instance and runs its beginnings. Synchronous up to its first wait. */
  private async create(part: CellPart): Promise<Instance> {
    const instance = this.link(part);
    if (!part.start) return instance;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const text = `start() did not end within ${START_MS / 1000} s`;
      timer = globalThis.setTimeout(() => reject(new Error(text)), START_MS);
    });
    try {
      await Promise.race([instance.start(part.firstRoute, part.startCpuMs), late]);
    } catch (error) {
      instance.cancel(DEADLINE_EXCEEDED);
      throw new Error(instance.explain(error, 'start'), { cause: error });
    } finally {
      clearTimeout(timer);
    }
    return instance;
  }

  private link(part: CellPart): Instance {
    const instance = new Instance({
      modules: this.modules,
      cell: part,
      memory: this.memory,
      lane: this.index,
      marks: this.marks,
      drivers: this.drivers,
      crossings: this.crossing,
    });
    try {
      instance.initialize(part.firstRoute, part.startCpuMs);
    } catch (error) {
      throw new Error(instance.explain(error, 'start'), { cause: error });
    }
    this.keep(part, instance);
    return instance;
  }

  /** An instance with durable fields is replaced when what it wrote could not be stored. */
  private keep({ index, name }: CellPart, instance: Instance): void {
    const { persisted } = instance;
    if (persisted === null) return;
    this.journals.add(persisted.journal);
    persisted.told = ({ text }) => {
      const held = this.cells[index];
      this.log({ level: 'error', cell: name, text: `its fields could not be stored: ${text}` });
      if (held?.pool.first === instance) this.dropFirst(held);
    };
  }

  /** Puts a ready instance where the calls come: the table, or the queue of an actor that waits. */
  private install(held: Held, instance: Instance): void {
    const { pool, part } = held;
    held.failures = 0;
    instance.begin();
    for (const text of instance.persisted?.journal.takeWarnings() ?? []) {
      this.log({ level: 'warn', cell: part.name, text });
    }
    pool.first = instance;
    this.table.set(slotOf(part.index), instance.dispatch);
    this.table.set(slotOf(part.index) + 1, instance.fetch);
    if (!pool.actor) return;
    pool.idle.push(instance);
    this.waiting.wake(pool);
  }

  /** A trap in `drain`: answers the call, replaces its stack's instances. 60-80 us each. */
  private trapped(error: unknown): void {
    const { view, words } = this.memory;
    const { text, dead } = this.wrecks.inDrain(words[this.block + L_ROUTE_WORD] >>> 0, error);
    const scratch = this.memory.scratchAt(this.index);
    const length = writeRecord(view, scratch, messageBytes(text));
    this.kernel.failCurrent(INTERNAL, 0, scratch, length);
    this.kernel.publish();
    for (const held of dead) this.dropFirst(held);
  }

  private dropFirst(held: Held): void {
    // What an actor knew is gone, and with it what its replies said.
    if (held.pool.actor) forgetCell(this.memory, held.part);
    held.pool.first = null;
    held.pool.idle.length = held.pool.actor ? 0 : held.pool.idle.length;
    this.plug(slotOf(held.part.index), this.stubs.loading);
    this.revive(held);
  }

  /** Makes instance 0 again: at once when it has no start(), else when start() has ended. */
  private revive(held: Held): void {
    if (this.stopped) return;
    if (!held.part.start) {
      try {
        this.install(held, held.spare ?? this.link(held.part));
        held.spare = null;
        if (!this.wanting.includes(held)) this.wanting.push(held);
      } catch (error) {
        this.retry(held, error);
      }
      return;
    }
    this.during(
      this.create(held.part).then(
        (instance) => this.install(held, instance),
        (error: unknown) => this.retry(held, error),
      ),
    );
  }

  private retry(held: Held, error: unknown): void {
    const ms = Math.min(REVIVE_MS * 2 ** held.failures++, REVIVE_MAX_MS);
    this.teller.tell(held.part, 'start', null, error);
    this.during(setTimeout(ms).then(() => this.revive(held)));
  }

  /** Keeps the lane's event loop running until `work` (which never rejects) is done. */
  private during(work: Promise<void>): void {
    this.pending++;
    void work.finally(() => this.pending--);
  }

  /** One more instance for waiting calls. */
  private grow(pool: Pool): void {
    const held = this.cells[pool.cell];
    pool.live++;
    if (!held.part.start) {
      try {
        this.join(pool, this.link(held.part));
      } catch (error) {
        this.shrink(held, error);
      }
      return;
    }
    this.during(
      this.create(held.part).then(
        (instance) => {
          this.join(pool, instance);
          this.waiting.wake(pool);
        },
        (error: unknown) => this.shrink(held, error),
      ),
    );
  }

  private join(pool: Pool, instance: Instance): void {
    instance.begin();
    pool.join(instance);
  }

  /** An instance for waiting calls could not be made: later, when others are free, it may. */
  private shrink(held: Held, error: unknown): void {
    this.teller.tell(held.part, 'start', null, error);
    this.during(
      setTimeout(REVIVE_MS).then(() => {
        held.pool.live--;
        this.waiting.wake(held.pool);
      }),
    );
  }
}
