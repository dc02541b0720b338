// Owns the calls of one lane that wait: copied out of the ring by `env.wait`, queued per cell, run
// one per instance on stacks of their own (JSPI), answered exactly once. Invariant: a call is in
// `calls` from its acceptance to its answer; its pending slot is free after that, though its
// instance may still run.
//
//   drain -> wait() -> pool.queue -> pump() -> instance.enter() ~> done() -> reserve, fetch, finish
//                                                  `-> failed(): INTERNAL, instance dropped
//   CANCEL, deadline -> refuse() at once; what the instance says later is dropped
import {
  P_CALL,
  P_CONNECTION,
  P_DEADLINE,
  P_GENERATION,
  P_ROUTE,
  P_SESSION,
  P_STATE,
  R_CELL,
  R_METHOD,
  S_GENERATION,
} from '../../assembly/shared/layout.ts';
import { SUSPENDED, WAITING_BYTES } from '../../assembly/shared/limits.ts';
import {
  REASON_CANCELLED,
  REASON_CELL_LOADING,
  REASON_DEADLINE_QUEUED,
  REASON_DEADLINE_RUNNING,
  REASON_DUPLICATE_CALL,
  REASON_REPLY_TOO_LARGE,
  REASON_WAIT_FULL,
} from '../../assembly/shared/reason.ts';
import {
  ALREADY_EXISTS,
  CANCELLED,
  DEADLINE_EXCEEDED,
  INTERNAL,
  RESOURCE_EXHAUSTED,
  UNAVAILABLE,
} from '../../assembly/shared/status.ts';
import type { Instance } from '../cell/instance.ts';
import type { Pool, WaitingCall } from '../cell/pool.ts';
import { nowUs } from './clock.ts';
import type { Crossing } from './crossing.ts';
import { Deadlines } from './deadlines.ts';
import { owe } from './debts.ts';
import { messageBytes, recordBytes, writeRecord } from './error-record.ts';
import { forgetsOf, forgetTags } from './forgets.ts';
import { Holding } from './holding.ts';
import type { Kernel } from './kernel.ts';
import type { SharedMemory } from './memory.ts';
import { Shelf } from './shelf.ts';
import { Stacks } from './stacks.ts';
import { Stalled } from './stalled.ts';

/** P_STATE of a call whose instance runs or stands still. */
const RUNNING = 2;

/** What the waiting tier needs of its lane. */
export interface WaitingHost {
  kernel: Kernel;
  memory: SharedMemory;
  lane: number;
  crossing: Crossing;
  /** The pool of a cell by index; undefined when this lane does not hold it. */
  pool(cell: number): Pool | undefined;
  /** Makes one more instance for waiting calls; resolves (or not) into `pool.idle`, then pumps. */
  grow(pool: Pool): void;
  /** A call was begun; it may have ended already. */
  begun(call: WaitingCall): void;
  /** The stack of a call trapped: say it, replace its instances. Returns the message. */
  trapped(call: WaitingCall, error: unknown): string;
  /** Answers were made outside a drain: publish them. */
  flush(): void;
}

export class Waiting {
  private readonly host: WaitingHost;
  /** Calls without an answer; `byId` has the newest of each connection and id. */
  private readonly calls = new Set<WaitingCall>();
  private readonly byId = new Map<number, WaitingCall>();
  private readonly busy: Pool[] = [];
  private readonly stalls = new Stalled();
  private cancels: number[] = [];
  private readonly args = new Shelf();
  private readonly stacks = new Stacks();
  private readonly holding: Holding;
  private readonly deadlines = new Deadlines(() => this.expire());
  private flushing = false;

  constructor(host: WaitingHost) {
    this.host = host;
    const { kernel, memory, lane } = host;
    this.holding = new Holding({
      ...{ kernel, memory, lane },
      release: (instance) => this.release(instance),
      deliver: (call, send) => this.deliver(call, send),
      conclude: (call, instance, status, bytes) => this.conclude(call, instance, status, bytes),
      record: (call, status, message) => this.record(call, status, message),
      forget: (call) => this.forget(call),
    });
  }

  /** True while anything here needs the event loop. */
  get active(): boolean {
    return this.calls.size > 0 || this.stacks.taken > 0;
  }

  /** The lane holds a cell that waits, or does not any more. */
  know(pool: Pool, held: boolean): void {
    if (held) this.stacks.know(pool);
    else this.stacks.forget(pool);
  }

  /** Calls that were accepted and not answered. */
  get size(): number {
    return this.calls.size;
  }

  /** Answers that wait for room in the out ring. */
  get stalled(): boolean {
    return this.stalls.any;
  }

