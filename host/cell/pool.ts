// Owns the instances of one cell in one lane, and the calls that wait for one. An instance serves
// one call at a time; an instance that trapped is never used again. Order per cell: first come,
// first served.
//
//   stateless: instance 0 serves pure calls in `dispatch`; up to `cap` others serve waiting calls
//   actor:     instance 0 serves everything; if a method waits, all calls come through `queue`
import { POOL_BYTES, SUSPENDED, WAITING } from '../../assembly/shared/limits.ts';
import type { Batch } from '../capability/kv/batch.ts';
import type { Instance } from './instance.ts';

/** Bytes below which an instance is not looked at twice. */
const SMALL_BYTES = POOL_BYTES / SUSPENDED;

/** Calls in a queue after which the cancelled ones are taken out; at most WAITING are not. */
const CROWD = 2 * WAITING;

/**
 * A call that waits: from its acceptance to its one answer, or until its instance is free again.
 */
export interface WaitingCall {
  /** Index in the lane's pending table; valid while `answered` is false. */
  slot: number;
  pool: Pool;
  method: number;
  route: number;
  /** Byte offset of the caller's session slot, 0 = nobody. */
  session: number;
  /** Payload, a copy; dropped once it is in the guest. */
  args: Uint8Array | null;
  bytes: number;
  connection: number;
  generation: number;
  id: number;
  /** Unix microseconds, 0 = none. */
  deadlineUs: number;
  answered: boolean;
  /** Slots of the tags that its success forgets (host/lane/forgets.ts). */
  forgets: number[] | null;
  instance: Instance | null;
  /** Instances of other cells that it has called on its stack, outermost first. */
  loans: Loan[];
  /** Batches of durable writes that its answer waits for (host/lane/debts.ts); null = none. */
  debts: Batch[] | null;
  /** What its stack stands still for, when that is an instance of another cell. */
  claim: Claim | null;
}

/** An instance that a call of another cell runs in: host/lane/crossing.ts. */
export interface Loan {
  pool: Pool;
  instance: Instance;
  route: number;
  /** Its slot in the lane's table. */
  entry: number;
}

/** A call that stands still until `pool` has an instance for it. */
export interface Claim {
  call: WaitingCall;
  caller: Instance;
  pool: Pool;
  route: number;
  /** Slot of the instance, or -(status | reason << 8). */
  settle(entry: number): void;
}

/** Instances and queue of one cell. Passive: host/lane/waiting.ts moves the calls. */
export class Pool {
  readonly cell: number;
  readonly name: string;
  readonly cap: number;
  readonly actor: boolean;
  /** Serves pure calls, or all of an actor's; null while it is made anew. */
  first: Instance | null = null;
  /** Calls that were accepted and not answered; host/lane/waiting.ts counts them. */
  calls = 0;
  /** Free instances for waiting calls. */
  readonly idle: Instance[] = [];
  /** Calls from other cells that want an instance: they hold stacks, so they go first. */
  readonly claims: Claim[] = [];
  /** An actor's: batches that what it knows depends on (host/lane/debts.ts). */
  debts: Batch[] = [];
  /** An actor's: the call on whose stack its instance runs. */
  holder: WaitingCall | null = null;
  /** Instances for waiting calls that exist or are being started, busy ones included. */
  live = 0;
  /** Those of them that were made. */
  private readonly members = new Set<Instance>();
  private queue: WaitingCall[] = [];
  private head = 0;

  constructor(options: { cell: number; name: string; actor: boolean; cap: number }) {
    this.cell = options.cell;
    this.name = options.name;
    this.actor = options.actor;
    this.cap = options.actor ? 1 : options.cap;
  }

  /** A new instance for waiting calls stands ready. */
  join(instance: Instance): void {
    this.members.add(instance);
    this.idle.push(instance);
  }

  /** Instances for waiting calls that are being started. */
  get starting(): number {
    return this.live - this.members.size;
  }

  /** An instance for waiting calls is gone. */
  drop(instance: Instance): void {
    this.members.delete(instance);
    this.live--;
  }

  /** An instance is free again; one that hoards memory is dropped when there is too much of it. */
  release(instance: Instance): void {
    // An actor whose instance was replaced while a call ran in it has another one by now.
    if (this.actor && this.first !== instance) return;
    if (this.actor || instance.size <= SMALL_BYTES || this.held() <= POOL_BYTES) {
      this.idle.push(instance);
    } else this.drop(instance);
  }

  /** Bytes of memory of the instances for waiting calls. */
  private held(): number {
    let bytes = 0;
    for (const instance of this.members) bytes += instance.size;
    return bytes;
  }

  get queued(): number {
    return this.queue.length - this.head;
  }

  /** Threat: calls that are made and cancelled, again and again, while every instance is busy. */
  enqueue(call: WaitingCall): void {
    if (this.queued >= CROWD) {
      this.queue = this.queue.slice(this.head).filter((queued) => !queued.answered);
      this.head = 0;
    }
    this.queue.push(call);
  }

  /** The next call that is not answered yet (a cancelled one is passed over), or null. */
  next(): WaitingCall | null {
    while (this.head < this.queue.length) {
      const call = this.queue[this.head++];
      if (this.head > 64 && this.head * 2 > this.queue.length) {
        this.queue = this.queue.slice(this.head);
        this.head = 0;
      }
      if (!call.answered) return call;
    }
    return null;
  }

  /** Whether a call at the head could begin now, by an idle instance or a new one. */
  get open(): boolean {
    if (this.idle.length > 0) return true;
    if (this.actor || this.live >= this.cap) return false;
    return this.live === 0 || this.held() < POOL_BYTES;
  }
}
