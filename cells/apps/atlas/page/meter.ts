// Owns the measuring of calls: each call of the client is timed from the page's side, and the
// last ones are kept for rates and percentiles. Never changes what a call answers.

import type { AtlasCalls } from './calls.ts';

/** Calls that percentiles are taken over. */
const KEPT = 512;
/** History is kept in ticks of 100 ms for a minute. */
const TICK_MS = 100;
const TICKS = 600;

export interface Reading {
  /** Answers in the last whole second of ticks. */
  perSecond: number;
  /** Milliseconds over the last calls; NaN before the first. */
  p50: number;
  p99: number;
  total: number;
  failed: number;
}

export class Meter {
  private readonly latencies = new Float64Array(KEPT);
  private readonly ticks = new Uint32Array(TICKS);
  private tick = 0;
  private total = 0;
  private failed = 0;

  /** The same client, each call of which is measured. */
  measured(atlas: AtlasCalls): AtlasCalls {
    return {
      search: (prefix, limit) => this.time(atlas.search(prefix, limit)),
      nearest: (lat, lon, limit) => this.time(atlas.nearest(lat, lon, limit)),
      points: (from, count) => this.time(atlas.points(from, count)),
      place: (id) => this.time(atlas.place(id)),
      stats: () => this.time(atlas.stats()),
    };
  }

  read(): Reading {
    this.advance(performance.now());
    const kept = Math.min(this.total, KEPT);
    const sorted = this.latencies.slice(0, kept).sort();
    const rank = (share: number) => sorted[Math.min(kept - 1, Math.floor(kept * share))] ?? NaN;
    let perSecond = 0;
    for (let back = 1; back <= 1000 / TICK_MS; back++) perSecond += this.at(back);
    return { perSecond, p50: rank(0.5), p99: rank(0.99), total: this.total, failed: this.failed };
  }

  /** Calls in each of the last 60 seconds, oldest first. */
  history(): number[] {
    this.advance(performance.now());
    const perSecond = 1000 / TICK_MS;
    return Array.from({ length: TICKS / perSecond - 1 }, (_, second) => {
      let sum = 0;
      const oldest = TICKS - 1 - second * perSecond;
      for (let back = oldest; back > oldest - perSecond; back--) sum += this.at(back);
      return sum;
    });
  }

  private async time<T>(call: Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      const value = await call;
      this.note(began, performance.now());
      return value;
    } catch (error) {
      this.failed++;
      throw error;
    }
  }

  private note(began: number, now: number): void {
    this.latencies[this.total++ % KEPT] = now - began;
    this.advance(now);
    this.ticks[this.tick % TICKS]! += 1;
  }

  /** Calls in the tick that lies `back` ticks ago. */
  private at(back: number): number {
    const tick = this.tick - back;
    return tick < 0 ? 0 : this.ticks[tick % TICKS]!;
  }

  private advance(now: number): void {
    const tick = Math.floor(now / TICK_MS);
    const from = Math.max(this.tick + 1, tick - TICKS + 1);
    for (let fresh = from; fresh <= tick; fresh++) this.ticks[fresh % TICKS] = 0;
    this.tick = Math.max(this.tick, tick);
  }
}
