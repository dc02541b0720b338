// Owns the calls from cell to cell of one lane that cannot be answered at once: the instance that
// each runs in, who stands still for whose, and that no circle of them stands still for ever. The
// called cell runs on the caller's stack, so no call needs a stack beyond its first.
//
//   caller -> call.wat -> acquire -> an instance of the called cell -> its membrane -> release
//                            `-> claim: stands still until the actor's instance is free
//
// A stack holds what it has called (loans) and stands still for one thing (claim). Following
// claim -> holder -> claim from a new claim finds a circle before it closes: it is refused.
import {
  L_INNER_ROUTE_WORD,
  L_NESTED_WORD,
  L_ROUTE_WORD,
  NEST_BYTES,
  PART_BUSY_WORD,
  R_CELL,
  R_HOME,
} from '../../assembly/shared/layout.ts';
import { CALL_DEPTH, CELLS, SUSPENDED } from '../../assembly/shared/limits.ts';
import {
  REASON_CALL_CYCLE,
  REASON_CALL_DEPTH,
  REASON_CALL_WAITS,
  REASON_CANCELLED,
  REASON_CELL_LOADING,
  REASON_DEADLINE_RUNNING,
  REASON_WAIT_FULL,
} from '../../assembly/shared/reason.ts';
import {
  ABORTED,
  CANCELLED,
  DEADLINE_EXCEEDED,
  RESOURCE_EXHAUSTED,
  UNAVAILABLE,
} from '../../assembly/shared/status.ts';
import type { Crossings } from '../cell/calling.ts';
import type { Instance } from '../cell/instance.ts';
import type { Claim, Loan, Pool, WaitingCall } from '../cell/pool.ts';
import { nowUs } from './clock.ts';
import { owe } from './debts.ts';
import { messageBytes, writeRecord } from './error-record.ts';
import type { Kernel } from './kernel.ts';
import { ROUTE_NONE } from './marks.ts';
import type { SharedMemory } from './memory.ts';
import { SLOT_CROSSING } from './slots.ts';

/** What crossings need of their lane. */
export interface CrossingHost {
  memory: SharedMemory;
  lane: number;
  table: WebAssembly.Table;
  kernel: Kernel;
  pool(cell: number): Pool | undefined;
  /** Makes one more instance for waiting calls, at once or later. */
  grow(pool: Pool): void;
  /** An instance of `pool` is free. */
  wake(pool: Pool): void;
}

const refusal = (status: number, reason: number): number => -(status | (reason << 8));

/** Loans and claims of one lane. */
export class Crossing implements Crossings {
  readonly table: WebAssembly.Table;
  readonly first = SLOT_CROSSING;
  readonly kernel: Kernel;
  private readonly host: CrossingHost;
  private readonly block: number;
  private readonly entries: number[] = [];
  /** Pools with claims. */
  private readonly wanted = new Set<Pool>();

  constructor(host: CrossingHost) {
    this.host = host;
    this.table = host.table;
    this.kernel = host.kernel;
    this.block = host.memory.laneBase(host.lane) >>> 2;
    for (let i = SUSPENDED * CALL_DEPTH; i > 0; i--) this.entries.push(SLOT_CROSSING + i - 1);
  }

  acquire(caller: Instance, route: number): number | Promise<number> {
    const call = caller.stack;
    if (call === null) return refusal(UNAVAILABLE, REASON_CALL_WAITS);
    if (call.answered) return refusal(CANCELLED, REASON_CANCELLED);
    if (call.deadlineUs !== 0 && call.deadlineUs <= nowUs()) {
      return refusal(DEADLINE_EXCEEDED, REASON_DEADLINE_RUNNING);
    }
    if (call.loans.length >= CALL_DEPTH) return refusal(RESOURCE_EXHAUSTED, REASON_CALL_DEPTH);
    const { view } = this.host.memory;
    const row = this.host.memory.routeAt(route);
    const home = view.getUint32(row + R_HOME, true);
    if (home !== ROUTE_NONE && home !== this.host.lane) {
      return refusal(UNAVAILABLE, REASON_CALL_WAITS);
    }
    const pool = this.host.pool(view.getUint32(row + R_CELL, true));
    if (pool === undefined) return refusal(UNAVAILABLE, REASON_CELL_LOADING);
    if (pool.actor) {
      const circle = circleOf(call, pool);
      if (circle !== null) return this.refuseCircle(circle);
      if (pool.idle.length === 0) return this.claim(call, caller, pool, route);
    } else if (pool.idle.length === 0) {
      if (!pool.open) return refusal(RESOURCE_EXHAUSTED, REASON_WAIT_FULL);
      this.host.grow(pool);
      if (pool.idle.length === 0) return this.claim(call, caller, pool, route);
    }
    return this.lend(call, pool, route);
  }

  private claim(
    call: WaitingCall,
    caller: Instance,
    pool: Pool,
    route: number,
  ): Promise<number> | number {
    if (!caller.suspended()) return refusal(UNAVAILABLE, REASON_CALL_WAITS);
    return new Promise((settle) => {
      call.claim = { call, caller, pool, route, settle };
      pool.claims.push(call.claim);
      this.wanted.add(pool);
    });
  }

  private lend(call: WaitingCall, pool: Pool, route: number): number {
    const instance = pool.idle.pop() as Instance;
    const entry = this.entries.pop() as number;
    this.table.set(entry, instance.serve);
    if (pool.actor) pool.holder = call;
    call.loans.push({ pool, instance, route, entry });
    instance.lend(call, call.instance as Instance);
    (call.instance as Instance).turn(route);
    return entry;
  }

