// Owns the host's end of a connection as the tests play it: a dial without sockets, frames as
// objects, and nothing that answers by itself unless it is told to.

import {
  AT_CALL,
  AT_EXTRA,
  AT_FLAGS,
  AT_KIND,
  AT_LENGTH,
  AT_ROUTE,
  HEADER_BYTES,
  KIND_ERROR,
  KIND_HELLO,
  KIND_RESPONSE,
} from '../../assembly/shared/frame.ts';
import {
  errorFrame,
  frame,
  type Hello,
  readHello,
  type Welcome,
  welcomeFrame,
} from '../../host/session/wire.ts';
import type { Caller, CallOptions, MethodRef } from '../../host/synapse/contract.ts';
import type { ConnectOptions } from '../../host/synapse/index.ts';
import { Synapse } from '../../host/synapse/index.ts';
import type { Dial, TransportEvents } from '../../host/synapse/transport.ts';

/**
 * Keeps the test process alive: the timers of a synapse do not, and a connection of `Host`,
 * unlike a socket, does not either. Returns how to let go.
 */
export function stayAlive(): () => void {
  const timer = setInterval(() => {}, 60_000);
  return () => clearInterval(timer);
}

/** A frame that the client sent. */
export interface Got {
  kind: number;
  flags: number;
  route: number;
  call: number;
  extra: number;
  payload: Uint8Array;
}

export function split(bytes: Uint8Array): Got[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const frames: Got[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at + AT_LENGTH, true);
    frames.push({
      kind: view.getUint8(at + AT_KIND),
      flags: view.getUint8(at + AT_FLAGS),
      route: view.getUint16(at + AT_ROUTE, true),
      call: view.getUint32(at + AT_CALL, true),
      extra: view.getUint32(at + AT_EXTRA, true),
      payload: bytes.slice(at + HEADER_BYTES, at + HEADER_BYTES + length),
    });
    at += (HEADER_BYTES + length + 7) & ~7;
  }
  return frames;
}

/** One connection, from the host's side. */
export class Peer {
  /** Frames that no `next` took yet. */
  readonly frames: Got[] = [];
  /** Sizes of the messages that came, in bytes. */
  readonly messages: number[] = [];
  hellos: Hello[] = [];
  closedWith: { code: number; reason: string } | null = null;
  welcome: ((hello: Hello) => Partial<Welcome> | Uint8Array | null) | null;
  private readonly events: TransportEvents;
  private waiting: { kind: number; take: (got: Got) => void }[] = [];
  private closeWaiting: (() => void)[] = [];

  constructor(events: TransportEvents, welcome: Peer['welcome']) {
    this.events = events;
    this.welcome = welcome;
  }

  /** The client's message. */
  take(bytes: Uint8Array): void {
    this.messages.push(bytes.length);
    for (const got of split(bytes)) {
      if (got.kind === KIND_HELLO) this.greet(bytes, got);
      const found = this.waiting.findIndex((waiter) => waiter.kind === got.kind);
      if (found >= 0) this.waiting.splice(found, 1)[0].take(got);
      else this.frames.push(got);
    }
  }

  private greet(bytes: Uint8Array, got: Got): void {
    const { hello } = readHello(bytes);
    this.hellos.push(hello);
    const answer = this.welcome?.(hello) ?? null;
    if (answer === null) return;
    if (answer instanceof Uint8Array) this.send(answer);
    else this.send(welcomeFrame(got.call, welcomeOf(hello, answer)));
  }

  /** Frames of a kind that came and that nobody took. */
  count(kind: number): number {
    return this.frames.filter((got) => got.kind === kind).length;
  }

  /** The next frame of a kind, in the order of arrival. */
  next(kind: number): Promise<Got> {
    const found = this.frames.findIndex((got) => got.kind === kind);
    if (found >= 0) return Promise.resolve(this.frames.splice(found, 1)[0]);
    return new Promise((take) => this.waiting.push({ kind, take }));
  }

  async some(kind: number, count: number): Promise<Got[]> {
    const all: Got[] = [];
    while (all.length < count) all.push(await this.next(kind));
    return all;
  }

  send(...frames: Uint8Array[]): void {
    const bytes = new Uint8Array(frames.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of frames) {
      bytes.set(part, at);
      at += part.length;
    }
    queueMicrotask(() => {
      if (this.closedWith !== null) return;
      this.events.message(bytes, new DataView(bytes.buffer), 0, bytes.length);
      bytes.fill(0xa5); // what arrived is valid during the call only
    });
  }

