// Owns how many bytes all connections together may leave unread: each has its own bound
// (BACKPRESSURE_BYTES, the listener's), and a thousand of them would still fill the memory. Beyond
// the limit those that leave most are closed. Counted by looking, once every LOOK_BYTES.

import { UNSENT_BYTES } from '../../assembly/shared/limits.ts';
import type { Connection } from './connection.ts';

/** Bytes buffered anew after which all pressed connections are looked at. */
export const LOOK_BYTES = 1 << 20;

export class Unsent {
  /** Connections that did not take all of a send at once. */
  private readonly pressed = new Set<Connection>();
  private grown = 0;
  private readonly limit: number;

  constructor(limit: number = UNSENT_BYTES) {
    this.limit = limit;
  }

  /** `bytes` more wait for `connection`. May close it, or others. */
  note(connection: Connection, bytes: number): void {
    this.pressed.add(connection);
    this.grown += bytes;
    if (this.grown >= LOOK_BYTES) this.look();
  }

  /** The connection is closed. */
  forget(connection: Connection): void {
    this.pressed.delete(connection);
  }

  private look(): void {
    this.grown = 0;
    let sum = 0;
    const waiting: { connection: Connection; bytes: number }[] = [];
    for (const connection of this.pressed) {
      const bytes = connection.wire.buffered();
      if (bytes === 0) this.pressed.delete(connection);
      else waiting.push({ connection, bytes });
      sum += bytes;
    }
    if (sum <= this.limit) return;
    waiting.sort((a, b) => b.bytes - a.bytes);
    for (const { connection, bytes } of waiting) {
      if (sum <= this.limit) return;
      sum -= bytes;
      this.pressed.delete(connection);
      const most = `all connections together leave more than ${this.limit} bytes unread`;
      connection.wire.close(1013, `answers wait unread: ${bytes} bytes; ${most}`);
    }
  }
}
