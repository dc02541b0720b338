// Owns the time that connections have until their HELLO: one timer for all, because all have the
// same time and so come due in the order in which they stood. Threat: idle sockets that never say
// who they are.

import type { Connection } from './connection.ts';
import { Queue } from './queue.ts';

export class Strangers {
  private readonly waiting = new Queue<Connection>();
  private readonly helloMs: number;
  private timer: NodeJS.Timeout | null = null;

  constructor(helloMs: number) {
    this.helloMs = helloMs;
  }

  add(connection: Connection): void {
    this.waiting.push(connection);
    if (this.timer === null) this.arm(this.helloMs);
  }

  private arm(ms: number): void {
    this.timer = setTimeout(() => this.due(), ms);
    this.timer.unref();
  }

  private due(): void {
    this.timer = null;
    const now = performance.now();
    for (let first = this.waiting.peek(); first; first = this.waiting.peek()) {
      const left = first.since + this.helloMs - now;
      if (first.state === 'stranger' && left > 0) return this.arm(Math.ceil(left));
      this.waiting.shift();
      if (first.state === 'stranger') {
        first.wire.close(1008, `no HELLO came within ${this.helloMs} ms`);
      }
    }
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }
}
