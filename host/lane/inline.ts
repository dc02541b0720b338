// Owns `--lanes 0`: the same Lanes contract with the lane in the calling thread. A message is
// served within `push`; calls that wait go on with the event loop. Nothing can end a cell that
// loops for ever here: it is for trusted cells and for measuring.
import { DRAIN_FRAMES } from '../../assembly/shared/limits.ts';
import { Cells, type LanesOptions } from './cells.ts';
import { nowUs } from './clock.ts';
import type {
  CellSpec,
  CounterStats,
  Deliver,
  LaneStats,
  Lanes,
  MethodStats,
  SpanRecord,
} from './contract.ts';
import { loadModules } from './kernel.ts';
import { Lane, type LogLine } from './lane.ts';
import { LogRings } from './log-ring.ts';
import { ReplyReader, RingWriter, stampOf } from './ring.ts';

/** Milliseconds between looks at the log ring. */
const LOG_MS = 100;
/** Bytes of a crowd that are served before its tick ends: the client may go on with these answers,
 *  and what was just written is still in the cache. A send of as much is worth its system call. */
const CROWD_BYTES = 16384;
/** Milliseconds that `stop` waits for calls that wait. */
const STOP_MS = 5000;

class InlineLanes implements Lanes {
  readonly count = 0;
  onRoom: (lane: number) => void = () => {};
  private readonly lane: Lane;
  private readonly cells: Cells;
  private readonly deliver: Deliver;
  private readonly inRing: RingWriter;
  private readonly outRing: ReplyReader;
  private readonly logs: LogRings;
  private readonly timer: NodeJS.Timeout;
  private serving = false;
  private refused = false;
  /** Messages of this tick, whose end is awaited; 0: none, and nobody waits. */
  private messages = 0;
  /** The last tick that brought anything brought several messages. */
  private crowded = false;
  /** Bytes of this tick that were not served yet, about. */
  private bytes = 0;
  /** Receive stamp of this tick's messages: the clock is read once for all. */
  private stamp = 0;
  private readonly tickEnds = (): void => {
    this.crowded = this.messages > 1;
    this.messages = 0;
    this.bytes = 0;
    if (!this.stopped && this.inRing.used() > 0) this.serve();
  };
  private stopped = false;
  private ended: Promise<void> | undefined;

  constructor(options: LanesOptions) {
    const { memory, deliver, events } = options;
    this.deliver = deliver;
    this.cells = new Cells(options);
    const modules = loadModules({
      debug: options.debug === true,
      memory: memory.memory,
    });
    const told = {
      log: (line: LogLine) => {
        this.logs.catchUp(0);
        events.log({ ...line, lane: 0 });
      },
      published: () => this.serve(),
    };
    this.lane = new Lane(memory, 0, modules, told, options.drivers);
    this.inRing = new RingWriter(memory, memory.inRing(0), memory.messageBytes, true);
    this.outRing = new ReplyReader(memory, 0);
    this.logs = new LogRings(memory, events, (cell) => this.cells.nameOf(cell));
    this.timer = setInterval(() => this.logs.drain(), LOG_MS).unref();
    this.lane.ready();
  }

  async load(spec: CellSpec): Promise<void> {
    const part = this.cells.place(spec, 0);
    await this.lane.load(part);
    this.cells.add(spec, part);
  }

  assign(): number {
    return 0;
  }

  /**
   * A message that comes alone is served at once; what comes in crowds is served together at the
   * end of the tick: one drain, one send and one reading of the clock for all halve the cost of a
   * message. The first of a tick is taken for what the last tick was, since a send of its own
   * would cost 6 us.
   */
  push(_lane: number, connection: number, generation: number, bytes: Uint8Array): boolean {
    if (this.stopped) return false;
    const first = this.messages === 0;
    if (first) this.stamp = stampOf(nowUs());
    if (!this.inRing.push(connection, generation, this.stamp, bytes)) {
      this.serve();
      if (!this.inRing.push(connection, generation, this.stamp, bytes)) {
        this.refused = true;
        return false;
      }
    }
    this.messages++;
    this.bytes += bytes.length;
    if (first) setImmediate(this.tickEnds);
    if (first ? !this.crowded : this.bytes >= CROWD_BYTES) {
      this.bytes = 0;
      this.serve();
    }
    return true;
  }

  /**
   * Drains and delivers until there is nothing to do. A call from within (a callback of `deliver`
   * that pushes) only leaves its message in the ring: the loop that runs serves it.
   */
  private serve(): void {
    if (this.serving) return;
    this.serving = true;
    try {
      for (;;) {
        const frames = this.lane.turn();
        if (frames > 0) this.lane.settle();
        const bytes = this.outRing.read(this.deliver);
        const resent = bytes > 0 && this.lane.waiting.stalled;
        if (resent) this.lane.waiting.resend();
        if (frames === 0 && bytes === 0) break;
        const more = frames === DRAIN_FRAMES || this.inRing.used() > 0 || resent;
        if (!more && !this.lane.waiting.stalled) break;
      }
    } finally {
      this.serving = false;
    }
    if (this.lane.unprepared) setImmediate(this.prepare);
    if (!this.refused) return;
    this.refused = false;
    this.onRoom(0);
  }

  private readonly prepare = (): void => this.lane.prepare();

  stats(): LaneStats[] {
    const waiting = this.lane.waiting.size;
    return [{ lane: 0, state: this.stopped ? 'stopped' : 'ready', restarts: 0, waiting }];
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
    this.stopped = true;
    const until = performance.now() + STOP_MS;
    while (this.lane.waiting.size > 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    this.serve();
    this.logs.drain();
    clearInterval(this.timer);
    await this.lane.stop();
  }
}

/** Starts the inline lane over `options.memory` (made for one lane). */
export function startInline(options: LanesOptions): Lanes {
  return new InlineLanes(options);
}
