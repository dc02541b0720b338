// Owns who is connected: takes wires from listeners, lets a HELLO in or turns it away, and from
// then on hands every message, unread, to the connection's lane. Never parses a frame after HELLO,
// never blocks. Invariant: a slot is open exactly while its connection is in state `open` and in
// delivery's table.

import { PROTOCOL_VERSION } from '../../assembly/shared/frame.ts';
import {
  CREDIT_BYTES,
  HELLO_BYTES,
  HELLO_MS,
  MESSAGE_BYTES,
  PARK_BYTES,
  SESSIONS,
} from '../../assembly/shared/limits.ts';
import {
  FAILED_PRECONDITION,
  INTERNAL,
  INVALID_ARGUMENT,
  UNAUTHENTICATED,
  UNAVAILABLE,
} from '../../assembly/shared/status.ts';
import type { Rate } from '../cell/config.ts';
import type { CellSpec, Lanes } from '../lane/contract.ts';
import { Budget } from '../listen/budget.ts';
import type { Reception, Wire } from '../listen/contract.ts';
import type { Rights } from './bits.ts';
import { Connection } from './connection.ts';
import type { Delivery } from './delivery.ts';
import { checkVersion, Directory, VersionError } from './hello.ts';
import { Parking } from './parking.ts';
import type { Revocations } from './revocation.ts';
import { type CallerLabels, Refused, Sessions } from './sessions.ts';
import type { SlotMemory } from './slots.ts';
import { Strangers } from './strangers.ts';
import type { Identity, Verifier } from './token.ts';
import { ANONYMOUS, KeysUnavailable, TokenError } from './token.ts';
import type { Hello } from './wire.ts';
import { errorFrame, HelloError, readHello, welcomeFrame } from './wire.ts';

/** HELLOs of one open connection that may wait while an earlier one is looked at. */
const HELLOS_WAITING = 8;

export interface SessionLimits {
  helloBytes: number;
  helloMs: number;
  messageBytes: number;
  creditBytes: number;
  /** Connections at once, strangers included. */
  connections: number;
  /** Calls of one subject, all methods together; absent = no limit. */
  perSession?: Rate;
}

export interface ReceptionParts {
  /** Where session slots lie: host/lane/memory.ts. */
  memory: SlotMemory;
  lanes: Lanes;
  /** Was given to the lanes when they were made. */
  delivery: Delivery;
  /** The loaded cells, in order of loading. */
  cells: () => readonly CellSpec[];
  verifier: Verifier;
  revocations: Revocations;
  /** Shared with whoever writes the route rows. */
  rights: Rights;
  /** Sets of labels of counters: host/telemetry/labels.ts. */
  labels?: CallerLabels;
  limits?: Partial<SessionLimits>;
  /** Bytes parked over all connections; shared with listenSocket. */
  budget?: Budget;
  /** Told of errors that are the host's own: a peer hears only that there was one. */
  fault?: (error: unknown) => void;
}

export interface ConnectionInfo {
  slot: number;
  subject: string;
  remote: string;
  kind: string;
  lane: number;
  buffered: number;
  parked: number;
}

export interface SessionReception extends Reception<Connection> {
  /**
   * Refuses the subject from its next frame on, and its later HELLOs; resolves when that is
   * durable.
   */
  revoke(subject: string, untilMs?: number): Promise<void>;
  /** Takes that back, for its open sessions too; resolves when it is durable. */
  lift(subject: string): Promise<void>;
  /** Open connections; a snapshot. */
  connections(): ConnectionInfo[];
  /** Connections of any state, and slots in use. */
  counts(): { connections: number; sessions: number };
  /** Closes every connection with 1001. Lanes and listeners are closed by whoever opened them. */
  close(): void;
}

const DEFAULTS: SessionLimits = {
  helloBytes: HELLO_BYTES,
  helloMs: HELLO_MS,
  messageBytes: MESSAGE_BYTES,
  creditBytes: CREDIT_BYTES,
  connections: SESSIONS,
};

/** Longest `reason` of a WebSocket close, in bytes (RFC 6455 5.5). */
const REASON_BYTES = 123;

/** Cuts a text to what a close frame holds, never inside a character. */
function closeReason(text: string): string {
  let cut = text.slice(0, REASON_BYTES);
  while (Buffer.byteLength(cut) > REASON_BYTES) cut = cut.slice(0, -1);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}

function statusOf(error: unknown): { status: number; message: string } {
  if (error instanceof Refused) return error;
  if (error instanceof TokenError) return { status: UNAUTHENTICATED, message: error.message };
  if (error instanceof KeysUnavailable) return { status: UNAVAILABLE, message: error.message };
  if (error instanceof VersionError) return { status: FAILED_PRECONDITION, message: error.message };
  if (error instanceof HelloError) return { status: INVALID_ARGUMENT, message: error.message };
  return { status: INTERNAL, message: 'the host failed to look at the HELLO' };
}

class Receptionist implements SessionReception {
  private readonly limits: SessionLimits;
  private readonly lanes: Lanes;
  private readonly delivery: Delivery;
  private readonly directory: Directory;
  private readonly verifier: Verifier;
  private readonly revocations: Revocations;
  private readonly sessions: Sessions;
  private readonly parking: Parking;
  private readonly strangers: Strangers;
  private readonly all = new Set<Connection>();
  private readonly fault: (error: unknown) => void;

