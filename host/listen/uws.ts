// Owns the listener on uWebSockets.js. Never parses a frame. Listener thread only: ending a worker
// that runs uWebSockets.js aborts the process.
// Invariant: no method of a uWS socket is called after its close handler ran (it would throw).

import type { HttpRequest, HttpResponse, TemplatedApp, WebSocket } from 'uWebSockets.js';
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
import { answer, plain, statusLine } from './page.ts';
import { whyNotListen } from './refused.ts';

/** What is used of the module, so that the plain one and the copy for an older libc look alike. */
export interface Uws {
  App(): TemplatedApp;
  us_listen_socket_close(socket: object): void;
  us_socket_local_port(socket: object): number;
  LIBUS_LISTEN_EXCLUSIVE_PORT: number;
}

/**
 * Bytes above the message limit that are still received, so that the refusal can name the limit.
 */
const SLACK_BYTES = 64 << 10;
/** Bytes that may still be queued when the backpressure limit is reached: the close frame. */
const FAREWELL_BYTES = 1 << 10;
/** Milliseconds that uWebSockets.js leaves a closed connection to read; seen: up to 16 s. */
const FAREWELL_MS = 20_000;
/** Bytes of a page's body that are given to a slow client's buffer at once. */
const SMALL_BODY_BYTES = 16 << 10;
/** Seconds without a word until a peer is pinged and, silent, given up (half-open connections). */
const IDLE_SECONDS = 120;

interface Data<C> {
  remote: string;
  wire?: UwsWire<C>;
}
/** The form of `listen` that its types lack: host and options together. */
type ListenWith = (
  this: TemplatedApp,
  host: string,
  port: number,
  options: number,
  listened: (socket: object | false) => void,
) => void;

type Socket<C> = WebSocket<Data<C>>;
const latin1 = new TextDecoder('latin1');

class UwsWire<C> implements Wire {
  readonly kind = 'uws';
  readonly remote: string;
  readonly socket: Socket<C>;
  readonly limit: number;
  readonly farewells: Farewells;
  open = true;
  /** A send was buffered and not everything has left since: only then is the amount asked for. */
  pressed = false;
  state!: C;
  /** `state` is set: `opened` has returned. */
  known = false;

  constructor(socket: Socket<C>, limit: number, farewells: Farewells) {
    this.socket = socket;
    this.farewells = farewells;
    this.remote = socket.getUserData().remote;
    this.limit = limit;
  }

  buffered(): number {
    return this.open ? this.socket.getBufferedAmount() : 0;
  }

  send(bytes: Uint8Array): Sent {
    if (!this.open || bytes.length > this.limit) return 'dropped';
    if (this.pressed && this.socket.getBufferedAmount() + bytes.length > this.limit)
      return 'dropped';
    const sent = this.socket.send(bytes, true);
    if (sent === 1) return 'sent';
    this.pressed = true;
    return sent === 0 ? 'buffered' : 'dropped';
  }

  cork(batch: () => void): void {
    if (this.open) this.socket.cork(batch);
  }

  close(code: number, reason: string): void {
    if (!this.open) return;
    if (this.farewells.allow(this.socket.getBufferedAmount())) this.socket.end(code, reason);
    else this.socket.close();
  }
}

/**
 * Writes a reply; needs an abort handler when the body is large. A body that the client does not
 * take at once is handed on as it does: then the response is pending, and uWebSockets.js ends a
 * connection that sends the next request meanwhile, so that pipelining cannot pile bodies up in
 * memory.
 */
function respond(response: HttpResponse, request: { method: string }, reply: HttpReply): void {
  response.cork(() => {
    response.writeStatus(statusLine(reply.status));
    for (const [name, value] of Object.entries(reply.headers)) {
      const lower = name.toLowerCase();
      if (lower !== 'content-length' && lower !== 'connection') response.writeHeader(name, value);
    }
    if (request.method === 'HEAD') response.endWithoutBody(Buffer.byteLength(reply.body));
    else if (reply.body.length <= SMALL_BODY_BYTES) response.end(reply.body);
    else writeBody(response, reply.body);
  });
}

function writeBody(response: HttpResponse, content: Uint8Array | string): void {
  const body = typeof content === 'string' ? Buffer.from(content) : content;
  const start = response.getWriteOffset();
  const [taken, done] = response.tryEnd(body, body.length);
  if (taken || done) return;
  response.onWritable((offset) => {
    const [more] = response.tryEnd(body.subarray(offset - start), body.length);
    return more;
  });
}

