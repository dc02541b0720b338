// Owns the transport inside one process: to a host that listens with host/listen/memory.ts.

import type { MemoryListener } from '../listen/memory.ts';
import type { Dial } from './transport.ts';

/** Dials a listener of the same process: `Synapse.open(methods, { dial: memory(listener) })`. */
export function memory(listener: Pick<MemoryListener, 'connect'>): Dial {
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
