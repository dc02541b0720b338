// Owns the one timer for the deadlines of a lane's waiting calls: it rings at the earliest.
import { nowUs } from './clock.ts';

export class Deadlines {
  private armedUs = Infinity;
  private timer: NodeJS.Timeout | null = null;
  private readonly ring: () => void;

  /** `ring` is called when the earliest deadline has passed; it watches again what remains. */
  constructor(ring: () => void) {
    this.ring = ring;
  }

  /** `atUs`: unix microseconds, 0 = none. */
  watch(atUs: number): void {
    if (atUs === 0 || atUs >= this.armedUs) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.armedUs = atUs;
    const ms = Math.max(0, Math.ceil((atUs - nowUs()) / 1000));
    this.timer = setTimeout(this.passed, Math.min(ms, 0x7fffffff));
  }

  private readonly passed = (): void => {
    this.timer = null;
    this.armedUs = Infinity;
    this.ring();
  };

  /** Forgets them all, and those to come: the lane ends. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.armedUs = 0;
  }
}
