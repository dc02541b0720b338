// Owns the road of a call out of the client: begin -> encode in place -> end -> batch, or the
// backlog. waiting.ts says when queued frames leave and when calls are given up; answers.ts is
// the road back; link.ts gives and takes the connection. Nothing is allocated per call but its
// promise.
//
// Invariants: `outstanding` is the sum of `slots.size` over SENT and LATE slots, never above the
// credit. `allowance` is the credit while frames may leave at once, and 0 while they must queue
// (no connection, or others queue already), so that one comparison decides on the fast path.

import {
  AT_CALL,
  AT_EXTRA,
  AT_KIND,
  AT_LENGTH,
  FLAG_EXT,
  HEADER_BYTES,
  KIND_CANCEL,
  KIND_REQUEST,
} from '../../assembly/shared/frame.ts';
import { CREDIT_BYTES, MESSAGE_BYTES } from '../../assembly/shared/limits.ts';
import {
  CANCELLED,
  FAILED_PRECONDITION,
  RESOURCE_EXHAUSTED,
} from '../../assembly/shared/status.ts';
import { type Watch, Watches } from './abort.ts';
import { Backlog } from './backlog.ts';
import type { Caller, CallOptions, Decode } from './contract.ts';
import { asCellError, CellError } from './error.ts';
import { Batch } from './outbox.ts';
import { ROUTE_REFUSED, Roster } from './roster.ts';
import { CALLS_MAX, QUEUED, SENT, SLOT_MASK, Slots } from './slots.ts';
import { checkTimeout, remaining, Ticker } from './timeout.ts';
import { TRACE_BYTES, Tracer, type TraceSource } from './trace.ts';

/** Bytes of a batch that leave without waiting for the microtask: the host can begin on them. */
const BATCH_BYTES = 64 << 10;

type Settle = (value: unknown) => void;
type Executor<T> = ConstructorParameters<typeof Promise<T>>[0];

export abstract class Calls implements Caller {
  readonly outbox = new Batch(MESSAGE_BYTES);
  protected readonly slots = new Slots();
  protected readonly roster = new Roster();
  protected backlog = new Backlog();
  protected outstanding = 0;
  /** Why every call is refused from now on; null while the synapse lives. */
  protected ended: CellError | null = null;
  /** Bytes of requests that the host lets be unanswered at once. */
  protected credit: number = CREDIT_BYTES;
  protected allowance = 0;
  protected readonly watches = new Watches((watch) => this.aborted(watch));
  protected readonly ticker = new Ticker(() => this.tick());
  private readonly timeout: number;
  private readonly queueBytes: number;
  private readonly tracer: Tracer | null;
  private encoding = false;
  /** Bytes of extensions of the call that is being encoded. */
  private extra = 0;
  private scheduled = false;
  protected cancels: number[] = [];
  private accept: Settle | null = null;
  private reject: Settle | null = null;
  private readonly executor = (accept: Settle, reject: Settle): void => {
    this.accept = accept;
    this.reject = reject;
  };
  private readonly flushBound = (): void => this.flush();

  /**
   * `timeout`: milliseconds a call may take unless it says otherwise. `queueBytes`: the
   * backlog's. `trace`: asked at each call for its traceparent.
   */
  constructor(timeout: number, queueBytes: number, trace?: TraceSource) {
    this.timeout = timeout;
    this.queueBytes = queueBytes;
    this.tracer = trace === undefined ? null : new Tracer(trace);
  }

  /** Sends whole frames. Called only between `flow` and `halt`; must not call back in. */
  protected abstract transmit(bytes: Uint8Array): void;
  protected abstract aborted(watch: Watch): void;
  protected abstract tick(): void;

  /** Calls without a terminal answer, queued ones and given up ones included. */
  get inFlight(): number {
    return this.slots.taken;
  }

  /** Bytes of requests that are out and not answered. */
  get unansweredBytes(): number {
    return this.outstanding;
  }

