// Owns the listener's end of the lanes' log rings: lines that guests wrote through their membranes.
// What reaches the host's log is bounded per second, free of control characters, and says what was
// lost. Record, 16-aligned: u32 size | u32 cell index | u32 level + LOG_TRUNCATED | u32 stamp |
// text
import {
  L_LOG_LOST,
  LOG_TRUNCATED,
  RECORD_BYTES,
  RECORD_SKIP,
  RING_DATA,
  RING_HEAD,
  RING_TAIL,
} from '../../assembly/shared/layout.ts';
import type { LaneEvents } from './contract.ts';
import type { SharedMemory } from './memory.ts';
import { printable } from './printable.ts';

/** Lines a second over all lanes that reach LaneEvents.log. Threat: a guest that fills disks. */
export const LOG_LINES_PER_SECOND = 500;
/** Lines of one lane in one go: the listener thread has other things to do. */
const LINES_AT_ONCE = 256;
const decoder = new TextDecoder();
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** Drains the log rings of all lanes into `events`. */
export class LogRings {
  private readonly memory: SharedMemory;
  private readonly events: LaneEvents;
  private readonly nameOf: (cell: number) => string;
  private readonly lost: number[] = [];
  private second = 0;
  private lines = 0;
  private dropped = 0;

  constructor(memory: SharedMemory, events: LaneEvents, nameOf: (cell: number) => string) {
    this.memory = memory;
    this.events = events;
    this.nameOf = nameOf;
    for (let lane = 0; lane < memory.lanes; lane++) this.lost.push(0);
  }

  /** Takes what is there, at most LINES_AT_ONCE lines a lane. Cheap when there is none. */
  drain(): void {
    for (let lane = 0; lane < this.memory.lanes; lane++) this.drainLane(lane);
  }

  /**
   * Takes all that a lane has written up to now: what is told of the lane itself comes after it.
   */
  catchUp(lane: number): void {
    const { bytes } = this.memory.logRing(lane);
    // A record has at least RECORD_BYTES, so that many goes reach the end of any ring.
    for (let n = bytes / RECORD_BYTES / LINES_AT_ONCE; n > 0; n--) this.drainLane(lane);
  }

  private drainLane(lane: number): void {
    const { words, view } = this.memory;
    const { at: ring, bytes: capacity } = this.memory.logRing(lane);
    const head = Atomics.load(words, (ring + RING_HEAD) >>> 2);
    let tail = words[(ring + RING_TAIL) >>> 2];
    if (head === tail) return;
    for (let lines = 0; tail !== head && lines < LINES_AT_ONCE; ) {
      const at = tail & (capacity - 1);
      const size = view.getUint32(ring + RING_DATA + at, true);
      if (size === RECORD_SKIP) {
        tail = (tail + capacity - at) | 0;
        continue;
      }
      this.line(lane, ring + RING_DATA + at, size);
      tail = (tail + ((RECORD_BYTES + size + 15) & ~15)) | 0;
      lines++;
    }
    Atomics.store(words, (ring + RING_TAIL) >>> 2, tail);
    this.tellLost(lane);
  }

  private line(lane: number, at: number, size: number): void {
    if (!this.within(lane)) return;
    const { bytes, view } = this.memory;
    const level = view.getUint32(at + 8, true);
    const from = at + RECORD_BYTES;
    const text = printable(decoder.decode(bytes.slice(from, from + size)));
    this.events.log({
      level: LEVELS[level & 3],
      cell: this.nameOf(view.getUint32(at + 4, true)),
      text: (level & LOG_TRUNCATED) !== 0 ? `${text}...` : text,
      lane,
    });
  }

  /** Whether this second has room for one more line; says later how many it had not. */
  private within(lane: number): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.second) {
      this.second = second;
      this.lines = 0;
      if (this.dropped > 0) this.warn(lane, `${this.dropped} log lines were dropped`);
      this.dropped = 0;
    }
    if (this.lines++ < LOG_LINES_PER_SECOND) return true;
    this.dropped++;
    return false;
  }

  private tellLost(lane: number): void {
    const lost = this.memory.view.getUint32(this.memory.laneBase(lane) + L_LOG_LOST, true);
    const count = (lost - this.lost[lane]) >>> 0;
    if (count === 0) return;
    this.lost[lane] = lost;
    this.warn(lane, `${count} log lines were lost: the lane's log ring was full`);
  }

  private warn(lane: number, text: string): void {
    this.events.log({ level: 'warn', cell: '', text, lane });
  }
}
