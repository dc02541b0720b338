// Owns the transport over the package ws, for Node: twice as fast there as the built-in WebSocket.

import { randomFillSync } from 'node:crypto';
import { type RawData, WebSocket } from 'ws';
import { CLOSE_LOST, CLOSE_UNSUPPORTED, type Dial } from '../transport.ts';

/** Milliseconds that the closing handshake may take before the socket is cut. */
const CLOSE_MS = 2000;
const BINARY = { binary: true };

/**
 * A random mask that is not zero: ws sends unmasked data without copying it, and `send` promises
 * that the bytes are the caller's again when it returns. One mask in 2^32 would break that.
 */
const pool = new Uint8Array(8192);
let used = pool.length;
function mask(into: Buffer): void {
  do {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    for (let i = 0; i < 4; i++) into[i] = pool[used++];
  } while ((into[0] | into[1] | into[2] | into[3]) === 0);
}

/** Dials `url` (ws:// or wss://). `maxPayload`: bytes of a message that a host may send. */
export function ws(url: string): Dial {
  return (events) => {
    let failed = '';
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      skipUTF8Validation: true,
      generateMask: mask,
      maxPayload: MESSAGE_MAX,
    });
    socket.on('open', () => events.opened());
    socket.on('message', (data: RawData, binary: boolean) => {
      if (!binary) return socket.close(CLOSE_UNSUPPORTED, 'only binary messages are spoken');
      const { buffer, byteOffset, length } = data as Buffer;
      // Not the Buffer itself: its `slice` shares memory where a Uint8Array's copies.
      const bytes = new Uint8Array(buffer, byteOffset, length);
      const view = new DataView(buffer, byteOffset, length);
      events.message(bytes, view, 0, bytes.length);
    });
    socket.on('error', (error) => {
      failed = error.message || String((error as NodeJS.ErrnoException).code);
    });
    socket.on('close', (code, reason) => {
      events.closed(code || CLOSE_LOST, reason.toString() || failed);
    });
    return {
      kind: 'ws',
      send(bytes) {
        if (socket.readyState === WebSocket.OPEN) socket.send(bytes, BINARY);
      },
      close(code, reason) {
        socket.close(code, reason);
        setTimeout(() => socket.terminate(), CLOSE_MS).unref();
      },
    };
  };
}

/** Bytes. A host coalesces answers: more than one message of limits.ts, but bounded. */
const MESSAGE_MAX = 64 << 20;