function servePage(options: ListenOptions, response: HttpResponse, request: HttpRequest): void {
  const headers: Record<string, string> = Object.create(null);
  request.forEach((name, value) => {
    headers[name] ??= value;
  });
  const method = request.getMethod().toUpperCase();
  const asked = { method, path: request.getUrl(), query: request.getQuery() ?? '', headers };
  let aborted = false;
  response.onAborted(() => {
    aborted = true;
  });
  const reply = answer(options, asked);
  if (!(reply instanceof Promise)) return respond(response, asked, reply);
  void reply.then((late) => {
    if (!aborted) respond(response, asked, late);
  });
}

function upgrade(
  options: ListenOptions,
  response: HttpResponse,
  request: HttpRequest,
  context: object,
): void {
  const refused = refusal(options, request.getHeader('host'), request.getHeader('origin'));
  if (refused !== null) return respond(response, { method: 'GET' }, plain(403, refused));
  response.upgrade(
    { remote: latin1.decode(response.getRemoteAddressAsText()) },
    request.getHeader('sec-websocket-key'),
    request.getHeader('sec-websocket-protocol').split(',')[0].trim(),
    request.getHeader('sec-websocket-extensions'),
    context,
  );
}

/** Events of one app's sockets, in the contract's order: opened, messages, one closed. */
function behavior<C>(options: ListenOptions, reception: Reception<C>, wires: Set<UwsWire<C>>) {
  const { messageBytes, backpressureBytes } = options;
  const farewells = new Farewells(FAREWELL_MS);
  return {
    maxPayloadLength: messageBytes + SLACK_BYTES,
    maxBackpressure: backpressureBytes + FAREWELL_BYTES,
    closeOnBackpressureLimit: 1,
    idleTimeout: IDLE_SECONDS,
    sendPingsAutomatically: true,
    upgrade: (response: HttpResponse, request: HttpRequest, context: object) =>
      upgrade(options, response, request, context),
    open: (socket: Socket<C>) => {
      const wire = new UwsWire<C>(socket, backpressureBytes, farewells);
      socket.getUserData().wire = wire;
      wires.add(wire);
      wire.state = reception.opened(wire);
      wire.known = true;
      if (!wire.open) reception.closed(wire.state);
    },
    message: (socket: Socket<C>, message: ArrayBuffer, binary: boolean) => {
      const wire = socket.getUserData().wire!;
      if (!binary) wire.close(1003, 'only binary messages are spoken here');
      else if (message.byteLength > messageBytes) {
        wire.close(1009, `a message may have at most ${messageBytes} bytes`);
      } else reception.message(wire.state, new Uint8Array(message));
    },
    drain: (socket: Socket<C>) => {
      const wire = socket.getUserData().wire!;
      if (socket.getBufferedAmount() !== 0) return;
      wire.pressed = false;
      reception.drained(wire.state);
    },
    close: (socket: Socket<C>) => {
      const wire = socket.getUserData().wire!;
      wire.open = false;
      wires.delete(wire);
      if (wire.known) reception.closed(wire.state);
    },
  };
}

/** Makes the listener of a loaded uWebSockets.js. Rejects when the port cannot be had. */
export function listenUws(uws: Uws): Listen {
  return <C>(options: ListenOptions, reception: Reception<C>): Promise<Listener> => {
    const wires = new Set<UwsWire<C>>();
    const app = uws.App();
    app.ws<Data<C>>(options.upgradePath, behavior(options, reception, wires));
    app.any('/*', (response, request) => servePage(options, response, request));
    return new Promise((resolve, reject) => {
      const listened = (socket: object | false) => {
        if (!socket) {
          void whyNotListen(options.host, options.port).then(reject);
          return;
        }
        const port = uws.us_socket_local_port(socket);
        resolve({
          kind: 'uws',
          url: webSocketUrl(options, port),
          port,
          close: async () => {
            uws.us_listen_socket_close(socket);
            for (const wire of wires) wire.close(1001, 'the host stops');
            app.close();
          },
        });
      };
      // Exclusive: the default is SO_REUSEPORT, by which two hosts would share a port unawares.
      const exclusive = uws.LIBUS_LISTEN_EXCLUSIVE_PORT;
      const listen = app.listen as unknown as ListenWith;
      listen.call(app, options.host, options.port, exclusive, listened);
    });
  };
}
