// Owns calls that wait: in the backlog until they may leave, and in flight until they are given
// up. Decides when queued frames leave and what becomes of every call when the connection goes.
// Never reads what the host sent.

import {
  AT_CALL,
  AT_EXTRA,
  AT_KIND,
  AT_LENGTH,
  AT_ROUTE,
  HEADER_BYTES,
  KIND_REQUEST,
} from '../../assembly/shared/frame.ts';
import { DEADLINE_EXCEEDED } from '../../assembly/shared/status.ts';
import type { Watch } from './abort.ts';
import { Backlog } from './backlog.ts';
import { abortError, Calls } from './calls.ts';
import { CellError } from './error.ts';
import { ROUTE_PENDING } from './roster.ts';
import { FREE, LATE, QUEUED, SENT, SKIPPED, SLOT_MASK } from './slots.ts';
import { remaining } from './timeout.ts';

export abstract class WaitingCalls extends Calls {
  private flowing = false;
  private backlogView: DataView = new DataView(new ArrayBuffer(0));

  /** Frames may leave from here on: WELCOME is in. Bytes a message, bytes unanswered. */
  protected flow(messageBytes: number, credit: number): void {
    this.outbox.messageBytes = messageBytes;
    this.credit = credit;
    this.flowing = true;
    this.drain();
  }

  /** The host gives another credit from now on. */
  protected recredit(credit: number): void {
    this.credit = credit;
    this.drain();
  }

  /**
   * The connection is gone. Calls that had left are rejected with `error`: they may have run. Those
   * that had not stay queued, the batch before the backlog, unless `final`: then every call is
   * rejected, now and from now on.
   */
  protected halt(error: CellError, final: boolean): void {
    this.flowing = false;
    this.allowance = 0;
    this.cancels = [];
    this.requeue();
    if (final) this.ended = error;
    const { slots } = this;
    for (let slot = 1; slot < slots.capacity; slot++) {
      const state = slots.state[slot];
      if (state === SENT) this.drop(slot, error, false);
      else if (state === QUEUED && final) this.drop(slot, error, true);
      else if (state === LATE || (state === SKIPPED && final)) slots.release(slot);
    }
    this.outstanding = 0;
    if (!final) return;
    this.backlog = new Backlog();
    this.watches.sweep();
    this.ticker.stop();
  }

  /** Moves what is queued into the batch, as far as routes and credit go. */
  protected drain(): void {
    const { backlog } = this;
    if (!this.flowing) return;
    while (backlog.count > 0) {
      if (!this.moveOne(backlog.peek())) return;
      backlog.shift();
    }
    this.allowance = this.credit;
  }

  /** True: the oldest queued frame is dealt with. False: it must wait on. */
  private moveOne(frame: Uint8Array): boolean {
    const { slots, outbox } = this;
    const slot = this.slotOf(frame);
    if (slots.state[slot] === SKIPPED) {
      slots.release(slot);
      return true;
    }
    const method = slots.method[slot];
    const route = this.roster.routes[method];
    if (route === ROUTE_PENDING) return false;
    const left = slots.due[slot] === 0 ? Infinity : slots.due[slot] - performance.now();
    const error = left <= 0 ? this.lateError(slot) : this.unfit(method, frame.length);
    if (error !== null) {
      this.dropWith(slot, error);
      return true;
    }
    if (this.outstanding + frame.length > this.credit) return false;
    const from = outbox.at;
    outbox.grow(from + frame.length);
    outbox.bytes.set(frame, from);
    outbox.view.setUint16(from + AT_ROUTE, route, true);
    outbox.view.setUint32(from + AT_EXTRA, remaining(left), true);
    this.leave(slot, from, frame.length);
    return true;
  }

  private slotOf(frame: Uint8Array): number {
    if (this.backlogView.buffer !== frame.buffer) this.backlogView = new DataView(frame.buffer);
    return this.backlogView.getUint32(frame.byteOffset + AT_CALL, true) & SLOT_MASK;
  }

  /** Frames of the batch that never left go to the front of the backlog. */
  private requeue(): void {
    const { outbox, slots } = this;
    const end = outbox.at;
    outbox.at = 0;
    if (end === 0) return;
    const older = new Backlog();
    for (let at = 0; at < end; ) {
      const size = (HEADER_BYTES + outbox.view.getUint32(at + AT_LENGTH, true) + 7) & ~7;
      const slot = outbox.view.getUint32(at + AT_CALL, true) & SLOT_MASK;
      if (outbox.view.getUint8(at + AT_KIND) === KIND_REQUEST) {
        if (slots.state[slot] === LATE) slots.release(slot);
        else {
          slots.state[slot] = QUEUED;
          older.push(outbox.bytes, at, at + size);
        }
      }
      at += size;
    }
    while (this.backlog.count > 0) {
      const frame = this.backlog.peek();
      older.push(frame, 0, frame.length);
      this.backlog.shift();
    }
    this.backlog = older;
  }

  /** Rejects a call because of its connection's `error`, and frees its slot. */
  private drop(slot: number, error: CellError, unsent: boolean): void {
    const method = this.roster.name(this.slots.method[slot]);
    const { reason, retryAfterMs } = error;
    const parts = { method, reason, retryAfterMs, unsent, cause: error };
    this.dropWith(slot, new CellError(error.status, `${method}: ${error.message}`, parts));
  }

  private dropWith(slot: number, error: CellError): void {
    const reject = this.slots.reject[slot];
    this.clear(slot);
    this.slots.release(slot);
    reject?.(error);
  }

  /** Rejects a call at once. Its slot and credit stay taken until the host has answered it. */
  private giveUp(slot: number, error: CellError): void {
    const { slots } = this;
    const reject = slots.reject[slot];
    this.clear(slot);
    if (slots.state[slot] === QUEUED) slots.state[slot] = SKIPPED;
    else {
      slots.state[slot] = LATE;
      this.cancels.push(slots.ids[slot]);
      this.schedule();
    }
    reject?.(error);
  }

  protected aborted(watch: Watch): void {
    const { slots } = this;
    const only = watch.live === 1 && slots.watch[watch.slot] === watch;
    const from = only ? watch.slot : 1;
    const to = only ? watch.slot + 1 : slots.capacity;
    for (let slot = from; slot < to; slot++) {
      if (slots.watch[slot] !== watch) continue;
      const name = this.roster.name(slots.method[slot]);
      this.giveUp(slot, abortError(name, watch.signal, slots.state[slot] === QUEUED));
    }
  }

  private lateError(slot: number): CellError {
    const method = this.roster.name(this.slots.method[slot]);
    const unsent = this.slots.state[slot] === QUEUED;
    const why = unsent ? 'before the call could be sent' : 'before an answer came';
    const text = `${method}: the deadline passed ${why}`;
    return new CellError(DEADLINE_EXCEEDED, text, { method, unsent });
  }

  protected tick(): void {
    const { slots } = this;
    const now = performance.now();
    for (let slot = 1; slot < slots.capacity; slot++) {
      const due = slots.due[slot];
      if (due !== 0 && due <= now && slots.state[slot] !== FREE)
        this.giveUp(slot, this.lateError(slot));
    }
    this.watches.sweep();
    if (slots.taken === 0 && this.watches.size === 0) this.ticker.stop();
  }
}
