// Owns the listener thread's end of the out rings: polls them between events while calls are in
// flight, and sleeps on the host's bell otherwise. Invariant: C_HOST_SLEEPS is 1 before the last
// look at the rings, so an answer published after that look rings the bell.
import { C_HOST_BELL_WORD, C_HOST_SLEEPS_WORD, CONTROL } from '../../assembly/shared/layout.ts';
import type { Deliver } from './contract.ts';
import type { SharedMemory } from './memory.ts';
import { ReplyReader } from './ring.ts';

const BELL = CONTROL / 4 + C_HOST_BELL_WORD;
const SLEEPS = CONTROL / 4 + C_HOST_SLEEPS_WORD;
/** Milliseconds without an answer after which polling ends; the lane will ring. To sleep and be
 *  woken costs 10-40 us, a look with its turn of the event loop 3 us of a core that lanes and
 *  clients may want. A call that came alone is worth the longer wait (a third of its latency). */
const ALONE_MS = 0.2;
/** After a tick of several messages: between these, halved when polling was in vain and half as
 *  much again when it was not. Where cores were scarce it took two thirds of all CPU before. */
const CROWD_LEAST_MS = 0.005;
const CROWD_MOST_MS = 0.05;
/** Bytes of one lane before the next one has its turn. */
const TURN_BYTES = 1 << 20;

/** Takes answers out of all lanes' rings and hands them to `deliver`. */
export class Delivery {
  private readonly memory: SharedMemory;
  private readonly deliver: Deliver;
  private readonly readers: ReplyReader[] = [];
  private readonly polled: () => void;
  private polling = false;
  private armed = false;
  private stopped = false;
  private quietSince = 0;
  private patienceMs = CROWD_MOST_MS;
  /** The last tick that pushed anything pushed several messages; whoever pushes writes it. */
  crowded = false;

  /** `polled` is called after every look at all rings. */
  constructor(memory: SharedMemory, deliver: Deliver, polled: () => void) {
    this.memory = memory;
    this.deliver = deliver;
    this.polled = polled;
    for (let lane = 0; lane < memory.lanes; lane++) {
      this.readers.push(new ReplyReader(memory, lane));
    }
  }

  /** Calls were pushed: poll, and be patient anew. Costs nothing while polling. */
  poke(): void {
    this.quietSince = 0;
    if (this.polling || this.stopped) return;
    this.polling = true;
    Atomics.store(this.memory.words, SLEEPS, 0);
    setImmediate(this.poll);
  }

  /** Delivers what one lane has published. Returns the bytes. */
  read(lane: number, limit?: number): number {
    return this.readers[lane].read(this.deliver, limit);
  }

  stop(): void {
    this.stopped = true;
  }

  private readonly poll = (): void => {
    if (this.stopped) return;
    let bytes = 0;
    try {
      for (let lane = 0; lane < this.readers.length; lane++) bytes += this.read(lane, TURN_BYTES);
      this.polled();
    } catch (error) {
      // A callback's error is its caller's to see; the other answers still go out.
      setImmediate(this.poll);
      throw error;
    }
    if (bytes > 0) {
      this.quietSince = 0;
      this.patienceMs = Math.min(CROWD_MOST_MS, this.patienceMs * 1.5);
      setImmediate(this.poll);
    } else if (this.hopeful()) setImmediate(this.poll);
    else this.sleep();
  };

  /** Whether the silence is young enough for an answer to be likelier than not. */
  private hopeful(): boolean {
    const now = performance.now();
    if (this.quietSince === 0) this.quietSince = now;
    return now - this.quietSince < (this.crowded ? this.patienceMs : ALONE_MS);
  }

  private sleep(): void {
    if (this.crowded) this.patienceMs = Math.max(CROWD_LEAST_MS, this.patienceMs / 2);
    const { words } = this.memory;
    const bell = Atomics.load(words, BELL);
    Atomics.store(words, SLEEPS, 1);
    for (const reader of this.readers) {
      if (!reader.waits()) continue;
      Atomics.store(words, SLEEPS, 0);
      setImmediate(this.poll);
      return;
    }
    this.polling = false;
    // One wait at a time: an older one is still good, since a ring changes the bell and wakes all.
    if (this.armed) return;
    const wait = Atomics.waitAsync(words, BELL, bell);
    if (!wait.async) {
      this.poke();
      return;
    }
    this.armed = true;
    void wait.value.then(this.rung);
  }

  private readonly rung = (): void => {
    this.armed = false;
    this.poke();
  };
}
