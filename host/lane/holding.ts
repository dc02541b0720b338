// Owns answers that are ready and must not leave yet: what they tell of is not stored
// (host/lane/debts.ts). Their instance goes on with the next call; only answers too large to be
// kept, and those of a store that is far behind, keep it standing.
//
//   done -> hold -> batch stored -> reply leaves
//             |       `-> batch failed -> UNAVAILABLE or UNKNOWN
//             `-> deadline, cancellation, lost lane: answered by those, and here forgotten
import { WAITING_BYTES } from '../../assembly/shared/limits.ts';
import { UNKNOWN } from '../../assembly/shared/status.ts';
import type { Batch, Waiter } from '../capability/kv/batch.ts';
import type { KvFailure } from '../capability/kv/contract.ts';
import type { Instance } from '../cell/instance.ts';
import type { WaitingCall } from '../cell/pool.ts';
import { messageBytes } from './error-record.ts';
import { forgetTags } from './forgets.ts';
import type { Kernel } from './kernel.ts';
import type { SharedMemory } from './memory.ts';
import { Shelf } from './shelf.ts';

const LOST = 'what this call changed could not be stored, and was undone; call again';
const UNSURE = 'the store was lost: what this call changed may be stored or not';

/** What holding needs of the waiting tier. */
export interface HoldingHost {
  kernel: Kernel;
  memory: SharedMemory;
  lane: number;
  /** The instance is free for its next call. */
  release(instance: Instance): void;
  /** Makes an answer now, or when there is room: `send` says false until then. */
  deliver(call: WaitingCall, send: () => boolean): void;
  /** Sends the reply that an instance holds, then releases it; false: no room yet. */
  conclude(call: WaitingCall, instance: Instance, status: number, bytes: number): boolean;
  /** Sends an error with a message. */
  record(call: WaitingCall, status: number, message: Uint8Array): boolean;
  /** The call has its answer. */
  forget(call: WaitingCall): void;
}

export class Holding {
  readonly host: HoldingHost;
  readonly replies = new Shelf();

  constructor(host: HoldingHost) {
    this.host = host;
  }

  /** Takes over the answer of `call`, whose instance has left it with debts. */
  hold(call: WaitingCall, instance: Instance, status: number, bytes: number): void {
    const debts = call.debts as Batch[];
    call.debts = null;
    call.instance = null;
    const reply = this.fits(instance, bytes) ? this.copied(instance, bytes) : null;
    const answer = new HeldAnswer(this, call, instance, status, bytes, reply, debts.length);
    for (const debt of debts) debt.await(answer);
  }

  private fits(instance: Instance, bytes: number): boolean {
    const { memory } = this.host;
    const behind = instance.persisted?.journal.full === true;
    return bytes <= memory.messageBytes && this.replies.bytes + bytes <= WAITING_BYTES && !behind;
  }

  /** A reply out of its instance, which is released. */
  private copied(instance: Instance, bytes: number): Uint8Array {
    const { memory, lane } = this.host;
    const at = memory.scratchAt(lane);
    if (bytes > 0) instance.fetch(at);
    const reply = this.replies.keep(memory.bytes, at, bytes);
    this.host.release(instance);
    return reply;
  }

  send(call: WaitingCall, status: number, reply: Uint8Array): boolean {
    const { kernel, memory } = this.host;
    const out = kernel.reserve(call.slot, reply.length);
    if (out === 0) return false;
    if (reply.length > 0) memory.bytes.set(reply, out);
    kernel.finish(call.slot, status & 0xff, status >>> 8, reply.length);
    this.host.forget(call);
    return true;
  }
}

/** One answer; its batches tell it when they are stored. */
class HeldAnswer implements Waiter {
  private readonly holding: Holding;
  private readonly call: WaitingCall;
  private readonly instance: Instance;
  private readonly status: number;
  private readonly bytes: number;
  /** null: the instance holds it still. */
  private readonly reply: Uint8Array | null;
  /** Batches that are not stored yet; 0: it has left. */
  private left: number;

  constructor(
    holding: Holding,
    call: WaitingCall,
    instance: Instance,
    status: number,
    bytes: number,
    reply: Uint8Array | null,
    left: number,
  ) {
    this.holding = holding;
    this.call = call;
    this.instance = instance;
    this.status = status;
    this.bytes = bytes;
    this.reply = reply;
    this.left = left;
  }

  told(failure: KvFailure | null): void {
    if (this.left === 0 || (failure === null && --this.left > 0)) return;
    this.left = 0;
    const { holding, call, instance, status, bytes, reply } = this;
    const { host } = holding;
    if (call.answered || failure !== null) {
      if (failure !== null || status === 0) forgetTags(host.memory, call.forgets);
      if (reply === null) host.release(instance);
      else holding.replies.drop(bytes);
      if (!call.answered && failure !== null) this.refuse(failure.status);
    } else if (reply === null) {
      host.deliver(call, () => host.conclude(call, instance, status, bytes));
    } else {
      host.deliver(call, () => {
        if (!call.answered && !holding.send(call, status, reply)) return false;
        holding.replies.drop(bytes);
        return true;
      });
    }
  }

  private refuse(status: number): void {
    const { host } = this.holding;
    const message = messageBytes(status === UNKNOWN ? UNSURE : LOST);
    host.deliver(this.call, () => host.record(this.call, status, message));
  }
}
