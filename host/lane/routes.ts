// Owns the route rows of the listener's side: written when a cell is loaded, pointed at the
// quarantine stub and back. Lanes read rows at every frame, so a field that makes a row live is
// stored last.
import { CHANNEL_MACRO } from '../../assembly/shared/frame.ts';
import {
  C_ROUTE_COUNT_WORD,
  CONTROL,
  HOME_ANY,
  R_CELL,
  R_CPU_MS,
  R_FLAGS,
  R_HOME,
  R_INTERVAL,
  R_METHOD,
  R_PAYLOAD_BYTES,
  R_POLICY,
  R_ROLES_ANY,
  R_SCOPES_ALL,
  R_SLOT,
  R_TOLERANCE,
  ROUTE_CHANNEL_SHIFT,
  ROUTE_LIVE,
  ROUTE_POLICY,
  ROUTE_PUBLIC,
  ROUTE_RATE_METHOD,
  ROUTE_WAITING,
} from '../../assembly/shared/layout.ts';
import type { Rate } from '../cell/config.ts';
import type { CellSpec } from './contract.ts';
import type { SharedMemory } from './memory.ts';
import type { CellPart } from './part.ts';
import { forgetReplies, PolicyRecords } from './policies.ts';
import { SLOT_QUARANTINED, slotOf } from './slots.ts';

/** Names of roles and scopes to masks: host/session/bits.ts. Throws when the bits are used up. */
export interface Demands {
  roles: { demand(names: readonly string[]): bigint };
  scopes: { demand(names: readonly string[]): bigint };
}

/** What rows need beside the cell. */
export interface RouteOptions {
  rights: Demands;
  /** Rates by `cell.method`. */
  rates: Record<string, Rate>;
  /** Upper bound for every cell's own CPU budget, in ms. */
  cpuMs: number;
}

/** The limiter's two words for a rate: microseconds per call, and microseconds of burst. */
export function intervalOf(rate: Rate): { interval: number; tolerance: number } {
  const interval = Math.max(1, Math.min(Math.round(1e6 / rate.perSecond), 0x7fffffff));
  const burst = rate.burst ?? Math.max(1, Math.ceil(rate.perSecond));
  return { interval, tolerance: Math.min(interval * (burst - 1), 0x7fffffff) };
}

/** The route table in shared memory, with the policies that its rows name. */
export class Routes {
  readonly policies: PolicyRecords;
  private readonly memory: SharedMemory;
  private readonly options: RouteOptions;

  /** Routes that go through a queue now; by host/lane/links.ts for those that call others. */
  private readonly waits = new Set<number>();

  constructor(memory: SharedMemory, options: RouteOptions) {
    this.memory = memory;
    this.options = options;
    this.policies = new PolicyRecords(memory);
  }

  /**
   * Writes the rows of a cell that every lane holds now. What was kept of its replies is void.
   * RangeError when the table is full or a method asks for more than its policies may.
   */
  write(spec: CellSpec, part: CellPart): void {
    const end = spec.firstRoute + spec.schema.methods.length;
    const most = this.memory.routeCapacity;
    if (end > most) throw new RangeError(`more than ${most} methods in one host`);
    // All records before any row: a cell that asks for too much has no row at all.
    const policies = spec.schema.methods.map((method) => this.policies.write(spec.name, method));
    for (const [i, policy] of policies.entries()) this.writeRow(spec, part, i, policy);
    const words = this.memory.words;
    const count = (CONTROL >>> 2) + C_ROUTE_COUNT_WORD;
    if (Atomics.load(words, count) < end) Atomics.store(words, count, end);
  }

