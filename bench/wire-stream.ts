// Owns the cheapest client there is: prebuilt frames written to one WebSocket, replies counted by
// their bytes. It must cost less than any server that it loads. The mask is zero, so the bytes on
// the wire are the frames.
//
// Every reply is as long as its request, so bytes / frame = calls; the first frame of every
// message is looked at: an ERROR there means that the figures would be of refusals.

import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import {
  AT_CALL,
  AT_KIND,
  AT_LENGTH,
  AT_ROUTE,
  HEADER_BYTES,
  KIND_ERROR,
  KIND_REQUEST,
} from '../assembly/shared/frame.ts';
import { decodeWelcome, helloFrame } from '../host/session/wire.ts';
import type { LoadReply, PrebuiltOrder } from './wire-orders.ts';

/** Arguments of `echo`: textStart, rootSize, four u64, the text area's zero byte. */
const PAYLOAD = [40, 0, 0, 0, 32, 0, 0, 0, ...Array<number>(32).fill(7), 0];
const FRAME_BYTES = (HEADER_BYTES + PAYLOAD.length + 7) & ~7;

/** A client's WebSocket message with a zero mask. */
function masked(payload: Uint8Array): Buffer {
  const n = payload.length;
  const head = n < 126 ? [0x82, 0x80 | n] : n < 65536 ? [0x82, 0xfe, n >> 8, n & 255] : longHead(n);
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}

function longHead(n: number): number[] {
  return [0x82, 0xff, 0, 0, 0, 0, (n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
}

/** `count` REQUEST frames for `route`, as one message. */
function requests(route: number, count: number): Buffer {
  const body = Buffer.alloc(FRAME_BYTES * count);
  for (let i = 0; i < count; i++) {
    const at = i * FRAME_BYTES;
    body.writeUInt32LE(PAYLOAD.length, at + AT_LENGTH);
    body[at + AT_KIND] = KIND_REQUEST;
    body.writeUInt16LE(route, at + AT_ROUTE);
    body.writeUInt32LE(i + 1, at + AT_CALL);
    body.set(PAYLOAD, at + HEADER_BYTES);
  }
  return masked(body);
}

/**
 * Reads WebSocket messages off a stream: counts payload bytes, looks at the first byte of a kind.
 */
class Counter {
  bytes = 0;
  /** Payload of the message being read that is still to come. */
  private left = 0;
  /** Bytes of the message at which its payload's AT_KIND lies, or -1 when it was seen. */
  private kindIn = -1;
  private head = Buffer.alloc(0);

  push(chunk: Buffer): void {
    const data = this.head.length === 0 ? chunk : Buffer.concat([this.head, chunk]);
    this.head = Buffer.alloc(0);
    let at = 0;
    while (at < data.length) {
      if (this.left > 0) {
        const part = Math.min(this.left, data.length - at);
        this.look(data, at, part);
        this.left -= part;
        this.bytes += part;
        at += part;
        continue;
      }
      const small = data.length - at >= 2 ? data[at + 1] & 127 : -1;
      const size = small === 126 ? 4 : small === 127 ? 10 : 2;
      if (small < 0 || data.length - at < size) {
        this.head = Buffer.from(data.subarray(at));
        return;
      }
      if ((data[at] & 15) === 8) throw new Error('the server closed the connection');
      if (size === 2) this.left = small;
      else this.left = size === 4 ? data.readUInt16BE(at + 2) : data.readUInt32BE(at + 6);
      this.kindIn = Number(AT_KIND);
      at += size;
    }
  }

  private look(data: Buffer, at: number, part: number): void {
    if (this.kindIn < 0) return;
    if (this.kindIn < part && data[at + this.kindIn] === KIND_ERROR) {
      throw new Error('the server answered with ERROR');
    }
    this.kindIn = this.kindIn < part ? -1 : this.kindIn - part;
  }
}

function upgrade(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.setNoDelay(true);
      const key = randomBytes(16).toString('base64');
      socket.write(
        `GET /cell HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
          `Connection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      );
    });
    socket.once('error', reject);
    socket.once('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (text.startsWith('HTTP/1.1 101')) resolve(socket);
      else reject(new Error(`no WebSocket there: ${text.slice(0, 80)}`));
    });
  });
}

/** Says HELLO and returns the route of the one method. WELCOME is small: it comes in one piece. */
function greet(socket: Socket, order: PrebuiltOrder): Promise<number> {
  const { method, token } = order;
  if (method === null) return Promise.resolve(0);
  const named = { ...method, fingerprint: BigInt(method.fingerprint) };
  const hello = { version: 1, agent: 'bench', token, methods: [{ ...named, text: null }] };
  return new Promise((resolve, reject) => {
    socket.once('data', (data) => {
      const frame = data.subarray(data[1] < 126 ? 2 : 4);
      if (frame[AT_KIND] === KIND_ERROR) return reject(new Error('HELLO was refused'));
      const size = frame.readUInt32LE(AT_LENGTH);
      const welcome = decodeWelcome(
        Uint8Array.from(frame.subarray(HEADER_BYTES, HEADER_BYTES + size)),
      );
      const [{ verdict, route, why }] = welcome.methods;
      if (verdict === 0) resolve(route);
      else reject(new Error(`${method.name} was refused: ${why}`));
    });
    socket.write(masked(helloFrame(1, hello)));
  });
}

/** Runs one order to its end. */
export async function runPrebuilt(order: PrebuiltOrder): Promise<LoadReply> {
  const { framesPerMessage: per, messagesInFlight: inFlight } = order;
  const socket = await upgrade(order.port);
  const message = requests(await greet(socket, order), per);
  const batch = Buffer.concat(Array<Buffer>(inFlight).fill(message));
  const replyBytes = per * FRAME_BYTES;
  const counter = new Counter();
  const times: number[] = [];
  let out = 0;
  let answered = 0;
  let sentAt = 0;
  const send = (count: number): void => {
    out += count;
    sentAt = performance.now();
    socket.write(count === inFlight ? batch : batch.subarray(0, count * message.length));
  };
  const failed = new Promise<never>((_, reject) => {
    socket.on('close', () => reject(new Error('the connection was closed')));
    socket.on('data', (chunk) => {
      try {
        counter.push(chunk);
      } catch (error) {
        return reject(error);
      }
      const whole = Math.floor(counter.bytes / replyBytes);
      counter.bytes -= whole * replyBytes;
      answered += whole;
      out -= whole;
      if (inFlight === 1 && whole === 1) times.push(performance.now() - sentAt);
      const free = inFlight - out;
      if (free >= inFlight / 2) send(free);
    });
  });
  failed.catch(() => {});
  const sleep = (ms: number) => Promise.race([failed, new Promise((end) => setTimeout(end, ms))]);
  send(inFlight);
  await sleep(order.warmMs);
  times.length = 0;
  const from = answered;
  const began = performance.now();
  await sleep(order.ms);
  const seconds = (performance.now() - began) / 1000;
  const calls = (answered - from) * per;
  socket.destroy();
  times.sort((a, b) => a - b);
  const p50 = times.length === 0 ? 0 : times[times.length >> 1] * 1000;
  return { calls, allCalls: answered * per, callsPerSecond: calls / seconds, p50 };
}
