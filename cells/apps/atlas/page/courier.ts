// Owns what goes between the page's two threads: the page draws, the worker (worker.ts) holds the
// connection, so that drawing delays no answer and the times it measures are the road's own.

import type { AtlasCalls } from './calls.ts';
import type { LinkState } from './live.ts';
import type { Reading } from './meter.ts';

export type Method = keyof AtlasCalls;

/** Page to worker: one call, or the burst. */
export interface Errand {
  id: number;
  method: Method | 'burst';
  args: unknown[];
}

/** Worker to page. */
export type Report =
  | { kind: 'value'; id: number; value: unknown }
  | { kind: 'error'; id: number; message: string; statusName: string | null }
  | { kind: 'link'; state: LinkState; words: string }
  | { kind: 'restored' }
  | { kind: 'reading'; reading: Reading; history: number[] };

export interface CourierEvents {
  link(state: LinkState, words: string): void;
  /** Calls can be made: at first, and after each loss. */
  restored(): void;
  reading(reading: Reading, history: number[]): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The page's side: the cell's methods, each an errand for the worker. */
export class Courier implements AtlasCalls {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;

  constructor(script: string, events: CourierEvents) {
    this.worker = new Worker(script, { type: 'module', name: 'atlas' });
    this.worker.onmessage = ({ data }: MessageEvent<Report>) => this.receive(data, events);
    this.worker.onerror = (event) => {
      events.link('lost', `The page is broken: ${event.message ?? 'its worker did not load'}`);
    };
  }

  search(...args: Parameters<AtlasCalls['search']>) {
    return this.send('search', args) as ReturnType<AtlasCalls['search']>;
  }

  nearest(...args: Parameters<AtlasCalls['nearest']>) {
    return this.send('nearest', args) as ReturnType<AtlasCalls['nearest']>;
  }

  points(...args: Parameters<AtlasCalls['points']>) {
    return this.send('points', args) as ReturnType<AtlasCalls['points']>;
  }

  place(...args: Parameters<AtlasCalls['place']>) {
    return this.send('place', args) as ReturnType<AtlasCalls['place']>;
  }

  stats() {
    return this.send('stats', []) as ReturnType<AtlasCalls['stats']>;
  }

  burst(): Promise<void> {
    return this.send('burst', []) as Promise<void>;
  }

  private send(method: Errand['method'], args: unknown[]): Promise<unknown> {
    const id = this.next++;
    this.worker.postMessage({ id, method, args } satisfies Errand);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  private receive(report: Report, events: CourierEvents): void {
    if (report.kind === 'link') return events.link(report.state, report.words);
    if (report.kind === 'restored') return events.restored();
    if (report.kind === 'reading') return events.reading(report.reading, report.history);
    const waiting = this.waiting.get(report.id);
    this.waiting.delete(report.id);
    if (report.kind === 'value') return waiting?.resolve(report.value);
    const { message, statusName } = report;
    waiting?.reject(Object.assign(new Error(message), { statusName }));
  }
}
