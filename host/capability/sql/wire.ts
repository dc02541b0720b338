// Owns one socket to a PostgreSQL server after `pg` has opened it: addresses, TLS and logins are
// pg's, and from the first ReadyForQuery on the bytes are ours. One thing is under way at a time;
// what is written is not touched until the server has answered it.
//
// Why not pg's own queries: they make a string of every field, an object of every message and a
// promise of every query; here rows are copied as bytes into the result (bench row sql/*).
import net from 'node:net';
import type { Client, ClientConfig, Connection } from 'pg';

/** Milliseconds that a cancel request may take. */
const CANCEL_MS = 5000;
/** Bytes read at once. */
const READ_BYTES = 64 << 10;

/** Who hears of a socket. */
export interface WireListener {
  /** Bytes that have come, valid during the call. */
  data(bytes: Buffer, size: number): void;
  /** It is gone; told once. */
  gone(error: NodeJS.ErrnoException | null): void;
}

/** A socket that has logged in. */
export interface Wire {
  write(bytes: Uint8Array): void;
  /** Ends it at once; `gone` is not told. */
  destroy(): void;
  /** Asks the server to cancel what is under way; resolves when it has heard, or cannot. */
  cancel(): Promise<void>;
}

/** pg's fields that its types do not have. */
interface Opened {
  ssl: unknown;
  processID: number | null;
  secretKey: number | null;
  connection: Connection & { stream: net.Socket };
}

const quote = (value: string): string => value.replace(/[\\ ]/g, (c) => `\\${c}`);

/**
 * Opens a socket and logs in, with `settings` of the session by name. Rejects with what pg or the
 * socket says: an Error with `code`, an SQLSTATE or a system's name.
 */
export async function openWire(
  server: ClientConfig,
  settings: Record<string, string>,
  listener: WireListener,
): Promise<Wire> {
  const { default: pg } = await import('pg');
  const own = Object.entries(settings).map(([name, value]) => `-c ${name}=${quote(value)}`);
  const config = { ...server, options: [server.options ?? '', ...own].join(' '), keepAlive: true };
  const socket = server.ssl ? null : new DirectSocket();
  const stream = socket === null ? {} : { stream: () => socket.net };
  const client = new pg.Client({ ...config, ...stream } as ClientConfig) as Client & Opened;
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    client.connection.stream.destroy();
    throw error;
  }
  return new OpenWire(client, socket, listener);
}

/** A plain socket that reads into one buffer, again and again. */
class DirectSocket {
  readonly net: net.Socket;
  /** null: pg listens still. */
  listener: WireListener | null = null;

  constructor() {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const callback = (size: number): boolean => {
      if (this.listener !== null) this.listener.data(buffer, size);
      else this.net.emit('data', Buffer.from(buffer.subarray(0, size)));
      return true;
    };
    this.net = new net.Socket({ onread: { buffer, callback } } as net.SocketConstructorOpts);
  }
}

class OpenWire implements Wire {
  private readonly client: Client & Opened;
  private readonly stream: net.Socket;

  constructor(client: Client & Opened, direct: DirectSocket | null, listener: WireListener) {
    this.client = client;
    const { stream } = client.connection;
    this.stream = stream;
    for (const event of ['data', 'end', 'error', 'close']) stream.removeAllListeners(event);
    let failure: NodeJS.ErrnoException | null = null;
    if (direct !== null) direct.listener = listener;
    else stream.on('data', (bytes: Buffer) => listener.data(bytes, bytes.length));
    stream.on('error', (error) => {
      failure = error;
    });
    // Without an answer to its end a half-open socket would linger.
    stream.on('end', () => stream.destroy());
    stream.on('close', () => listener.gone(failure));
  }

  write(bytes: Uint8Array): void {
    this.stream.write(bytes);
  }

  destroy(): void {
    this.stream.removeAllListeners('close');
    this.stream.destroy();
  }

  async cancel(): Promise<void> {
    const { default: pg } = await import('pg');
    const { host, port, ssl, processID, secretKey } = this.client as Client & Opened;
    const connection = new pg.Connection({ ssl } as never) as unknown as CancelConnection;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => connection.stream.destroy(), CANCEL_MS);
      const send = (): void => connection.cancel(processID, secretKey);
      connection.on('error', () => connection.stream.destroy());
      connection.on('connect', () => (ssl ? connection.requestSsl() : send()));
      connection.on('sslconnect', send);
      connection.on('end', () => {
        clearTimeout(timer);
        resolve();
      });
      if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
      else connection.connect(port, host);
    });
  }
}

interface CancelConnection {
  stream: net.Socket;
  on(event: string, listener: () => void): void;
  connect(port: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number | null, secret: number | null): void;
}
