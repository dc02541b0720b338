// Owns the JavaScript ends of the rings: the listener thread fills in rings and empties out rings.
// Never looks into frames. Layout: assembly/shared/layout.ts. Nothing is allocated
// per message; delivery makes one view per record, i.e. per run of replies to one connection.

import {
  L_BELL_WORD,
  L_SLEEPS_WORD,
  L_STALLED_WORD,
  RECORD_BYTES,
  RECORD_CLOSE,
  RECORD_CONTROL,
  RECORD_DATA,
  RECORD_SKIP,
  RING_DATA,
  RING_HEAD,
  RING_TAIL,
} from '../../assembly/shared/layout.ts';
import type { Deliver } from './contract.ts';
import type { RingPlace, SharedMemory } from './memory.ts';

const SKIP = RECORD_SKIP | 0;
/** Bytes of replies after which a reader gives the lane its room back. */
const FREE_BYTES = 65536;

/** Rings a sleeper's bell. It set `sleeps` to 1, looked again and waits on `bell`. */
function ring(words: Int32Array, sleeps: number, bell: number): boolean {
  if (Atomics.load(words, sleeps) === 0) return false;
  if (Atomics.compareExchange(words, sleeps, 1, 0) !== 1) return false;
  Atomics.add(words, bell, 1);
  Atomics.notify(words, bell, 1);
  return true;
}

/** Wakes `lane` when it sleeps; true when it did. */
export function ringLane(shared: SharedMemory, lane: number): boolean {
  const base = shared.laneBase(lane) / 4;
  return ring(shared.words, base + L_SLEEPS_WORD, base + L_BELL_WORD);
}

/** Low 32 bits of unix microseconds, as records are stamped. */
export function stampOf(unixUs: number): number {
  return (unixUs % 4294967296) | 0;
}

/** The one producer of a ring. Resumes at the head that stands in shared memory. */
export class RingWriter {
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #data: number;
  readonly #head: number;
  readonly #tail: number;
  readonly #capacity: number;
  readonly #limit: number;
  /** The consumer runs in this thread: no fence is due, which costs 6 ns a message. */
  readonly #alone: boolean;
  /** The tail as last seen: read again only when room seems short. */
  #seen: number;
  #at: number;

  constructor(shared: SharedMemory, place: RingPlace, limit = shared.messageBytes, alone = false) {
    this.#alone = alone;
    this.#bytes = shared.bytes;
    this.#words = shared.words;
    this.#data = place.at + RING_DATA;
    this.#head = (place.at + RING_HEAD) / 4;
    this.#tail = (place.at + RING_TAIL) / 4;
    this.#capacity = place.bytes;
    this.#limit = limit;
    this.#at = this.#words[this.#head];
    this.#seen = Atomics.load(this.#words, this.#tail);
  }

  /**
   * Copies one message (whole frames) as a record. False: the ring is full, nothing was taken.
   * Does not ring the lane's bell. `stamp`: stampOf(receipt).
   * @throws RangeError for a message above the limit, which no ring would ever take
   */
  push(connection: number, generation: number, stamp: number, message: Uint8Array): boolean {
    const size = message.length;
    if (size > this.#limit) {
      throw new RangeError(`a message of ${size} bytes is above the limit of ${this.#limit}`);
    }
    const need = (RECORD_BYTES + size + 15) & ~15;
    let at = this.#at & (this.#capacity - 1);
    const rest = this.#capacity - at;
    const waste = rest < need ? rest : 0;
    if (!this.#fits(waste + need)) return false;
    const words = this.#words;
    if (waste !== 0) {
      words[(this.#data + at) >>> 2] = SKIP;
      at = 0;
    }
    const record = this.#data + at;
    const word = record >>> 2;
    words[word] = size;
    words[word + 1] = connection;
    words[word + 2] = generation;
    words[word + 3] = stamp;
    this.#bytes.set(message, record + RECORD_BYTES);
    this.#at = (this.#at + waste + need) | 0;
    if (this.#alone) words[this.#head] = this.#at;
    else Atomics.store(words, this.#head, this.#at);
    return true;
  }

  #fits(need: number): boolean {
    if ((((this.#at - this.#seen) | 0) >>> 0) + need <= this.#capacity) return true;
    this.#seen = Atomics.load(this.#words, this.#tail);
    return (((this.#at - this.#seen) | 0) >>> 0) + need <= this.#capacity;
  }

  /** Bytes in the ring, records' headers included. */
  used(): number {
    return ((this.#at - Atomics.load(this.#words, this.#tail)) | 0) >>> 0;
  }
}

/** The one consumer of a lane's out ring. */
export class ReplyReader {
  readonly #shared: SharedMemory;
  readonly #lane: number;
  readonly #data: number;
  readonly #head: number;
  readonly #tail: number;
  readonly #stalled: number;
  readonly #capacity: number;

  constructor(shared: SharedMemory, lane: number) {
    const place = shared.outRing(lane);
    this.#shared = shared;
    this.#lane = lane;
    this.#data = place.at + RING_DATA;
    this.#head = (place.at + RING_HEAD) / 4;
    this.#tail = (place.at + RING_TAIL) / 4;
    this.#stalled = shared.laneBase(lane) / 4 + L_STALLED_WORD;
    this.#capacity = place.bytes;
  }

  /** True when read() would deliver something. */
  waits(): boolean {
    const words = this.#shared.words;
    return Atomics.load(words, this.#head) !== words[this.#tail];
  }

  /**
   * Delivers what lies in the ring, up to about `limit` bytes, and rings a lane that was stalled
   * by a full ring. Views are valid during the call only: their room is given back. What a
   * callback throws passes through; its record counts as delivered. Returns the bytes taken.
   */
  read(deliver: Deliver, limit = Number.POSITIVE_INFINITY): number {
    const words = this.#shared.words;
    const head = Atomics.load(words, this.#head);
    const from = words[this.#tail];
    if (head === from) return 0;
    let at = from;
    let freed = from;
    try {
      while (at !== head && ((at - from) | 0) >>> 0 < limit) {
        const record = this.#data + (at & (this.#capacity - 1));
        const size = words[record >>> 2];
        if (size === SKIP) {
          at = (at + this.#capacity - (at & (this.#capacity - 1))) | 0;
          continue;
        }
        at = (at + ((RECORD_BYTES + size + 15) & ~15)) | 0;
        if (size !== 0) this.#deliver(deliver, record, size, at === head);
        if (((at - freed) | 0) >>> 0 > FREE_BYTES) {
          Atomics.store(words, this.#tail, at);
          freed = at;
        }
      }
    } finally {
      Atomics.store(words, this.#tail, at);
      if (Atomics.load(words, this.#stalled) !== 0) ringLane(this.#shared, this.#lane);
    }
    return ((at - from) | 0) >>> 0;
  }

  #deliver(deliver: Deliver, record: number, size: number, last: boolean): void {
    const { words, bytes } = this.#shared;
    const word = record >>> 2;
    const connection = words[word + 1] >>> 0;
    const generation = words[word + 2] >>> 0;
    const from = record + RECORD_BYTES;
    const tag = words[word + 3];
    if (tag === RECORD_DATA) {
      deliver.frames(connection, generation, bytes.subarray(from, from + size), last);
    } else if (tag === RECORD_CLOSE) {
      deliver.close(connection, generation, words[from >>> 2] >>> 0);
    } else if (tag === RECORD_CONTROL) {
      deliver.control(connection, generation, bytes.subarray(from, from + size));
    } else {
      throw new Error(`out ring of lane ${this.#lane}: no record has tag ${tag}`);
    }
  }
}