  /** Reserves a frame header; returns where the payload begins. Throws inside another encoder. */
  begin(): number {
    if (this.encoding) {
      const text = 'an argument made a call on its own connection while it was being encoded';
      throw new CellError(FAILED_PRECONDITION, text, { unsent: true });
    }
    this.encoding = true;
    const box = this.outbox;
    if (box.at + HEADER_BYTES > box.bytes.length) box.grow(box.at + HEADER_BYTES);
    if (this.tracer !== null) return this.beginTraced(this.tracer);
    return box.at + HEADER_BYTES;
  }

  /** As begin(), with the call's trace between header and payload when it has one. */
  private beginTraced(tracer: Tracer): number {
    const bytes = tracer.extension();
    this.extra = bytes === null ? 0 : TRACE_BYTES;
    const from = this.outbox.at + HEADER_BYTES;
    if (bytes === null) return from;
    this.outbox.grow(from + TRACE_BYTES);
    this.outbox.bytes.set(bytes, from);
    return from + TRACE_BYTES;
  }

  end<T>(method: number, payload: number, decode: Decode<T>, options?: CallOptions): Promise<T> {
    this.encoding = false;
    const box = this.outbox;
    const from = box.at;
    const bytes = payload + this.extra;
    const size = (HEADER_BYTES + bytes + 7) & ~7;
    const timeout = options?.timeout ?? this.timeout;
    const signal = options?.signal;
    const route = this.roster.routes[method];
    const leaves = route >= 0 && this.outstanding + size <= this.allowance;
    if (options !== undefined || !leaves || size > box.messageBytes) {
      const error = this.objection(method, size, leaves, timeout, signal);
      if (error !== null) return Promise.reject(error);
    }
    const slots = this.slots;
    const slot = slots.take();
    if (slot === 0) return Promise.reject(this.crowded(method));
    const promise = new Promise<T>(this.executor as Executor<T>);
    slots.resolve[slot] = this.accept;
    slots.reject[slot] = this.reject;
    slots.decode[slot] = decode;
    slots.size[slot] = size;
    slots.method[slot] = method;
    if (timeout !== Infinity) slots.due[slot] = this.ticker.due(timeout);
    if (signal !== undefined && signal !== null) this.watch(signal, slot);
    if (from + size > box.bytes.length) box.grow(from + size);
    const { view } = box;
    for (let at = from + HEADER_BYTES + bytes; at < from + size; at++) view.setUint8(at, 0);
    view.setUint32(from + AT_LENGTH, bytes, true);
    const flags =
      this.extra === 0 ? this.roster.flags[method] : this.roster.flags[method] | FLAG_EXT;
    const kind = KIND_REQUEST | (flags << 8);
    view.setUint32(from + AT_KIND, kind | (route << 16), true);
    view.setUint32(from + AT_CALL, slots.ids[slot], true);
    view.setUint32(from + AT_EXTRA, remaining(timeout), true);
    if (leaves) this.leave(slot, from, size);
    else this.queue(slot, from, size);
    return promise;
  }

  refuse(error: unknown): Promise<never> {
    this.encoding = false;
    return Promise.reject(asCellError(error));
  }

  /** Takes a settled or given-up call's promise, deadline and signal out of its slot. */
  protected clear(slot: number): void {
    const { slots } = this;
    slots.resolve[slot] = slots.reject[slot] = slots.decode[slot] = null;
    slots.due[slot] = 0;
    const watch = slots.watch[slot];
    if (watch === null) return;
    watch.live--;
    slots.watch[slot] = null;
  }

