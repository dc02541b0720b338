// Owns the transport inside one process: to a host that listens with host/listen/memory.ts.

import type { Dial } from './transport.ts';

/**
 * What this needs of host/listen/memory.ts. Bytes are copied on the way; nothing is told inside
 * `send`.
 */
export interface InProcess {
  connect(events: {
    message(bytes: Uint8Array): void;
    closed(code: number, reason: string): void;
  }): { send(bytes: Uint8Array): void; close(code?: number, reason?: string): void };
}

/** Dials a listener of the same process: `Synapse.open(methods, { dial: memory(listener) })`. */
export function memory(listener: InProcess): Dial {
  return (events) => {
    const end = listener.connect({
      message: (bytes) => {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        events.message(bytes, view, 0, bytes.length);
      },
      closed: (code, reason) => events.closed(code, reason),
    });
    queueMicrotask(() => events.opened());
    return {
      kind: 'memory',
      send: (bytes) => end.send(bytes),
      close: (code, reason) => end.close(code, reason),
    };
  };
}
