// Owns messages that a lane's full ring did not take: kept in order per lane, bounded per
// connection by its credit and over all connections by the budget. Beyond either the connection is
// closed, with the reason.

import type { Lanes } from '../lane/contract.ts';
import type { Budget } from '../listen/budget.ts';
import type { Connection } from './connection.ts';
import { Queue } from './queue.ts';

/** Bytes that a parked message costs beside its own; threat: millions of tiny messages. */
const ENTRY_BYTES = 128;

/** Part of the budget that one connection may take. Threat: one parks, the others are closed. */
const SHARE = 1 / 2;
/** Places of closed connections in a lane's queue that are worth clearing away. Threat: clients
 *  that park, leave and come again while a lane is busy. */
const LEFT_PLACES = 16384;

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
  /** By lane: places of closed connections in its queue, at most. */
  private readonly left: number[] = [];
  private offering = false;

  constructor(lanes: Lanes, budget: Budget, creditBytes: number) {
    this.lanes = lanes;
    this.budget = budget;
    this.creditBytes = creditBytes;
  }

  /** Hands a message of an open connection to its lane, or parks it, or closes the connection. */
  push(connection: Connection, bytes: Uint8Array): void {
    if (bytes.length === 0) return; // no frame: nothing that credit would count
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
    } else if (parked.charged + charge > this.budget.limit * SHARE || !this.budget.take(charge)) {
      connection.wire.close(1013, 'the host is overloaded: too many calls wait for a lane');
    } else {
      parked.bytes += bytes.length;
      parked.charged += charge;
      parked.messages.push(Uint8Array.from(bytes));
      this.queueOf(connection.lane).push(connection);
    }
  }

  private queueOf(lane: number): Queue<Connection> {
    const queue = (this.queues[lane] ??= new Queue());
    if (!this.offering && this.left[lane] > LEFT_PLACES && this.left[lane] * 2 > queue.size) {
      queue.keep((connection) => connection.parked !== null);
      this.left[lane] = 0;
    }
    return queue;
  }

  /** The lane has room again: the oldest messages go first. */
  room(lane: number): void {
    const inner = this.offering;
    this.offering = true;
    try {
      this.offer(lane);
    } finally {
      this.offering = inner;
    }
  }

  private offer(lane: number): void {
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
    this.left[connection.lane] = (this.left[connection.lane] ?? 0) + parked.messages.size;
  }
}
