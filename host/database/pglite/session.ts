// Owns one client of the embedded server: its greeting, the messages that came in, cut into units
// that the engine runs as a whole, and what is sent back. Knows nothing of other clients and never
// runs anything itself: turns.ts does.
import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  CANCEL,
  errorMessage,
  GSS,
  Incoming,
  negotiate,
  PROTOCOL,
  ProtocolError,
  ready,
  SSL,
  T,
  type Told,
} from './messages.ts';
import { readStartup, type Startup, signature } from './settings.ts';
import { Statements } from './statements.ts';

/** Units that wait for their turn before the client's socket is read no more. */
const UNITS = 64;
/** Bytes that a client has not read, before none of its units is run. Threat: memory. */
export const UNREAD_BYTES = 32 << 20;

/** What the engine runs in one go. */
export interface Unit {
  /** `start`: the greeting. `flush`: messages follow before the engine is another client's. */
  kind: 'start' | 'sync' | 'flush';
  batch: Buffer[];
}

/** What a session tells the server. */
export interface SessionEvents {
  /** It has a unit to run. */
  ready(session: Session): void;
  /** Its client has gone, or was sent away. */
  gone(session: Session): void;
  /** It is no client, but wants the statement of one to end. */
  cancel(pid: number, secret: number): void;
}

export class Session {
  readonly pid: number;
  readonly secret = randomInt(2 ** 31);
  readonly statements: Statements;
  settings = new Map<string, string>();
  signature = '';
  closed = false;
  readonly #socket: Socket;
  readonly #events: SessionEvents;
  readonly #incoming = new Incoming();
  readonly #units: Unit[] = [];
  #batch: Buffer[] = [];
  #startup: Startup | undefined;
  /** A unit was refused: what follows goes unread until Sync. */
  #skipping = false;

  constructor(socket: Socket, pid: number, known: Set<string>, events: SessionEvents) {
    this.#socket = socket;
    this.pid = pid;
    this.#events = events;
    this.statements = new Statements(pid, known);
    socket.on('data', (chunk) => this.#data(chunk));
    socket.on('error', () => this.#leave());
    socket.on('close', () => this.#leave());
    socket.on('drain', () => this.#wake());
  }

  get startup(): Startup | undefined {
    return this.#startup;
  }

  /** Whether the next unit may be run: there is one, and its answer has room. */
  get waits(): boolean {
    return !this.closed && this.#units.length > 0 && this.#socket.writableLength < UNREAD_BYTES;
  }

  next(): Unit | undefined {
    const unit = this.#units.shift();
    if (this.#units.length < UNITS && this.#socket.isPaused()) this.#socket.resume();
    return unit;
  }

  /** Takes over what the session has set. */
  assign(settings: Map<string, string>): void {
    this.settings = settings;
    this.signature = signature(settings);
  }

  send(bytes: Buffer): void {
    if (!this.closed && bytes.length > 0) this.#socket.write(bytes);
  }

  /** Says why, and ends the connection. */
  fail(told: Omit<Told, 'fatal'>): void {
    if (this.closed) return;
    this.#socket.end(errorMessage({ ...told, fatal: true }));
    this.#leave();
  }

  /** Refuses `unit`, which was not run. */
  refuse(unit: Unit, told: Told): void {
    this.send(errorMessage(told));
    if (unit.kind === 'flush') this.#skipping = true;
    else this.send(ready('I'));
  }

  /** The unit that waits is refused. False: none waits. */
  withdraw(told: Told): boolean {
    if (this.#units[0] === undefined || this.#units[0].kind === 'start') return false;
    this.refuse(this.next() as Unit, told);
    return true;
  }

  #leave(): void {
    if (this.closed) return;
    this.closed = true;
    this.#units.length = 0;
    this.#events.gone(this);
  }

  #wake(): void {
    if (this.waits) this.#events.ready(this);
  }

  #data(chunk: Buffer): void {
    if (this.closed) return;
    this.#incoming.add(chunk);
    try {
      if (this.#startup === undefined) this.#greet();
      if (this.#startup !== undefined) this.#cut();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail({ code: '08P01', message: error.message });
    }
  }

  /** Startup packets: requests for encryption are declined, a request to cancel ends it. */
  #greet(): void {
    for (;;) {
      const packet = this.#incoming.startup();
      if (packet === null) return;
      const code = packet.readUInt32BE(0);
      if (code === SSL || code === GSS) {
        this.#socket.write('N');
        continue;
      }
      if (code === CANCEL) {
        if (packet.length === 12) {
          this.#events.cancel(packet.readInt32BE(4), packet.readInt32BE(8));
        }
        this.#socket.end();
        this.#leave();
        return;
      }
      if (code >>> 16 !== PROTOCOL >>> 16) {
        throw new ProtocolError(`unsupported frontend protocol ${code >>> 16}.${code & 0xffff}`);
      }
      const startup = readStartup(packet.subarray(4));
      if (startup === null) throw new ProtocolError('invalid command-line arguments for server');
      if (code !== PROTOCOL || startup.unknown.length > 0) this.send(negotiate(startup.unknown));
      this.#startup = startup;
      this.assign(startup.settings);
      this.#push({ kind: 'start', batch: [] });
      return;
    }
  }

  /** Messages into units: up to a Query, a Sync or a Flush. */
  #cut(): void {
    for (;;) {
      const whole = this.#incoming.message();
      if (whole === null) return;
      const type = whole[0] as number;
      if (type === T.terminate) {
        this.#socket.end();
        this.#leave();
        return;
      }
      // Of a COPY that was refused: PostgreSQL leaves them unread too.
      if (type === T.copyData || type === T.copyDone || type === T.copyFail) continue;
      if (!KNOWN.has(type)) throw new ProtocolError(`invalid frontend message type ${type}`);
      if (this.#skipping) {
        if (type !== T.sync) continue;
        this.#skipping = false;
        this.send(ready('I'));
        continue;
      }
      this.#batch.push(whole);
      if (type === T.flush) this.#push({ kind: 'flush', batch: this.#batch });
      else if (type === T.query || type === T.sync || type === T.functionCall) {
        this.#push({ kind: 'sync', batch: this.#batch });
      }
    }
  }

  #push(unit: Unit): void {
    this.#batch = [];
    this.#units.push(unit);
    if (this.#units.length >= UNITS) this.#socket.pause();
    this.#wake();
  }
}

const KNOWN: ReadonlySet<number> = new Set([
  ...[T.bind, T.close, T.describe, T.execute, T.flush, T.parse, T.query, T.sync, T.functionCall],
]);
