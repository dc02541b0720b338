// Owns the transport over Unix sockets and TCP: frames follow each other bare, told apart by
// their own length. Never looks into a frame beyond that.
//
//   chunk:   | rest of a frame | frame | frame | first bytes of a frame |
//              joined in `half`  delivered in place        kept in `half`

import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { HEADER_BYTES } from '../../../assembly/shared/frame.ts';
import { CLOSE_LOST, CLOSE_NORMAL, type Dial, type TransportEvents } from '../transport.ts';

/** Bytes. No host sends a larger frame (a quarter of the largest ring); threat: memory. */
const FRAME_MAX = 64 << 20;
/** Milliseconds that the other side has to end after we did, before the socket is cut. */
const CLOSE_MS = 2000;

/** `unix:/path` or `tcp://host:port` as what node:net takes; null for any other url. */
export function socketAddress(url: string): NetConnectOpts | null {
  if (url.startsWith('unix:')) return { path: url.slice(5) };
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[^:/]+):(\d+)\/?$/.exec(url);
  if (tcp === null) return null;
  return { host: tcp[1].replace(/^\[|\]$/g, ''), port: Number(tcp[2]) };
}

/** Cuts a stream into whole frames. Chunks are only read during `push`. */
export class Splitter {
  private readonly events: Pick<TransportEvents, 'message'>;
  private half = new Uint8Array(0);
  private have = 0;

  constructor(events: Pick<TransportEvents, 'message'>) {
    this.events = events;
  }

  /** Takes a chunk of any length. RangeError when a frame is longer than FRAME_MAX. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (this.have > 0 && at < chunk.length) {
      const need = this.have < HEADER_BYTES ? HEADER_BYTES : sizeOf(this.half, 0);
      const more = Math.min(need - this.have, chunk.length - at);
      this.keep(chunk.subarray(at, at + more), need);
      at += more;
      if (this.have >= HEADER_BYTES && this.have === sizeOf(this.half, 0)) {
        const frame = this.half.subarray(0, this.have);
        this.have = 0;
        this.events.message(frame, viewOf(frame), 0, frame.length);
      }
    }
    let end = at;
    while (chunk.length - end >= HEADER_BYTES) {
      const size = sizeOf(chunk, end);
      if (size > chunk.length - end) break;
      end += size;
    }
    if (end > at) this.events.message(chunk, viewOf(chunk), at, end);
    if (end < chunk.length) this.keep(chunk.subarray(end), HEADER_BYTES);
  }

  private keep(bytes: Uint8Array, need: number): void {
    const size = Math.max(need, this.have + bytes.length);
    if (size > this.half.length) {
      const larger = new Uint8Array(Math.max(size, 4096));
      larger.set(this.half.subarray(0, this.have));
      this.half = larger;
    }
    this.half.set(bytes, this.have);
    this.have += bytes.length;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Bytes of the frame at `at`, padding included. */
function sizeOf(bytes: Uint8Array, at: number): number {
  const length =
    bytes[at] + bytes[at + 1] * 0x100 + bytes[at + 2] * 0x10000 + bytes[at + 3] * 0x1000000;
  if (length > FRAME_MAX)
    throw new RangeError(`a frame of ${length} bytes: more than ${FRAME_MAX}`);
  return (HEADER_BYTES + length + 7) & ~7;
}

/** Dials a Unix socket or a TCP port. */
export function socket(address: NetConnectOpts): Dial {
  return (events) => {
    let failed = '';
    let code = CLOSE_LOST;
    const stream: Socket = connect(address);
    const splitter = new Splitter(events);
    stream.setNoDelay(true);
    stream.on('connect', () => events.opened());
    stream.on('data', ({ buffer, byteOffset, length }: Buffer) => {
      try {
        // Not the Buffer itself: its `slice` shares memory where a Uint8Array's copies.
        splitter.push(new Uint8Array(buffer, byteOffset, length));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        failed = error.message;
        stream.destroy();
      }
    });
    stream.on('end', () => {
      failed ||= 'the host ended the connection';
    });
    stream.on('error', (error) => {
      failed = error.message || String((error as NodeJS.ErrnoException).code);
    });
    stream.on('close', () => events.closed(code, failed));
    return {
      kind: 'socket',
      send(bytes) {
        // The stream keeps what it could not write yet, so it gets a copy.
        if (!stream.destroyed && stream.writable) stream.write(Buffer.from(bytes));
      },
      close(given) {
        code = given;
        if (given === CLOSE_NORMAL) stream.end();
        else stream.destroy();
        setTimeout(() => stream.destroy(), CLOSE_MS).unref();
      },
    };
  };
}
