// Owns the reading of the lanes' log rings: lines that guests wrote through their membranes. The text is a
// guest's: it is decoded leniently, stripped of control characters, and capped per second.
//
//   record, 16-aligned: u32 size | u32 cell index | u32 level + LOG_TRUNCATED | u32 stamp | text
import {
  L_LOG_LOST,
  LOG_TRUNCATED,
  PART_LOG_WORD,
  RECORD_BYTES,
  RECORD_SKIP,
  RING_DATA,
  RING_HEAD,
  RING_TAIL,
} from '../../assembly/shared/layout.ts';
import { LOG_BYTES } from '../../assembly/shared/limits.ts';
import type { LaneEvents } from './contract.ts';
import type { SharedMemory } from './memory.ts';

/** Lines a second over all lanes that reach LaneEvents.log. Threat: a guest that fills disks. */
export const LOG_LINES_PER_SECOND = 500;
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const decoder = new TextDecoder();

/** Drains the log rings of `lanes` lanes into `events`. */
export class LogRings {
  private readonly memory: SharedMemory;
  private readonly lanes: number;
  private readonly events: LaneEvents;
  private readonly nameOf: (cell: number) => string;
  private readonly lost: number[];
  private second = 0;
  private lines = 0;
  private dropped = 0;

  constructor(
    memory: SharedMemory,
    lanes: number,
    events: LaneEvents,
    nameOf: (cell: number) => string,
  ) {
    this.memory = memory;
    this.lanes = lanes;
    this.events = events;
    this.nameOf = nameOf;
    this.lost = new Array<number>(lanes).fill(0);
  }

  /** Takes every line that is there. Cheap when there is none. */
  drain(): void {
    for (let lane = 0; lane < this.lanes; lane++) this.drainLane(lane);
  }

  private drainLane(lane: number): void {
    const { words, view } = this.memory;
    const base = this.memory.laneBase(lane);
    const ring = base + view.getUint32(base + 4 * PART_LOG_WORD, true);
    const head = Atomics.load(words, (ring + RING_HEAD) >>> 2);
    let tail = words[(ring + RING_TAIL) >>> 2];
    if (head === tail) return;
    while (tail !== head) {
      const at = tail & (LOG_BYTES - 1);
      const size = view.getUint32(ring + RING_DATA + at, true);
      if (size === RECORD_SKIP) {
        tail = (tail + LOG_BYTES - at) | 0;
        continue;
      }
      this.line(lane, ring + RING_DATA + at, size);
      tail = (tail + ((RECORD_BYTES + size + 15) & ~15)) | 0;
    }
    Atomics.store(words, (ring + RING_TAIL) >>> 2, tail);
    this.tellLost(lane, view.getUint32(base + L_LOG_LOST, true));
  }

  private line(lane: number, at: number, size: number): void {
    const { bytes, view } = this.memory;
    if (!this.within()) return;
    const level = view.getUint32(at + 8, true);
    const raw = bytes.slice(at + RECORD_BYTES, at + RECORD_BYTES + size);
    const text = decoder.decode(raw).replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '\ufffd');
    this.events.log({
      level: LEVELS[level & 3],
      cell: this.nameOf(view.getUint32(at + 4, true)),
      text: (level & LOG_TRUNCATED) !== 0 ? `${text}...` : text,
      lane,
    });
  }

  /** Whether this second has room for one more line; says once a second how many it had not. */
  private within(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.second) {
      this.second = second;
      this.lines = 0;
      if (this.dropped > 0) this.warn(0, `${this.dropped} log lines were dropped`);
      this.dropped = 0;
    }
    if (this.lines++ < LOG_LINES_PER_SECOND) return true;
    this.dropped++;
    return false;
  }

  private tellLost(lane: number, lost: number): void {
    if (lost === this.lost[lane]) return;
    const count = (lost - this.lost[lane]) >>> 0;
    this.lost[lane] = lost;
    this.warn(lane, `${count} log lines were lost: the lane's log ring was full`);
  }

  private warn(lane: number, text: string): void {
    this.events.log({ level: 'warn', cell: '', text, lane });
  }
}