  private writeRow(spec: CellSpec, part: CellPart, i: number, policy: number): void {
    const { view } = this.memory;
    const { rights, rates, cpuMs } = this.options;
    const method = spec.schema.methods[i];
    const at = this.memory.routeAt(spec.firstRoute + i);
    const { access } = method;
    view.setBigUint64(at + R_ROLES_ANY, rights.roles.demand(access.anyRole), true);
    view.setBigUint64(at + R_SCOPES_ALL, rights.scopes.demand(access.scopes), true);
    view.setUint32(at + R_SLOT, slotOf(spec.index), true);
    view.setUint32(at + R_METHOD, method.index, true);
    view.setUint32(at + R_CELL, spec.index, true);
    view.setUint32(at + R_HOME, part.home < 0 ? HOME_ANY : part.home, true);
    // The operator knows the machine: a configured rate replaces the decorator's.
    const asked = method.policies?.rate;
    const rate = rates[`${spec.name}.${method.name}`] ?? asked;
    const { interval, tolerance } = rate ? intervalOf(rate) : { interval: 0, tolerance: 0 };
    view.setUint32(at + R_INTERVAL, interval, true);
    view.setUint32(at + R_TOLERANCE, tolerance, true);
    const { limits } = spec.manifest;
    view.setUint32(
      at + R_PAYLOAD_BYTES,
      Math.min(limits.payloadBytes, this.memory.messageBytes),
      true,
    );
    view.setUint32(at + R_CPU_MS, Math.min(limits.cpuMs, cpuMs), true);
    const waits = part.methods[i].waiting ? ROUTE_WAITING : 0;
    if (waits !== 0) this.waits.add(spec.firstRoute + i);
    forgetReplies(this.memory, view.getUint32(at + R_POLICY, true));
    view.setUint32(at + R_POLICY, policy, true);
    const flags =
      (access.public ? ROUTE_PUBLIC : 0) |
      (policy === 0 ? 0 : ROUTE_POLICY) |
      (asked?.per === 'method' ? ROUTE_RATE_METHOD : 0) |
      ((method.channel === 'macro' ? CHANNEL_MACRO : 0) << ROUTE_CHANNEL_SHIFT);
    Atomics.store(this.memory.words, (at + R_FLAGS) >>> 2, ROUTE_LIVE | waits | flags);
  }

  /** Points a cell's rows at the stub that answers QUARANTINE, or back at its own slot. */
  quarantine(part: CellPart, on: boolean): void {
    const { words } = this.memory;
    for (const i of part.methods.keys()) {
      const waiting = this.waits.has(part.firstRoute + i);
      const at = this.memory.routeAt(part.firstRoute + i);
      const flags = (at + R_FLAGS) >>> 2;
      const slot = on ? SLOT_QUARANTINED : slotOf(part.index);
      // The slot is the stub whenever a waiting route is not queued: nobody enters a cell beside
      // its queue, not even between these stores.
      if (!on && waiting) Atomics.or(words, flags, ROUTE_WAITING);
      Atomics.store(words, (at + R_SLOT) >>> 2, slot);
      if (on && waiting) Atomics.and(words, flags, ~ROUTE_WAITING);
    }
  }

  /**
   * A route waits now, or does not any more, and belongs to lane `home` (-1: to any). An actor's
   * that has waited goes on: calls may be in its queue, and nobody enters an actor beside it.
   */
  move(part: CellPart, method: number, waits: boolean, home: number): void {
    const { words } = this.memory;
    const route = part.firstRoute + method;
    const at = this.memory.routeAt(route);
    Atomics.store(words, (at + R_HOME) >>> 2, home < 0 ? HOME_ANY | 0 : home);
    if (this.waits.has(route) === waits || (part.actor && !waits)) return;
    if (waits) this.waits.add(route);
    else this.waits.delete(route);
    if (words[(at + R_SLOT) >>> 2] === SLOT_QUARANTINED) return;
    const flags = (at + R_FLAGS) >>> 2;
    if (waits) Atomics.or(words, flags, ROUTE_WAITING);
    else Atomics.and(words, flags, ~ROUTE_WAITING);
  }

  /** CPU budget of a route in ms. */
  budgetMs(route: number): number {
    return this.memory.view.getUint32(this.memory.routeAt(route) + R_CPU_MS, true);
  }
}