  release(caller: Instance): void {
    const call = caller.stack as WaitingCall;
    const loan = call.loans.pop() as Loan;
    owe(call, loan.pool, loan.instance.end(0));
    this.take(loan);
    (call.instance as Instance).turn(call.loans.at(-1)?.route ?? ROUTE_NONE);
    loan.pool.release(loan.instance);
    this.host.wake(loan.pool);
  }

  private take({ instance, pool, entry }: Loan): void {
    this.table.set(entry, null);
    this.entries.push(entry);
    if (pool.actor && pool.holder === instance.stack) pool.holder = null;
    instance.lend(null, null);
  }

  /** Gives free instances to those that stand still for one. */
  serveAll(): void {
    for (const pool of this.wanted) {
      this.serve(pool);
      if (pool.claims.length === 0) this.wanted.delete(pool);
    }
  }

  private serve(pool: Pool): void {
    while (pool.claims.length > 0) {
      const lacks = pool.idle.length === 0 && pool.starting < pool.claims.length;
      if (lacks && !pool.actor && pool.open) this.host.grow(pool);
      if (pool.idle.length === 0) return;
      const claim = pool.claims.shift() as Claim;
      const { call } = claim;
      // Its timer may be late: nothing is begun that nobody waits for.
      const late = call.deadlineUs !== 0 && call.deadlineUs <= nowUs();
      this.settle(claim, () =>
        late
          ? refusal(DEADLINE_EXCEEDED, REASON_DEADLINE_RUNNING)
          : this.lend(call, pool, claim.route),
      );
    }
  }

  /** The claimant goes on, with what `entry` says. */
  private settle(claim: Claim, entry: () => number): void {
    claim.call.claim = null;
    claim.caller.resuming();
    claim.settle(entry());
  }

  /** `call` was answered while it stood still: what it runs in goes on, and hears of that. */
  drop(call: WaitingCall, status: number, reason: number): void {
    const { claim } = call;
    if (claim === null) return;
    claim.pool.claims.splice(claim.pool.claims.indexOf(claim), 1);
    this.settle(claim, () => refusal(status, reason));
  }

  /** `call` trapped: its stack is gone with all that it had called, which are returned. */
  wreck(call: WaitingCall): Loan[] {
    const loans = call.loans;
    call.loans = [];
    for (const loan of loans) this.take(loan);
    return loans;
  }

  private refuseCircle(names: string[]): number {
    return -(ABORTED | (REASON_CALL_CYCLE << 8) | (this.write(names) << 16));
  }

  private write(names: string[]): number {
    const path = names.map((name) => `\`${name}\``).join(' -> ');
    const text = `these cells call each other in a circle: ${path}; break it, or it never ends`;
    const { memory, lane } = this.host;
    return writeRecord(memory.view, memory.repliesAt(lane), messageBytes(text));
  }

  explain(link: number): number {
    const { memory, lane } = this.host;
    const { words, view } = memory;
    const nameOf = (route: number): string =>
      this.host.pool(view.getUint32(memory.routeAt(route) + R_CELL, true))?.name ?? '?';
    const depth = words[this.block + L_NESTED_WORD];
    const chain = (memory.part(lane, PART_BUSY_WORD) + CELLS) >>> 2;
    const names = [nameOf(words[this.block + L_ROUTE_WORD] >>> 0)];
    for (let i = 0; i < depth; i++) {
      names.push(nameOf(words[chain + (i * NEST_BYTES) / 4] >>> 0));
    }
    const called = nameOf((words[link >>> 2] - 1) >>> 0);
    return this.write([...names.slice(Math.max(0, names.indexOf(called))), called]);
  }

  /** What a trap below nested calls left: the cells whose instances for pure calls lay on that
   *  stack, and the innermost route. null: none were nested. */
  wrecked(): { cells: number[]; route: number } | null {
    const { memory, lane } = this.host;
    const { words, bytes } = memory;
    const depth = words[this.block + L_NESTED_WORD];
    if (depth === 0) return null;
    const busy = memory.part(lane, PART_BUSY_WORD);
    const cells: number[] = [];
    for (let cell = 0; cell < CELLS; cell++) if (bytes[busy + cell] !== 0) cells.push(cell);
    const nest = (busy + CELLS + (depth - 1) * NEST_BYTES) >>> 2;
    return { cells, route: words[nest] >>> 0 };
  }

  /** No call is nested: at the start of a lane, and after a trap was told. */
  clear(): void {
    const { memory, lane } = this.host;
    const busy = memory.part(lane, PART_BUSY_WORD);
    memory.bytes.fill(0, busy, busy + CELLS);
    memory.words[this.block + L_NESTED_WORD] = 0;
    memory.words[this.block + L_INNER_ROUTE_WORD] = ROUTE_NONE | 0;
  }
}

/** The cells of the circle that `call` would close by standing still for `pool`; null: none. */
function circleOf(call: WaitingCall, pool: Pool): string[] | null {
  const path: Pool[] = [];
  for (let next: Pool | undefined = pool; next !== undefined; ) {
    path.push(next);
    const holder: WaitingCall | null = next.holder;
    if (holder === call) {
      const own = [call.pool, ...call.loans.map((loan) => loan.pool)];
      return [...own.slice(own.indexOf(next)), ...path].map((p) => p.name);
    }
    next = path.length > CELLS ? undefined : holder?.claim?.pool;
  }
  return null;
}
