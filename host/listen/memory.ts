// Owns the listener inside one process: a pair of ends, no sockets. For embedding a host in a
// program and for tests. Bytes are copied on the way and arrive in a microtask, so no end ever runs
// inside the other.

import type { Listen, Listener, ListenOptions, Reception, Sent, Wire } from './contract.ts';

/** What the client's end is told. `bytes` are the client's own copy. */
export interface MemoryEvents {
  message(bytes: Uint8Array): void;
  closed(code: number, reason: string): void;
}

/** The client's end. */
export interface MemoryEnd {
  send(bytes: Uint8Array): void;
  close(code?: number, reason?: string): void;
  /** Stops taking messages; what the host sends is buffered on its side, up to its limit. */
  pause(): void;
  resume(): void;
}

export interface MemoryListener extends Listener {
  connect(events: MemoryEvents): MemoryEnd;
}

class MemoryWire<C> implements Wire {
  readonly kind = 'memory';
  readonly remote = 'memory';
  readonly options: ListenOptions;
  readonly reception: Reception<C>;
  readonly events: MemoryEvents;
  readonly gone: () => void;
  open = true;
  paused = false;
  state!: C;
  known = false;
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private farewell: { code: number; reason: string } | null = null;
  private scheduled = false;

  constructor(
    options: ListenOptions,
    reception: Reception<C>,
    events: MemoryEvents,
    gone: () => void,
  ) {
    this.options = options;
    this.reception = reception;
    this.events = events;
    this.gone = gone;
  }

  buffered(): number {
    return this.open ? this.waitingBytes : 0;
  }

  send(bytes: Uint8Array): Sent {
    if (!this.open) return 'dropped';
    if (this.waitingBytes + bytes.length > this.options.backpressureBytes) return 'dropped';
    this.waiting.push(Uint8Array.from(bytes));
    this.waitingBytes += bytes.length;
    this.schedule();
    return this.paused ? 'buffered' : 'sent';
  }

  cork(batch: () => void): void {
    if (this.open) batch();
  }

  close(code: number, reason: string): void {
    if (!this.open) return;
    this.farewell = { code, reason };
    this.schedule();
    this.over();
  }

  over(): void {
    if (!this.open) return;
    this.open = false;
    this.gone();
    if (this.known) this.reception.closed(this.state);
  }

  schedule(): void {
    if (this.scheduled || this.paused) return;
    this.scheduled = true;
    queueMicrotask(() => this.deliver());
  }

  private deliver(): void {
    this.scheduled = false;
    const had = this.waiting.length > 0;
    while (!this.paused && this.waiting.length > 0) {
      const bytes = this.waiting.shift()!;
      this.waitingBytes -= bytes.length;
      this.events.message(bytes);
    }
    if (this.waiting.length > 0) return;
    if (this.farewell) {
      const { code, reason } = this.farewell;
      this.farewell = null;
      this.events.closed(code, reason);
    } else if (had && this.open) this.reception.drained(this.state);
  }

  receive(bytes: Uint8Array): void {
    if (!this.open) return;
    const { messageBytes } = this.options;
    if (bytes.length > messageBytes) {
      this.close(1009, `a message may have at most ${messageBytes} bytes`);
    } else this.reception.message(this.state, bytes);
  }

  /** The client's end left: nothing more is delivered, `closed` tells it its own code. */
  left(code: number, reason: string): void {
    if (!this.open) return;
    this.waiting = [];
    this.waitingBytes = 0;
    this.paused = false;
    this.close(code, reason);
  }
}

/** Listens in this process; `connect` makes a connection. */
export const listenMemory = async <C>(
  options: ListenOptions,
  reception: Reception<C>,
): Promise<MemoryListener> => {
  const wires = new Set<MemoryWire<C>>();
  let stopped = false;
  const connect = (events: MemoryEvents): MemoryEnd => {
    if (stopped) throw new Error('The listener is closed.');
    const wire: MemoryWire<C> = new MemoryWire(options, reception, events, () =>
      wires.delete(wire),
    );
    wires.add(wire);
    wire.state = reception.opened(wire);
    wire.known = true;
    if (!wire.open) reception.closed(wire.state);
    return {
      send: (bytes) => {
        const copy = Uint8Array.from(bytes);
        queueMicrotask(() => wire.receive(copy));
      },
      close: (code = 1000, reason = '') => queueMicrotask(() => wire.left(code, reason)),
      pause: () => {
        wire.paused = true;
      },
      resume: () => {
        wire.paused = false;
        wire.schedule();
      },
    };
  };
  const close = async () => {
    stopped = true;
    for (const wire of wires) wire.close(1001, 'the host stops');
  };
  return { kind: 'memory', url: 'memory:', port: 0, close, connect };
};

listenMemory satisfies Listen;