  /** Ends the connection, from either side. */
  end(code: number, reason = ''): void {
    if (this.closedWith !== null) return;
    this.closedWith = { code, reason };
    for (const waiter of this.closeWaiting) waiter();
    queueMicrotask(() => this.events.closed(code, reason));
  }

  closed(): Promise<void> {
    if (this.closedWith !== null) return Promise.resolve();
    return new Promise((resolve) => this.closeWaiting.push(resolve));
  }
}

function welcomeOf(hello: Hello, part: Partial<Welcome>): Welcome {
  return {
    version: 1,
    subject: 'anonymous',
    expires: null,
    messageBytes: 1 << 20,
    creditBytes: 4 << 20,
    methods: hello.methods.map((_, i) => ({ route: 100 + i, verdict: 0, why: null })),
    ...part,
  };
}

/** A host that can be dialled. `welcome` says how it answers HELLO; {} = everything is fine. */
export class Host {
  readonly peers: Peer[] = [];
  welcome: Peer['welcome'] = () => ({});
  /** Set: dials fail with this reason. */
  down: string | null = null;
  dials = 0;
  private arrivals: ((peer: Peer) => void)[] = [];

  readonly dial: Dial = (events) => {
    this.dials++;
    const peer = new Peer(events, this.welcome);
    if (this.down !== null) {
      const reason = this.down;
      queueMicrotask(() => events.closed(1006, reason));
    } else {
      this.peers.push(peer);
      queueMicrotask(() => {
        events.opened();
        this.arrivals.shift()?.(peer);
      });
    }
    return {
      kind: 'test',
      send: (bytes) => {
        const copy = bytes.slice();
        queueMicrotask(() => {
          if (peer.closedWith === null) peer.take(copy);
        });
      },
      close: (code, reason) => peer.end(code, reason),
    };
  };

  /** The connection that comes next. */
  arrival(): Promise<Peer> {
    return new Promise((resolve) => this.arrivals.push(resolve));
  }

  get last(): Peer {
    return this.peers[this.peers.length - 1];
  }
}

export function method(name: string): MethodRef {
  return { name, fingerprint: 1n, text: `${name}(u32)->u32` };
}

export const METHODS: MethodRef[] = [method('test.echo'), method('test.other')];

const decodeU32 = (_: Uint8Array, view: DataView, from: number, to: number): number => {
  if (to - from !== 4) throw new RangeError(`a u32 of ${to - from} bytes`);
  return view.getUint32(from, true);
};

/** Calls with a u32, answers with a u32; or with `bytes` bytes of arguments. */
export class Echo {
  readonly caller: Caller;
  readonly first: number;

  constructor(caller: Caller, first = 0) {
    this.caller = caller;
    this.first = first;
  }

  echo(value: number, options?: CallOptions, index = 0): Promise<number> {
    const { caller } = this;
    const at = caller.begin();
    caller.outbox.grow(at + 4);
    caller.outbox.view.setUint32(at, value, true);
    return caller.end(this.first + index, 4, decodeU32, options);
  }

  fill(bytes: number, value: number, options?: CallOptions): Promise<number> {
    const { caller } = this;
    const at = caller.begin();
    try {
      caller.outbox.grow(at + bytes);
      caller.outbox.bytes.fill(value, at, at + bytes);
      return caller.end(this.first, bytes, decodeU32, options);
    } catch (error) {
      return caller.refuse(error);
    }
  }
}

export async function connected(
  host = new Host(),
  options: ConnectOptions = {},
): Promise<{ host: Host; peer: Peer; synapse: Synapse; echo: Echo }> {
  const synapse = await Synapse.open(METHODS, { dial: host.dial, ...options });
  return { host, peer: host.last, synapse, echo: new Echo(synapse) };
}

/** The answer to a call: a u32. */
export function reply(call: number, value: number): Uint8Array {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, value, true);
  return frame(KIND_RESPONSE, call, 0, 0, payload);
}

/** Answers a request with its own argument, plus one. */
export function plusOne(got: Got): Uint8Array {
  return reply(got.call, valueOf(got) + 1);
}

export function valueOf(got: Got): number {
  return new DataView(got.payload.buffer).getUint32(0, true);
}

/** An ERROR without a record: the kernel's. */
export function refusal(call: number, status: number, reason: number, retryAfter = 0): Uint8Array {
  return frame(KIND_ERROR, call, status | (reason << 8), retryAfter, new Uint8Array(0));
}

export { errorFrame, frame };