  /** Sends CANCEL or other small frames with the next batch. */
  protected schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(this.flushBound);
  }

  protected leave(slot: number, from: number, size: number): void {
    const box = this.outbox;
    this.slots.state[slot] = SENT;
    this.outstanding += size;
    box.at = from + size;
    if (!this.scheduled) this.schedule();
    if (box.at > BATCH_BYTES) this.overrun(from);
  }

  private queue(slot: number, from: number, size: number): void {
    this.slots.state[slot] = QUEUED;
    this.backlog.push(this.outbox.bytes, from, from + size);
    this.allowance = 0;
    this.schedule();
  }

  /** The batch is large enough. A message must not be too large: then the last frame goes alone. */
  private overrun(from: number): void {
    const box = this.outbox;
    if (box.at > box.messageBytes && from > 0) {
      this.transmit(box.bytes.subarray(0, from));
      box.bytes.copyWithin(0, from, box.at);
      box.at -= from;
    }
    this.flush();
  }

  private flush(): void {
    this.scheduled = false;
    this.ticker.forget();
    const box = this.outbox;
    for (const id of this.cancels) {
      // The route tells the host's lanes where the call went.
      const route = this.roster.routes[this.slots.method[id & SLOT_MASK]];
      this.note(KIND_CANCEL, id, route >= 0 ? route : 0);
    }
    if (this.cancels.length > 0) this.cancels = [];
    const { at } = box;
    if (at === 0) return;
    box.at = 0;
    this.transmit(box.bytes.subarray(0, at));
  }

  /** Appends a frame that is only a header. */
  protected note(kind: number, id: number, route = 0): void {
    const box = this.outbox;
    const { at } = box;
    if (at + HEADER_BYTES > box.bytes.length) box.grow(at + HEADER_BYTES);
    box.view.setUint32(at + AT_LENGTH, 0, true);
    box.view.setUint32(at + AT_KIND, ((route << 16) | kind) >>> 0, true);
    box.view.setUint32(at + AT_CALL, id, true);
    box.view.setUint32(at + AT_EXTRA, 0, true);
    box.at = at + HEADER_BYTES;
  }

  private watch(signal: AbortSignal, slot: number): void {
    this.slots.watch[slot] = this.watches.add(signal, slot);
    this.ticker.start();
  }

  /** Why the call cannot be made at all, or null. `leaves`: it would not be queued. */
  private objection(
    method: number,
    size: number,
    leaves: boolean,
    timeout: number,
    signal?: AbortSignal,
  ): CellError | null {
    const name = this.roster.name(method);
    const parts = { method: name, unsent: true };
    if (this.ended !== null) {
      return new CellError(this.ended.status, `${name}: ${this.ended.message}`, {
        ...parts,
        cause: this.ended,
      });
    }
    if (signal?.aborted) return abortError(name, signal, true);
    const wrong = checkTimeout(timeout, name);
    if (wrong !== null) return wrong;
    const unfit = this.unfit(method, size);
    if (unfit !== null || leaves) return unfit;
    if (this.backlog.held + size <= this.queueBytes) return null;
    const text = `${name}: ${this.queueBytes} bytes of calls wait in this client already`;
    return new CellError(RESOURCE_EXHAUSTED, text, parts);
  }

  /** Why this host will not take the call whatever one waits for, or null. */
  protected unfit(method: number, size: number): CellError | null {
    if (this.roster.routes[method] === ROUTE_REFUSED) return this.roster.refusal(method);
    const limit = Math.min(this.outbox.messageBytes, this.credit);
    if (size <= limit) return null;
    const name = this.roster.name(method);
    const text = `${name}: a call of ${size} bytes, and this host takes ${limit} bytes a message`;
    return new CellError(RESOURCE_EXHAUSTED, text, { method: name, unsent: true });
  }

  private crowded(method: number): CellError {
    const name = this.roster.name(method);
    const text = `${name}: ${CALLS_MAX} calls are in flight on this connection already`;
    return new CellError(RESOURCE_EXHAUSTED, text, { method: name, unsent: true });
  }
}

/** The error of a call whose signal fired: CANCELLED, with the signal's reason as cause. */
export function abortError(method: string, signal: AbortSignal, unsent: boolean): CellError {
  const parts = { method, unsent, cause: signal.reason };
  return new CellError(CANCELLED, `${method}: the call was cancelled by its signal`, parts);
}
