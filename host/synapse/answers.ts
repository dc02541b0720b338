// Owns the road back: bytes from the host -> whole frames -> the promise of their call. One
// switch on the kind of a frame; what a host may not send ends the connection with the fault
// named.
//
// A host is not trusted to be right: every length is checked before it is used, ids that are not
// out are counted and dropped, and a payload that does not decode fails its call only.

import {
  AT_CALL,
  AT_EXTRA,
  AT_KIND,
  AT_LENGTH,
  FLAG_CHANNEL_MASK,
  FLAG_EXT,
  FLAGS_KNOWN,
  HEADER_BYTES,
  KIND_CREDIT,
  KIND_ERROR,
  KIND_PING,
  KIND_PONG,
  KIND_RESPONSE,
  KIND_WELCOME,
} from '../../assembly/shared/frame.ts';
import { DATA_LOSS } from '../../assembly/shared/status.ts';
import { CellError } from './error.ts';
import { readError } from './greeting.ts';
import { LATE, SENT, SLOT_MASK } from './slots.ts';
import { WaitingCalls } from './waiting.ts';

export abstract class Answers extends WaitingCalls {
  /** Answers to no call of ours, dropped. */
  strays = 0;

  /** WELCOME, or an ERROR for an id of slot 0 (0 itself: a farewell). Valid during the call. */
  protected abstract greeted(id: number, payload: Uint8Array, error: CellError | null): void;
  /** The host broke the protocol: end the connection. */
  protected abstract broken(what: string): void;

  /** Whole frames in [from, to) of `bytes`, over which `view` lies. */
  receive(bytes: Uint8Array, view: DataView, from: number, to: number): void {
    let at = from;
    while (at < to) {
      const payload = at + HEADER_BYTES;
      if (payload > to)
        return this.broken(`a message ends inside a frame header (${to - at} bytes)`);
      const length = view.getUint32(at + AT_LENGTH, true);
      const word = view.getUint32(at + AT_KIND, true);
      const id = view.getUint32(at + AT_CALL, true);
      if (length > to - payload) {
        return this.broken(`a frame of ${length} bytes with ${to - payload} bytes left`);
      }
      const next = payload + ((length + 7) & ~7);
      if (next > to) return this.broken('the padding of a frame runs past its message');
      if ((word & 0xffff) === KIND_RESPONSE)
        this.respond(id, bytes, view, payload, payload + length);
      else if (!this.special(bytes, view, at, payload + length, word, id)) return;
      at = next;
    }
    if (this.backlog.count > 0) this.drain();
  }

  private respond(id: number, bytes: Uint8Array, view: DataView, from: number, to: number): void {
    const { slots } = this;
    const slot = slots.find(id);
    const state = slots.state[slot];
    if (state !== SENT) return this.unexpected(slot, state);
    const resolve = slots.resolve[slot];
    const reject = slots.reject[slot];
    const decode = slots.decode[slot];
    this.outstanding -= slots.size[slot];
    this.clear(slot);
    slots.release(slot);
    let value: unknown;
    try {
      value = decode?.(bytes, view, from, to);
    } catch (cause) {
      reject?.(this.undecodable(slots.method[slot], cause));
      return;
    }
    resolve?.(value);
  }

  /** A terminal answer for a call that was given up, or for none. */
  private unexpected(slot: number, state: number): void {
    if (slot === 0 || state !== LATE) {
      this.strays++;
      return;
    }
    this.outstanding -= this.slots.size[slot];
    this.slots.release(slot);
  }

  private undecodable(method: number, cause: unknown): CellError {
    const name = this.roster.name(method);
    const why = cause instanceof Error ? cause.message : String(cause);
    return new CellError(DATA_LOSS, `${name}: the answer is malformed: ${why}`, {
      method: name,
      cause,
    });
  }

  /** Every frame but the plain RESPONSE. False: the connection is broken. */
  private special(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    to: number,
    word: number,
    id: number,
  ): boolean {
    const kind = word & 0xff;
    const flags = (word >> 8) & 0xff;
    if ((flags & ~FLAGS_KNOWN) !== 0) return this.fault(`a frame has reserved flags (${flags})`);
    if ((flags & FLAG_CHANNEL_MASK) !== 0) {
      return this.fault(`a frame on channel ${flags & FLAG_CHANNEL_MASK}, which was not opened`);
    }
    let from = at + HEADER_BYTES;
    if ((flags & FLAG_EXT) !== 0) {
      from = extensionsEnd(view, from, to);
      if (from < 0) return this.fault('a frame carries extensions that cannot be read');
    }
    switch (kind) {
      case KIND_RESPONSE:
        this.respond(id, bytes, view, from, to);
        return true;
      case KIND_ERROR:
        this.failed(id, word >>> 16, view.getUint32(at + AT_EXTRA, true), bytes.subarray(from, to));
        return true;
      case KIND_WELCOME:
        this.greeted(id, bytes.subarray(from, to), null);
        return true;
      case KIND_CREDIT:
        this.recredit(view.getUint32(at + AT_EXTRA, true));
        return true;
      case KIND_PING:
        this.note(KIND_PONG, id);
        this.schedule();
        return true;
      case KIND_PONG:
        return true;
      default:
        return this.fault(`a frame of kind ${kind}, which a host may not send here`);
    }
  }

  /** ERROR: status in the low byte of `code`, reason in the high one. */
  private failed(id: number, code: number, retryAfterMs: number, payload: Uint8Array): void {
    const { slots } = this;
    if ((id & SLOT_MASK) === 0) {
      const what = id === 0 ? 'the host ended the connection' : 'the host refused the connection';
      this.greeted(id, payload, readError(code, 0, payload, null, what));
      return;
    }
    const slot = slots.find(id);
    const state = slots.state[slot];
    if (state !== SENT) return this.unexpected(slot, state);
    const reject = slots.reject[slot];
    const method = this.roster.name(slots.method[slot]);
    this.outstanding -= slots.size[slot];
    this.clear(slot);
    slots.release(slot);
    reject?.(readError(code, retryAfterMs, payload, method));
  }

  private fault(what: string): false {
    this.broken(what);
    return false;
  }
}

/** Where the payload begins behind the extensions at `from`; -1: malformed, or not understood. */
function extensionsEnd(view: DataView, from: number, to: number): number {
  if (to - from < 8) return -1;
  const total = view.getUint16(from, true);
  if (total < 8 || (total & 7) !== 0 || total > to - from) return -1;
  for (let at = from + 2; at + 2 <= from + total; ) {
    const type = view.getUint8(at);
    if (type === 0) break; // padding
    if ((type & 1) === 1) return -1; // must be understood, and no host sends one to a client
    at += 2 + 4 * view.getUint8(at + 1);
    if (at > from + total) return -1;
  }
  return from + total;
}
