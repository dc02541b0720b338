// Owns the clients that the listener tests speak through: the same four verbs over WebSocket,
// stream sockets and the in-process pair. No tests here.

import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { MemoryListener } from '../../host/listen/memory.ts';

export interface Ended {
  code: number;
  reason: string;
}

/** A client under test control. Streams join messages, so `bytes` waits for a number of bytes. */
export interface Client {
  send(bytes: Uint8Array): void;
  /** The next `count` bytes received, across messages. Rejects when the connection ends before. */
  bytes(count: number): Promise<Buffer>;
  /** Messages seen so far; streams count chunks. */
  messages(): number;
  pause(): void;
  resume(): void;
  close(): void;
  readonly ended: Promise<Ended>;
  /** Everything received and not asked for. */
  rest(): Buffer;
}

interface Waiter {
  count: number;
  resolve: (bytes: Buffer) => void;
  reject: (error: Error) => void;
}

/** Collects what arrives and hands it out by number of bytes. */
class Received {
  private chunks: Buffer[] = [];
  private have = 0;
  private waiter: Waiter | null = null;
  private gone: Ended | null = null;
  count = 0;
  readonly ended: Promise<Ended>;
  private end!: (ended: Ended) => void;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  add(bytes: Uint8Array): void {
    this.chunks.push(Buffer.from(bytes));
    this.have += bytes.length;
    this.count++;
    this.settle();
  }

  over(ended: Ended): void {
    if (this.gone) return;
    this.gone = ended;
    this.end(ended);
    this.settle();
  }

  bytes(count: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.waiter = { count, resolve, reject };
      this.settle();
    });
  }

  rest(): Buffer {
    return Buffer.concat(this.chunks);
  }

  private settle(): void {
    const { waiter } = this;
    if (!waiter) return;
    if (this.have >= waiter.count) {
      const all = Buffer.concat(this.chunks);
      this.waiter = null;
      this.chunks = [all.subarray(waiter.count)];
      this.have -= waiter.count;
      waiter.resolve(all.subarray(0, waiter.count));
    } else if (this.gone) {
      this.waiter = null;
      waiter.reject(new Error(`ended with ${this.gone.code} ${this.gone.reason}`));
    }
  }
}

function face(
  received: Received,
  verbs: Pick<Client, 'send' | 'pause' | 'resume' | 'close'>,
): Client {
  return {
    ...verbs,
    bytes: (count) => received.bytes(count),
    messages: () => received.count,
    ended: received.ended,
    rest: () => received.rest(),
  };
}

/** Opens a WebSocket. Rejects with the status of a refused upgrade. */
export function webSocketClient(
  url: string,
  headers: Record<string, string> = {},
): Promise<Client> {
  const received = new Received();
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  socket.on('message', (data: Buffer) => received.add(data));
  socket.on('close', (code, reason) => received.over({ code, reason: reason.toString() }));
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => {
      resolve(
        face(received, {
          send: (bytes) => socket.send(bytes),
          pause: () => socket.pause(),
          resume: () => socket.resume(),
          close: () => socket.close(),
        }),
      );
    });
  });
}

/** Farewell of a stream: ERROR frame with call id 0 at the very end. */
function farewell(bytes: Buffer): Ended {
  for (let at = 0; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    const size = Math.ceil((16 + length) / 8) * 8;
    if (at + size === bytes.length && bytes[at + 4] === 5 && bytes.readUInt32LE(at + 8) === 0) {
      const code = bytes.readUInt32LE(at + 12);
      const text = bytes.readUInt32LE(at + 16);
      const from = at + 16 + text + bytes.readUInt32LE(at + 24);
      return { code, reason: bytes.toString('utf8', from, from + bytes.readUInt32LE(at + 28)) };
    }
    at += size;
  }
  return { code: 1006, reason: '' };
}

/** Opens a stream by path or port. `ended` understands the farewell when all of it was received. */
export function streamClient(
  where: { path: string } | { port: number },
): Promise<Client & { socket: Socket }> {
  const received = new Received();
  const socket = 'path' in where ? connect(where.path) : connect(where.port, '127.0.0.1');
  let everything: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    everything =
      everything.length + chunk.length < 1 << 22 ? Buffer.concat([everything, chunk]) : chunk;
    received.add(chunk);
  });
  socket.on('close', () => received.over(farewell(everything)));
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('connect', () => {
      const client = face(received, {
        send: (bytes) => socket.write(Buffer.from(bytes)),
        pause: () => socket.pause(),
        resume: () => socket.resume(),
        close: () => socket.destroy(),
      });
      resolve({ ...client, socket });
    });
  });
}

export async function memoryClient(listener: MemoryListener): Promise<Client> {
  const received = new Received();
  const end = listener.connect({
    message: (bytes) => received.add(bytes),
    closed: (code, reason) => received.over({ code, reason }),
  });
  return face(received, {
    send: (bytes) => end.send(bytes),
    pause: () => end.pause(),
    resume: () => end.resume(),
    close: () => end.close(),
  });
}