  constructor(parts: ReceptionParts) {
    this.limits = { ...DEFAULTS, ...parts.limits };
    this.lanes = parts.lanes;
    this.delivery = parts.delivery;
    this.directory = new Directory(parts.cells);
    this.verifier = parts.verifier;
    this.revocations = parts.revocations;
    this.sessions = new Sessions(parts, this.limits.perSession);
    const budget = parts.budget ?? new Budget(PARK_BYTES);
    this.parking = new Parking(parts.lanes, budget, this.limits.creditBytes);
    this.strangers = new Strangers(this.limits.helloMs);
    this.fault = parts.fault ?? (() => {});
    parts.lanes.onRoom = (lane) => this.parking.room(lane);
    parts.delivery.onControl = (connection, frame) => this.control(connection, frame);
  }

  opened(wire: Wire): Connection {
    const connection = new Connection(wire, performance.now());
    if (this.all.size >= this.limits.connections) {
      connection.state = 'closed';
      wire.close(1013, `this host serves at most ${this.limits.connections} connections`);
      return connection;
    }
    this.all.add(connection);
    this.strangers.add(connection);
    return connection;
  }

  message(connection: Connection, bytes: Uint8Array): void {
    switch (connection.state) {
      case 'open':
        return this.parking.push(connection, bytes);
      case 'stranger':
        if (bytes.length > this.limits.helloBytes) {
          const most = `a HELLO may have at most ${this.limits.helloBytes} bytes`;
          return connection.wire.close(1009, most);
        }
        connection.state = 'greeting';
        return void this.greet(connection, Uint8Array.from(bytes));
      case 'greeting':
        return connection.wire.close(1008, 'nothing may be sent between HELLO and WELCOME');
      case 'closed':
        return;
    }
  }

  drained(): void {}

  closed(connection: Connection): void {
    this.all.delete(connection);
    if (connection.state === 'open') {
      this.delivery.forget(connection);
      this.sessions.close(connection);
    }
    connection.state = 'closed';
    connection.hellos.length = 0;
    this.parking.forget(connection);
  }

  /**
   * A HELLO after the first, from the connection's lane. They are looked at one after the other.
   */
  private control(connection: Connection, frame: Uint8Array): void {
    if (frame.length > this.limits.helloBytes) {
      const most = `a HELLO may have at most ${this.limits.helloBytes} bytes`;
      return connection.wire.close(1009, most);
    }
    if (connection.hellos.length >= HELLOS_WAITING) {
      connection.wire.close(1008, `more than ${HELLOS_WAITING} HELLOs wait for their answer`);
      return;
    }
    connection.hellos.push(Uint8Array.from(frame));
    if (!connection.greeting) void this.next(connection);
  }

  private async next(connection: Connection): Promise<void> {
    const frame = connection.hellos.shift();
    if (!frame || connection.state !== 'open') return;
    connection.greeting = true;
    await this.greet(connection, frame);
    connection.greeting = false;
    void this.next(connection);
  }

  /** Looks at one HELLO and answers it. Never rejects. */
  private async greet(connection: Connection, frame: Uint8Array): Promise<void> {
    let call = 0;
    try {
      const read = readHello(frame);
      call = read.call;
      const { token, version } = read.hello;
      checkVersion(version);
      const identity = token === null ? null : await this.verifier.verify(token);
      if (connection.state === 'greeting') this.admit(connection, identity);
      else if (connection.state === 'open' && identity) this.sessions.refresh(connection, identity);
      if (connection.state === 'open') this.welcome(connection, call, read.hello);
    } catch (error) {
      this.refuse(connection, call, error);
    }
  }

  private admit(connection: Connection, identity: Identity | null): void {
    this.sessions.open(connection, identity);
    connection.lane = this.lanes.assign();
    connection.state = 'open';
    this.delivery.connections[connection.slot] = connection;
  }

  private welcome(connection: Connection, call: number, hello: Hello): void {
    const { identity } = connection;
    const bytes = welcomeFrame(call, {
      version: PROTOCOL_VERSION,
      subject: identity?.subject ?? ANONYMOUS,
      expires: identity?.expires ?? null,
      messageBytes: this.limits.messageBytes,
      creditBytes: this.limits.creditBytes,
      methods: this.directory.answer(hello.methods, identity !== null),
    });
    this.delivery.frames(connection.slot, connection.generation, bytes);
  }

  private refuse(connection: Connection, call: number, error: unknown): void {
    if (connection.state === 'closed') return;
    const { status, message } = statusOf(error);
    if (status === INTERNAL) this.fault(error);
    this.delivery.flush();
    connection.wire.send(errorFrame(call, status, message));
    // An issuer that is away is no reason to end a session that stands.
    if (connection.state === 'open' && error instanceof KeysUnavailable) return;
    connection.wire.close(1008, closeReason(message));
  }

  async revoke(subject: string, untilMs?: number): Promise<void> {
    const durable = this.revocations.revoke(subject, untilMs);
    for (const connection of this.all) {
      if (connection.identity?.subject === subject) this.sessions.revoke(connection);
    }
    await durable;
  }

  async lift(subject: string): Promise<void> {
    const durable = this.revocations.lift(subject);
    for (const connection of this.all) {
      if (connection.identity?.subject === subject) this.sessions.lift(connection);
    }
    await durable;
  }

  connections(): ConnectionInfo[] {
    const open = [...this.all].filter((connection) => connection.state === 'open');
    return open.map(({ slot, identity, wire, lane, parked }) => ({
      slot,
      subject: identity?.subject ?? ANONYMOUS,
      remote: wire.remote,
      kind: wire.kind,
      lane,
      buffered: wire.buffered(),
      parked: parked?.bytes ?? 0,
    }));
  }

  counts(): { connections: number; sessions: number } {
    return { connections: this.all.size, sessions: this.sessions.count };
  }

  close(): void {
    this.strangers.stop();
    for (const connection of this.all) connection.wire.close(1001, 'the host stops');
  }
}

/** Makes the reception of a host; one for all of its listeners. */
export function createReception(parts: ReceptionParts): SessionReception {
  return new Receptionist(parts);
}
