// Owns the listener on the package `ws` over node:http: runs wherever Node does. Never parses a
// frame. `ws` and net sockets keep references to what they were given, so `send` copies first.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { PARK_BYTES } from '../../assembly/shared/limits.ts';
import { refusal, webSocketUrl } from './admission.ts';
import type {
  HttpReply,
  Listen,
  Listener,
  ListenOptions,
  Reception,
  Sent,
  Wire,
} from './contract.ts';
import { Farewells } from './farewell.ts';
import { answer, HTTP_HEADER_BYTES, HTTP_REQUEST_MS, plain, statusLine } from './page.ts';

/**
 * Bytes above the message limit that are still received, so that the refusal can name the limit.
 */
const SLACK_BYTES = 64 << 10;
/**
 * Milliseconds that a peer has to read what is left and say goodbye; then its socket is destroyed.
 */
const FAREWELL_MS = 2_000;
/** Pages that one connection may ask for; threat: pipelined requests whose answers are not read. */
const HTTP_REQUESTS = 100;

/** What bounds a `ws` listener beside ListenOptions. */
export interface WsBounds {
  /** Bytes of half-received messages over all connections. */
  halfBytes: number;
  /** Milliseconds between looks at them. */
  halvesMs: number;
  /**
   * Milliseconds between pings; a peer silent for two rounds is given up (half-open connections).
   */
  pingMs: number;
}

export const WS_BOUNDS: WsBounds = { halfBytes: PARK_BYTES, halvesMs: 1_000, pingMs: 60_000 };
/** Bytes of a client's control frame beside its data: two of header, four of mask. */
const CONTROL_BYTES = 6;

class WsWire<C> implements Wire {
  readonly kind = 'ws';
  readonly remote: string;
  readonly socket: WebSocket;
  readonly stream: Socket;
  readonly limit: number;
  readonly farewells: Farewells;
  readonly reception: Reception<C>;
  open = true;
  alive = true;
  /** Bytes received that belong to no message that is still being received. */
  private done: number;
  state!: C;
  known = false;

  constructor(
    socket: WebSocket,
    stream: Socket,
    remote: string,
    limit: number,
    reception: Reception<C>,
    farewells: Farewells,
  ) {
    this.farewells = farewells;
    this.socket = socket;
    this.stream = stream;
    this.done = stream.bytesRead;
    this.remote = remote;
    this.limit = limit;
    this.reception = reception;
  }

  /** Bytes of the message that is being received. */
  get half(): number {
    return this.stream.bytesRead - this.done;
  }

  /**
   * A whole message came. What came after it in the same chunk is not counted, a few KB at most.
   */
  whole(): void {
    this.alive = true;
    this.done = this.stream.bytesRead;
  }

  /** A control frame came, perhaps amid a message: only its own bytes are done with. */
  control(data: Buffer): void {
    this.alive = true;
    this.done += CONTROL_BYTES + data.length;
  }

  buffered(): number {
    return this.open ? this.socket.bufferedAmount : 0;
  }

  send(bytes: Uint8Array): Sent {
    if (!this.open || this.socket.readyState !== this.socket.OPEN) return 'dropped';
    if (this.socket.bufferedAmount + bytes.length > this.limit) return 'dropped';
    this.socket.send(Buffer.from(bytes), { binary: true, compress: false });
    return this.stream.writableNeedDrain ? 'buffered' : 'sent';
  }

  cork(batch: () => void): void {
    if (!this.open) return;
    this.stream.cork();
    try {
      batch();
    } finally {
      this.stream.uncork();
    }
  }

  close(code: number, reason: string): void {
    if (!this.open) return;
    if (this.farewells.allow(this.socket.bufferedAmount)) this.socket.close(code, reason);
    else this.socket.terminate();
    this.over();
  }

  /** No event reaches the reception after this one. */
  over(): void {
    if (!this.open) return;
    this.open = false;
    if (this.known) this.reception.closed(this.state);
  }
}

function receive<C>(wire: WsWire<C>, data: RawData, binary: boolean, messageBytes: number): void {
  wire.whole();
  if (!wire.open) return;
  const bytes = data as Buffer;
  if (!binary) wire.close(1003, 'only binary messages are spoken here');
  else if (bytes.length > messageBytes) {
    wire.close(1009, `a message may have at most ${messageBytes} bytes`);
  } else wire.reception.message(wire.state, bytes);
}

function respond(response: ServerResponse, method: string | undefined, reply: HttpReply): void {
  const length = Buffer.byteLength(reply.body);
  response.writeHead(reply.status, { ...reply.headers, 'content-length': length });
  response.end(method === 'HEAD' ? undefined : reply.body);
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value[0] : (value ?? '');
  }
  return headers;
}

async function servePage(
  options: ListenOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path, query = ''] = splitOnce(request.url ?? '/', '?');
  const method = request.method ?? 'GET';
  const reply = await answer(options, { method, path, query, headers: headersOf(request) });
  if (!response.destroyed) respond(response, method, reply);
}

function splitOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function refuseUpgrade(stream: Duplex, reply: HttpReply): void {
  const headers = Object.entries({ ...reply.headers, connection: 'close' });
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const length = Buffer.byteLength(reply.body);
  const start = `HTTP/1.1 ${statusLine(reply.status)}\r\n${head}content-length: ${length}\r\n\r\n`;
  stream.end(start + reply.body);
}

class Upgrades<C> {
  readonly wires = new Set<WsWire<C>>();
  readonly options: ListenOptions;
  readonly reception: Reception<C>;
  readonly sockets: WebSocketServer;
  readonly farewells = new Farewells(FAREWELL_MS);

  constructor(options: ListenOptions, reception: Reception<C>) {
    this.options = options;
    this.reception = reception;
    this.sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      skipUTF8Validation: true,
      maxPayload: options.messageBytes + SLACK_BYTES,
      closeTimeout: FAREWELL_MS,
    } as ConstructorParameters<typeof WebSocketServer>[0]);
  }

  take(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', () => stream.destroy());
    const refused = refusal(this.options, request.headers.host ?? '', request.headers.origin ?? '');
    if (refused !== null) return refuseUpgrade(stream, plain(403, refused));
    const [path] = splitOnce(request.url ?? '', '?');
    if (path !== this.options.upgradePath) {
      return refuseUpgrade(stream, plain(404, 'No WebSocket is served at this path.'));
    }
    const remote = request.socket.remoteAddress ?? 'unknown';
    this.sockets.handleUpgrade(request, stream, head, (socket) =>
      this.stands(socket, request.socket, remote),
    );
  }

  stands(socket: WebSocket, stream: Socket, remote: string): void {
    const { backpressureBytes, messageBytes } = this.options;
    const { reception, farewells } = this;
    const wire = new WsWire(socket, stream, remote, backpressureBytes, reception, farewells);
    this.wires.add(wire);
    socket.on('error', () => {}); // 'close' follows and says all that is needed
    socket.on('pong', (data) => wire.control(data));
    socket.on('ping', (data) => wire.control(data));
    socket.on('message', (data, binary) => receive(wire, data, binary, messageBytes));
    socket.on('close', () => {
      this.wires.delete(wire);
      wire.over();
    });
    stream.on('drain', () => {
      if (wire.open) this.reception.drained(wire.state);
    });
    wire.state = this.reception.opened(wire);
    wire.known = true;
    if (!wire.open) this.reception.closed(wire.state);
  }

  /** Closes the largest half-received messages until all of them together fit `halfBytes`. */
  boundHalves(halfBytes: number): void {
    let sum = 0;
    for (const wire of this.wires) sum += wire.half;
    if (sum <= halfBytes) return;
    const largest = [...this.wires].sort((a, b) => b.half - a.half);
    for (const wire of largest) {
      if (sum <= halfBytes) return;
      sum -= wire.half;
      wire.close(1013, 'the host holds too many half-received messages');
      wire.stream.destroySoon(); // the close frame leaves; its answer is not awaited
    }
  }

  ping(): void {
    for (const wire of this.wires) {
      if (!wire.alive) wire.socket.terminate();
      else if (wire.open) {
        wire.alive = false;
        wire.socket.ping();
      }
    }
  }
}

function listening(server: Server, options: ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const { host, port } = options;
      reject(new Error(`Cannot listen on ${host}:${port}: ${error.message}`, { cause: error }));
    });
    server.listen({ host: options.host, port: options.port, exclusive: true }, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Makes a `ws` listener with other bounds. It rejects when the port cannot be had. */
export function listenWsWithin(bounds: WsBounds): Listen {
  return async <C>(options: ListenOptions, reception: Reception<C>) => {
    const upgrades = new Upgrades(options, reception);
    const server = createServer({
      maxHeaderSize: HTTP_HEADER_BYTES,
      requestTimeout: HTTP_REQUEST_MS,
      headersTimeout: HTTP_REQUEST_MS,
      noDelay: true,
    });
    server.maxRequestsPerSocket = HTTP_REQUESTS;
    server.on('request', (request, response) => void servePage(options, request, response));
    server.on('upgrade', (request, stream, head) => upgrades.take(request, stream, head));
    server.on('clientError', (_error, stream) => stream.destroy());
    const port = await listening(server, options);
    const pings = setInterval(() => upgrades.ping(), bounds.pingMs).unref();
    const halves = setInterval(
      () => upgrades.boundHalves(bounds.halfBytes),
      bounds.halvesMs,
    ).unref();
    const close = () =>
      new Promise<void>((resolve) => {
        clearInterval(pings);
        clearInterval(halves);
        server.close(() => resolve());
        for (const wire of upgrades.wires) wire.close(1001, 'the host stops');
        server.closeAllConnections();
      });
    return { kind: 'ws', url: webSocketUrl(options, port), port, close } satisfies Listener;
  };
}

/** Listens with `ws`. Rejects when the port cannot be had. */
export const listenWs: Listen = listenWsWithin(WS_BOUNDS);
