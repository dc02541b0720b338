// Owns messages that a lane's full ring did not take: kept in order per lane, bounded per
// connection by its credit and over all connections by the budget. Beyond either the connection is
// closed, with the reason.

import type { Lanes } from '../lane/contract.ts';
import type { Budget } from '../listen/budget.ts';
import type { Connection } from './connection.ts';
import { Queue } from './queue.ts';

/** Bytes that a parked message costs beside its own; threat: millions of tiny messages. */
const ENTRY_BYTES = 128;

/** What one connection has parked. */
export class Parked {
  readonly messages = new Queue<Uint8Array>();
  /** Bytes of messages, as credit counts them. */
  bytes = 0;
  /** Bytes taken from the budget. */
  charged = 0;
}

export class Parking {
  private readonly lanes: Lanes;
  private readonly budget: Budget;
  private readonly creditBytes: number;
  /** By lane: a connection once for each message that it has parked. */
  private readonly queues: Queue<Connection>[] = [];

  constructor(lanes: Lanes, budget: Budget, creditBytes: number) {
    this.lanes = lanes;
    this.budget = budget;
    this.creditBytes = creditBytes;
  }

  /** Hands a message of an open connection to its lane, or parks it, or closes the connection. */
  push(connection: Connection, bytes: Uint8Array): void {
    const { lane, slot, generation } = connection;
    if (connection.parked === null && this.lanes.push(lane, slot, generation, bytes)) return;
    if (connection.state === 'open') this.park(connection, bytes);
  }

  private park(connection: Connection, bytes: Uint8Array): void {
    const parked = (connection.parked ??= new Parked());
    const charge = bytes.length + ENTRY_BYTES;
    if (parked.bytes + bytes.length > this.creditBytes) {
      const most = `at most ${this.creditBytes} bytes of calls may wait unanswered`;
      connection.wire.close(1013, most);
    } else if (!this.budget.take(charge)) {
      connection.wire.close(1013, 'the host is overloaded: too many calls wait for a lane');
    } else {
      parked.bytes += bytes.length;
      parked.charged += charge;
      parked.messages.push(Uint8Array.from(bytes));
      (this.queues[connection.lane] ??= new Queue()).push(connection);
    }
  }

  /** The lane has room again: the oldest messages go first. */
  room(lane: number): void {
    const queue = this.queues[lane];
    for (let connection = queue?.peek(); connection; connection = queue.peek()) {
      const { parked } = connection;
      const bytes = parked?.messages.peek();
      if (parked && bytes) {
        if (!this.lanes.push(lane, connection.slot, connection.generation, bytes)) return;
        if (connection.parked === parked) this.took(connection, parked);
      }
      queue.shift();
    }
  }

  private took(connection: Connection, parked: Parked): void {
    const bytes = parked.messages.shift()!;
    parked.bytes -= bytes.length;
    parked.charged -= bytes.length + ENTRY_BYTES;
    this.budget.give(bytes.length + ENTRY_BYTES);
    if (parked.messages.size === 0) connection.parked = null;
  }

  /**
   * Drops what a closed connection had parked; its places in the lane's queue are skipped later.
   */
  forget(connection: Connection): void {
    const { parked } = connection;
    if (!parked) return;
    this.budget.give(parked.charged);
    connection.parked = null;
  }
}
