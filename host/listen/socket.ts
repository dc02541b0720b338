// Owns the listener on Unix sockets and loopback TCP: a stream of bare frames, no HTTP. Only the
// owner of the process may open the Unix socket (mode 0600). It cuts the stream at frame ends with
// the kernel's `inbox` and looks at nothing else of a frame but its length.
//
// A stream has no close frame. Its farewell is an ERROR frame with call id 0 (never a call's), the
// close code in AT_EXTRA, the reason as error record; then the stream ends.

import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer, isIP } from 'node:net';
import { HELLO_BYTES } from '../../assembly/shared/limits.ts';
import { UNAVAILABLE } from '../../assembly/shared/status.ts';
import { errorFrame } from '../session/wire.ts';
import type { Budget } from './budget.ts';
import type { Listen, Listener, ListenOptions, Reception, Sent, Wire } from './contract.ts';
import { Farewells } from './farewell.ts';
import { frameBytes, Half } from './half.ts';
import { createInbox, type Inbox } from './inbox.ts';

/** Milliseconds that a peer has to read what is left; then its socket is destroyed. */
const FAREWELL_MS = 2_000;
/** Milliseconds between keep-alive probes of TCP peers (half-open connections). */
const KEEP_ALIVE_MS = 60_000;
/** Bytes of a Unix socket's path on Linux, without the closing zero. */
const PATH_BYTES = 107;

class SocketWire<C> implements Wire {
  readonly kind = 'socket';
  readonly remote: string;
  readonly socket: Socket;
  readonly half: Half;
  readonly options: ListenOptions;
  readonly reception: Reception<C>;
  readonly inbox: Inbox;
  readonly farewells: Farewells;
  open = true;
  state!: C;
  known = false;
  /** Strangers may send HELLO_BYTES; after the first message the limit is messageBytes. */
  limit: number;

  constructor(
    socket: Socket,
    options: ListenOptions,
    reception: Reception<C>,
    inbox: Inbox,
    budget: Budget,
    farewells: Farewells,
  ) {
    this.farewells = farewells;
    this.socket = socket;
    this.remote = options.path ? 'unix' : (socket.remoteAddress ?? 'unknown');
    this.options = options;
    this.reception = reception;
    this.inbox = inbox;
    this.half = new Half(budget);
    this.limit = Math.min(HELLO_BYTES, options.messageBytes);
  }

  buffered(): number {
    return this.open ? this.socket.writableLength : 0;
  }

  send(bytes: Uint8Array): Sent {
    if (!this.open || !this.socket.writable) return 'dropped';
    const limit = this.options.backpressureBytes;
    if (this.socket.writableLength + bytes.length > limit) return 'dropped';
    return this.socket.write(Buffer.from(bytes)) ? 'sent' : 'buffered';
  }

  cork(batch: () => void): void {
    if (!this.open) return;
    this.socket.cork();
    try {
      batch();
    } finally {
      this.socket.uncork();
    }
  }

  close(code: number, reason: string): void {
    if (!this.open) return;
    if (!this.farewells.allow(this.socket.writableLength)) {
      this.socket.destroy();
      return this.over();
    }
    this.socket.end(errorFrame(0, UNAVAILABLE, reason, code));
    setTimeout(() => this.socket.destroy(), FAREWELL_MS).unref();
    // What still arrives is read and dropped: unread bytes would turn the farewell into a reset.
    this.over();
  }

  /** No event reaches the reception after this one. */
  over(): void {
    if (!this.open) return;
    this.open = false;
    this.half.clear();
    if (this.known) this.reception.closed(this.state);
  }

  receive(chunk: Uint8Array): void {
    while (this.open && chunk.length > 0) {
      if (this.half.have === 0) chunk = this.whole(chunk);
      if (!this.open || chunk.length === 0) return;
      chunk = this.part(chunk);
    }
  }

  /** Hands on the whole frames that `bytes` begins with; returns what follows them. */
  private whole(bytes: Uint8Array): Uint8Array {
    const { room } = this.inbox;
    while (this.open && bytes.length > 0) {
      const some = bytes.subarray(0, Math.min(room.length, this.options.messageBytes));
      room.set(some);
      const size = this.inbox.frames(some.length);
      if (size < 0) {
        if (!this.holdsTooLong(some)) this.close(1002, 'these bytes are not frames');
        return bytes;
      }
      if (size === 0) return bytes;
      if (this.tooLong(frameBytes(bytes))) return bytes;
      this.limit = this.options.messageBytes;
      this.reception.message(this.state, room.subarray(0, size));
      bytes = bytes.subarray(size);
    }
    return bytes;
  }