  /**
   * `env.wait`: takes a copy of the `size` bytes of arguments at `from`. Called inside a drain, so
   * it only queues. Returns 0, or status | reason << 8 when it is refused.
   */
  wait(slot: number, from: number, size: number): number {
    const { memory, lane } = this.host;
    const { view, bytes } = memory;
    const at = memory.pendingAt(lane, slot);
    const connection = view.getUint32(at + P_CONNECTION, true);
    const generation = view.getUint32(at + P_GENERATION, true);
    const id = view.getUint32(at + P_CALL, true);
    const key = keyOf(connection, id);
    if (this.byId.get(key)?.generation === generation) {
      return ALREADY_EXISTS | (REASON_DUPLICATE_CALL << 8);
    }
    const route = view.getUint32(at + P_ROUTE, true);
    const row = memory.routeAt(route);
    const pool = this.host.pool(view.getUint32(row + R_CELL, true));
    if (pool === undefined) return UNAVAILABLE | (REASON_CELL_LOADING << 8);
    if (this.args.bytes + size > WAITING_BYTES || this.stacks.crowded(pool)) {
      return RESOURCE_EXHAUSTED | (REASON_WAIT_FULL << 8);
    }
    const call: WaitingCall = {
      slot,
      pool,
      method: view.getUint32(row + R_METHOD, true),
      route,
      session: view.getUint32(at + P_SESSION, true),
      args: this.args.keep(bytes, from, size),
      bytes: size,
      connection,
      generation,
      id,
      deadlineUs:
        view.getUint32(at + P_DEADLINE, true) + view.getInt32(at + P_DEADLINE + 4, true) * 2 ** 32,
      answered: false,
      forgets: forgetsOf(memory, lane, slot),
      instance: null,
      loans: [],
      debts: null,
      claim: null,
    };
    this.calls.add(call);
    pool.calls++;
    this.byId.set(key, call);
    this.deadlines.watch(call.deadlineUs);
    if (pool.queued === 0 && !this.busy.includes(pool)) this.busy.push(pool);
    pool.enqueue(call);
    return 0;
  }

  /** `env.cancel`: noted inside a drain, done after it. */
  cancel(connection: number, generation: number, id: number): void {
    this.cancels.push(connection, generation, id);
  }

  /** After a drain: cancels what was asked, begins what can begin, arms the deadline timer. */
  turn(): void {
    if (this.cancels.length > 0) this.cancelNoted();
    if (this.stalls.any) this.resend();
    if (this.busy.length > 0) this.pump();
  }

  private cancelNoted(): void {
    const noted = this.cancels;
    this.cancels = [];
    for (let i = 0; i < noted.length; i += 3) {
      const call = this.byId.get(keyOf(noted[i], noted[i + 2]));
      if (call === undefined || call.generation !== noted[i + 1]) continue;
      this.refuse(call, CANCELLED, REASON_CANCELLED);
    }
  }

  /** Begins queued calls, one per cell in turn, while stacks and instances last. */
  pump(): void {
    this.host.crossing.serveAll();
    let idleRounds = 0;
    while (this.stacks.taken < SUSPENDED && idleRounds < this.busy.length) {
      const pool = this.busy.shift() as Pool;
      if (pool.queued === 0) continue;
      if (!this.stacks.free(pool)) {
        this.busy.push(pool);
        idleRounds++;
        continue;
      }
      if (pool.idle.length === 0) {
        if (pool.open) this.host.grow(pool);
        this.busy.push(pool);
        if (pool.idle.length === 0) {
          idleRounds++;
          continue;
        }
        this.busy.pop();
      }
      const call = pool.next();
      if (pool.queued > 0) this.busy.push(pool);
      if (call === null) continue;
      idleRounds = 0;
      if (this.gone(call)) {
        this.refuse(call, CANCELLED, REASON_CANCELLED);
        continue;
      }
      this.begin(call, pool.idle.pop() as Instance);
    }
  }

  /** Whether the connection of a call was closed since: nobody would hear the answer. */
  private gone(call: WaitingCall): boolean {
    const { memory } = this.host;
    const at = memory.sessionAt(call.connection) + S_GENERATION;
    return memory.view.getUint32(at, true) !== call.generation;
  }

  private begin(call: WaitingCall, instance: Instance): void {
    const { memory, lane } = this.host;
    const scratch = memory.scratchAt(lane);
    call.instance = instance;
    instance.call = call;
    instance.stack = call;
    if (call.pool.actor) call.pool.holder = call;
    memory.view.setUint32(memory.pendingAt(lane, call.slot) + P_STATE, RUNNING, true);
    memory.bytes.set(call.args as Uint8Array, scratch);
    call.args = null;
    this.args.drop(call.bytes);
    this.stacks.begin(call.pool);
    instance.enter(call, scratch, call.session, this);
    this.host.begun(call);
  }

  /** A guest returned: `result` = status << 32 | bytes of its reply or error record. */
  done(instance: Instance, result: bigint): void {
    const call = instance.call as WaitingCall;
    const status = Number(result >> 32n);
    const bytes = Number(result & 0xffffffffn);
    owe(call, call.pool, instance.end(status & 0xff));
    this.stacks.end(call.pool);
    const { memory } = this.host;
    const unseen = call.answered || bytes > memory.messageBytes;
    if (unseen && status === 0) forgetTags(memory, call.forgets);
    if (call.answered) this.release(instance);
    else if (call.debts !== null) this.holding.hold(call, instance, status, bytes);
    else this.deliver(call, () => this.conclude(call, instance, status, bytes));
  }

