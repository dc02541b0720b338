// Owns the transport over the built-in WebSocket, for browsers (and any runtime without Node's
// packages).

import { CLOSE_LOST, CLOSE_NORMAL, CLOSE_UNSUPPORTED, type Dial } from './transport.ts';

/** A page may close with 1000 or 3000-4999 only: other codes are moved there. */
const PRIVATE = 3000;

/** Dials `url` (ws:// or wss://). */
export function webSocket(url: string): Dial {
  return (events) => {
    const socket = new WebSocket(url);
    let failed = '';
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => events.opened();
    socket.onmessage = (event: MessageEvent) => {
      if (!(event.data instanceof ArrayBuffer)) {
        socket.close(PRIVATE + CLOSE_UNSUPPORTED, 'text, where only binary messages are spoken');
        return;
      }
      const bytes = new Uint8Array(event.data);
      events.message(bytes, new DataView(event.data), 0, bytes.length);
    };
    socket.onerror = () => {
      failed = 'the WebSocket failed: no host there, or it refuses this origin';
    };
    socket.onclose = (event) => events.closed(event.code || CLOSE_LOST, event.reason || failed);
    return {
      kind: 'websocket',
      send(bytes) {
        // TypeScript 7 wants to know that this is no shared memory; send copies before it returns.
        if (socket.readyState === WebSocket.OPEN) socket.send(bytes as Uint8Array<ArrayBuffer>);
      },
      close(code, reason) {
        socket.close(code === CLOSE_NORMAL ? code : PRIVATE + code, reason);
      },
    };
  };
}