  /**
   * Keeps what `chunk` has of the frame in hand and hands it on when it is whole; returns the rest.
   */
  private part(chunk: Uint8Array): Uint8Array {
    while (this.open && chunk.length > 0) {
      const missing = this.half.need - this.half.have;
      const taken = chunk.subarray(0, missing);
      if (!this.half.take(taken)) {
        this.close(1013, 'the host holds too many half-received messages');
        return chunk;
      }
      chunk = chunk.subarray(taken.length);
      if (this.tooLong(this.half.need)) return chunk;
      if (this.half.have === this.half.need) break;
    }
    if (!this.open || this.half.have < this.half.need) return chunk;
    const frame = this.half.view;
    this.half.clear();
    const rest = this.whole(frame);
    if (rest.length > 0) this.close(1002, 'these bytes are not frames');
    return chunk;
  }

  /** For bytes that the kernel refused: closes when the fault is a frame above the limit. */
  private holdsTooLong(bytes: Uint8Array): boolean {
    for (let at = 0; bytes.length - at >= 4; ) {
      const size = frameBytes(bytes.subarray(at));
      if (this.tooLong(size)) return true;
      at += size;
    }
    return false;
  }

  private tooLong(bytes: number): boolean {
    if (bytes <= this.limit) return false;
    const what = this.limit < this.options.messageBytes ? 'HELLO' : 'message';
    this.close(1009, `a ${what} may have at most ${this.limit} bytes`);
    return true;
  }
}

/** Removes a socket file that nobody listens on any more. Throws when somebody does. */
async function clearPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > PATH_BYTES) {
    throw new Error(
      `Cannot listen on ${path}: a socket's path may have at most ${PATH_BYTES} bytes.`,
    );
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket())
    throw new Error(`Cannot listen on ${path}: it exists and is not a socket.`);
  const answered = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
  if (answered) throw new Error(`Cannot listen on ${path}: another host listens there.`);
  unlinkSync(path);
}

function listening(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const where = options.path ?? `${options.host}:${options.port}`;
    server.once('error', (error) => {
      reject(new Error(`Cannot listen on ${where}: ${error.message}`, { cause: error }));
    });
    // bind happens within `listen`, so the file never exists with a wider mode.
    const mask = options.path ? process.umask(0o177) : 0;
    try {
      if (options.path) server.listen({ path: options.path }, resolve);
      else server.listen({ host: options.host, port: options.port, exclusive: true }, resolve);
    } finally {
      if (options.path) process.umask(mask);
    }
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function stands<C>(wire: SocketWire<C>): void {
  const { socket, reception } = wire;
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.on('data', (chunk) => wire.receive(chunk));
  socket.on('drain', () => {
    if (wire.open) reception.drained(wire.state);
  });
  socket.on('error', () => {}); // 'close' follows
  socket.on('end', () => wire.over());
  wire.state = reception.opened(wire);
  wire.known = true;
  if (!wire.open) reception.closed(wire.state);
}

/**
 * Makes the stream listener: on `options.path`, or on loopback TCP (`options.host` must be
 * loopback: streams check no Origin). `budget` bounds half-received frames over all connections.
 */
export function listenSocket(budget: Budget, inbox: Inbox = createInbox()): Listen {
  return async <C>(options: ListenOptions, reception: Reception<C>): Promise<Listener> => {
    const { path, host } = options;
    if (path) await clearPath(path);
    else if (!isLoopback(host)) throw new Error(`Streams listen on loopback only, not on ${host}.`);
    const wires = new Set<SocketWire<C>>();
    const farewells = new Farewells(FAREWELL_MS);
    const server = createServer((socket) => {
      const wire = new SocketWire(socket, options, reception, inbox, budget, farewells);
      wires.add(wire);
      socket.on('close', () => {
        wires.delete(wire);
        wire.over();
      });
      stands(wire);
    });
    await listening(server, options);
    if (path) chmodSync(path, 0o600);
    const port = path ? 0 : (server.address() as AddressInfo).port;
    const name = isIP(host) === 6 ? `[${host}]` : host;
    const close = () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const wire of wires) wire.close(1001, 'the host stops');
      });
    return { kind: 'socket', url: path ? `unix:${path}` : `tcp://${name}:${port}`, port, close };
  };
}