  private deliver(call: WaitingCall, send: () => boolean): void {
    this.stalls.deliver(call, send);
    this.later();
  }

  /** Sends a guest's reply and gives the instance back; false when there is no room yet. */
  private conclude(call: WaitingCall, instance: Instance, status: number, bytes: number): boolean {
    const large = bytes > this.host.memory.messageBytes;
    const sent = large
      ? this.finish(call, RESOURCE_EXHAUSTED | (REASON_REPLY_TOO_LARGE << 8))
      : this.reply(call, instance, status, bytes);
    if (sent) this.release(instance);
    return sent;
  }

  private reply(call: WaitingCall, instance: Instance, status: number, bytes: number): boolean {
    const { kernel } = this.host;
    const out = kernel.reserve(call.slot, bytes);
    if (out === 0) return false;
    if (bytes > 0) instance.fetch(out);
    kernel.finish(call.slot, status & 0xff, status >>> 8, bytes);
    this.forget(call);
    return true;
  }

  /** A guest trapped: INTERNAL with the trap's message, and the instance is gone. */
  failed(instance: Instance, error: unknown): void {
    const call = instance.call as WaitingCall;
    this.stacks.end(call.pool);
    forgetTags(this.host.memory, call.forgets);
    const message = messageBytes(this.host.trapped(call, error));
    instance.call = null;
    instance.stack = null;
    if (call.pool.holder === call) call.pool.holder = null;
    if (!call.answered) this.deliver(call, () => this.record(call, INTERNAL, message));
    this.wake(call.pool);
  }

  private record(call: WaitingCall, status: number, message: Uint8Array): boolean {
    const { kernel, memory } = this.host;
    const out = kernel.reserve(call.slot, recordBytes(message));
    if (out === 0) return false;
    kernel.finish(call.slot, status, 0, writeRecord(memory.view, out, message));
    this.forget(call);
    return true;
  }

  /** Answers a call that has not ended, at once; its instance, if any, runs on unheard. */
  private refuse(call: WaitingCall, status: number, reason: number): void {
    if (call.answered) return;
    if (this.stalls.has(call)) return;
    this.stalls.deliver(call, () => this.finish(call, status | (reason << 8)));
    call.instance?.cancel(status);
    for (const { instance } of call.loans) instance.cancel(status);
    this.host.crossing.drop(call, status, reason);
    this.later();
  }

  private finish(call: WaitingCall, word: number): boolean {
    const { kernel } = this.host;
    if (kernel.reserve(call.slot, 0) === 0) return false;
    kernel.finish(call.slot, word & 0xff, word >>> 8, 0);
    this.forget(call);
    return true;
  }

  private forget(call: WaitingCall): void {
    call.answered = true;
    if (call.args !== null) {
      call.args = null;
      this.args.drop(call.bytes);
    }
    this.calls.delete(call);
    call.pool.calls--;
    const key = keyOf(call.connection, call.id);
    if (this.byId.get(key) === call) this.byId.delete(key);
  }

  private release(instance: Instance): void {
    const call = instance.call as WaitingCall;
    const { pool } = call;
    instance.call = null;
    instance.stack = null;
    if (pool.holder === call) pool.holder = null;
    pool.release(instance);
    this.wake(pool);
  }

  /** `pool` may be able to begin a call: see to it when the microtasks at hand are done. */
  wake(pool: Pool): void {
    if (pool.queued > 0 && !this.busy.includes(pool)) this.busy.push(pool);
    this.later();
  }

  /** Forgets the deadlines: the lane ends. */
  stop(): void {
    this.deadlines.stop();
  }

  private later(): void {
    if (this.flushing) return;
    this.flushing = true;
    queueMicrotask(this.afterwards);
  }

  private readonly afterwards = (): void => {
    this.flushing = false;
    this.pump();
    this.host.flush();
  };

  /** Tries held answers again, in order; call it when the listener has made room. */
  resend(): void {
    if (this.stalls.resend()) this.host.flush();
  }

  /** Answers every call whose deadline has passed, then waits for the next deadline. */
  private expire(): void {
    const now = nowUs();
    for (const call of [...this.calls]) {
      if (call.deadlineUs === 0) continue;
      if (call.deadlineUs > now) this.deadlines.watch(call.deadlineUs);
      else {
        const reason = call.args === null ? REASON_DEADLINE_RUNNING : REASON_DEADLINE_QUEUED;
        this.refuse(call, DEADLINE_EXCEEDED, reason);
      }
    }
  }
}

/** One number for a connection's call: exact below 2^53, since connections are below 2^16. */
function keyOf(connection: number, id: number): number {
  return connection * 2 ** 32 + id;
}
