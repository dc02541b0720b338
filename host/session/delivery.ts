// Owns the way of answers from the lanes to the wires (Deliver): what one connection gets within a
// tick leaves as one message. Never looks into a frame; views on shared memory do not outlive the
// call.
//
// Small answers are copied into the connection's stage (130 ns; a send costs 700 and a system call)
// and leave when the lane says that no more come, at the latest in a microtask. Two kinds leave at
// once: an answer of LARGE_BYTES, behind what is staged, and a last one that finds nothing staged,
// where the wire joins the sends of a tick by itself (uWebSockets.js does). Order per connection is
// the order of `frames`.

import {
  CLOSE_FRAME_FLAGS,
  CLOSE_FRAME_KIND,
  CLOSE_FRAME_LENGTH,
  CLOSE_PADDING,
  CLOSE_TRUNCATED,
} from '../../assembly/shared/reason.ts';
import type { Deliver } from '../lane/contract.ts';
import type { Connection } from './connection.ts';
import { Unsent } from './unsent.ts';

/** Bytes of one stage. */
export const STAGE_BYTES = 32 << 10;
/** Bytes of an answer that is not worth copying. */
export const LARGE_BYTES = STAGE_BYTES >> 1;
/** Connections staged at once; threat: a small answer for each of many, 32 KB each. */
export const STAGES = 256;

/** For microtasks: `then` is cheaper than queueMicrotask, which makes an AsyncResource for each. */
const NOW = Promise.resolve();

const FAULTS: Record<number, string> = {
  [CLOSE_FRAME_LENGTH]: 'a frame is longer than its message',
  [CLOSE_FRAME_KIND]: 'a frame has a kind that clients do not send',
  [CLOSE_FRAME_FLAGS]: 'a frame has unknown flags',
  [CLOSE_TRUNCATED]: 'a message ends inside a frame',
  [CLOSE_PADDING]: 'a frame is padded with something else than zeros',
};

export class Delivery implements Deliver {
  /** Open connections by session slot; reception.ts writes it. */
  readonly connections: (Connection | undefined)[] = [];
  /** A later HELLO; reception.ts sets it. `frame` is valid during the call. */
  onControl: (connection: Connection, frame: Uint8Array) => void = () => {};
  private readonly stages: Uint8Array[] = [];
  private readonly dirty: Connection[] = [];
  private readonly flushing = () => this.flush();
  private readonly unsent: Unsent;

  constructor(unsent: Unsent = new Unsent()) {
    this.unsent = unsent;
  }

  private find(slot: number, generation: number): Connection | undefined {
    const connection = this.connections[slot];
    return connection?.generation === generation ? connection : undefined;
  }

  frames(slot: number, generation: number, bytes: Uint8Array, last = false): void {
    const connection = this.find(slot, generation);
    if (connection?.direct && last && this.dirty.length === 0) this.send(connection, bytes);
    else {
      if (connection) this.stage(connection, bytes);
      if (last) this.flush();
    }
  }

  private stage(connection: Connection, bytes: Uint8Array): void {
    const size = bytes.length;
    if (size >= LARGE_BYTES) return this.together(connection, bytes);
    if (connection.staged + size > STAGE_BYTES) this.leave(connection);
    if (connection.stage === null) {
      if (this.dirty.length === STAGES) this.flush();
      connection.stage = this.stages.pop() ?? new Uint8Array(STAGE_BYTES);
      if (this.dirty.push(connection) === 1) void NOW.then(this.flushing);
    }
    connection.stage.set(bytes, connection.staged);
    connection.staged += size;
  }

  /** Sends what is staged and then `bytes`, uncopied. */
  private together(connection: Connection, bytes: Uint8Array): void {
    if (connection.staged === 0) return this.send(connection, bytes);
    connection.wire.cork(() => {
      this.leave(connection);
      this.send(connection, bytes);
    });
  }

  close(slot: number, generation: number, reason: number): void {
    const connection = this.find(slot, generation);
    if (!connection) return;
    this.leave(connection);
    connection.wire.close(1002, FAULTS[reason] ?? `these bytes are not frames (${reason})`);
  }

  control(slot: number, generation: number, frame: Uint8Array): void {
    const connection = this.find(slot, generation);
    if (connection) this.onControl(connection, frame);
  }

  /** The connection of a session is closed: its slot may be another's from now on. */
  forget(connection: Connection): void {
    this.connections[connection.slot] = undefined;
    this.unsent.forget(connection);
  }

  /** Sends everything staged. Runs by itself at the end of the tick. */
  flush(): void {
    for (let i = 0; i < this.dirty.length; i++) {
      const connection = this.dirty[i];
      this.leave(connection);
      if (connection.stage !== null) {
        this.stages.push(connection.stage);
        connection.stage = null;
      }
    }
    this.dirty.length = 0;
  }

  private leave(connection: Connection): void {
    const { staged } = connection;
    if (staged === 0) return;
    connection.staged = 0;
    this.send(connection, connection.stage!.subarray(0, staged));
  }

  private send(connection: Connection, bytes: Uint8Array): void {
    const { wire } = connection;
    if (connection.state !== 'open') return;
    const sent = wire.send(bytes);
    if (sent === 'sent') return;
    if (sent === 'buffered') return this.unsent.note(connection, bytes.length);
    wire.close(1013, `answers wait unread: ${wire.buffered()} bytes`);
  }
}
