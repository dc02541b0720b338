// Owns the page's client of the cell: connects, tells the state in words, and begins anew when a
// connection has ended for good (a host that came back with another key, say). Calls made
// meanwhile wait for it; calls that were on their way when it was lost fail plainly.

import { Atlas } from '../../../../.cell/clients/atlas.ts';
import type { AtlasCalls } from './calls.ts';
import type { LinkState } from './live.ts';
import { failure } from './wording.ts';

/** Milliseconds before connecting anew, doubled up to the last. */
const AGAIN_MS = [400, 5000] as const;

export type Tell = (state: LinkState, words: string) => void;

export class Connection implements AtlasCalls {
  private client: Promise<Atlas>;
  private wait: number = AGAIN_MS[0];
  private readonly tell: Tell;
  private readonly restored: () => void;

  /** `restored` runs whenever calls can be made: at first, and after each loss. */
  constructor(tell: Tell, restored: () => void) {
    this.tell = tell;
    this.restored = restored;
    this.client = this.connect();
  }

  search(prefix: string, limit: number) {
    return this.client.then((atlas) => atlas.search(prefix, limit));
  }

  nearest(lat: number, lon: number, limit: number) {
    return this.client.then((atlas) => atlas.nearest(lat, lon, limit));
  }

  points(from: number, count: number) {
    return this.client.then((atlas) => atlas.points(from, count));
  }

  place(id: number) {
    return this.client.then((atlas) => atlas.place(id));
  }

  stats() {
    return this.client.then((atlas) => atlas.stats());
  }

  private async connect(): Promise<Atlas> {
    for (;;) {
      this.tell('connecting', 'Connecting');
      try {
        const atlas = await Atlas.connect({ agent: 'atlas page' });
        this.wait = AGAIN_MS[0];
        this.watch(atlas);
        return atlas;
      } catch (error) {
        this.tell('lost', `No connection, trying again. ${failure(error)}`);
        await new Promise((resolve) => setTimeout(resolve, this.wait));
        this.wait = Math.min(this.wait * 2, AGAIN_MS[1]);
      }
    }
  }

  private watch(atlas: Atlas): void {
    atlas.synapse.on('state', (state, error) => {
      if (state === 'open') this.open();
      else if (state === 'closed') this.client = this.connect();
      else this.tell('lost', error ? 'Connection lost, reconnecting' : 'Reconnecting');
    });
    this.open();
  }

  private open(): void {
    this.tell('connected', 'Connected');
    // After `client` has settled: what runs then may call at once.
    queueMicrotask(this.restored);
  }
}
