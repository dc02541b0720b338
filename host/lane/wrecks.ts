// Owns what a trap means for the instances of a lane: which of them had frames on the stack that is
// gone, and what is said of it. Every one of them is replaced, and nobody else.
//
// On a stack lie, from below: the cell of the frame or waiting call, cells that it has called and
// that may wait (loans), and at its top calls that are answered at once (nested).
import { R_CELL } from '../../assembly/shared/layout.ts';
import { TRAPPED } from '../capability/contract.ts';
import type { Instance } from '../cell/instance.ts';
import type { Pool, WaitingCall } from '../cell/pool.ts';
import type { Crossing } from './crossing.ts';
import { ROUTE_NONE } from './marks.ts';
import type { SharedMemory } from './memory.ts';
import type { CellPart } from './part.ts';
import type { TrapTeller } from './trap-teller.ts';

/** One cell of a lane. */
export interface Held {
  part: CellPart;
  pool: Pool;
  /** Failed revivals in a row; sets how long the next one waits. */
  failures: number;
  /** Takes the place of instance 0 when it traps. Only a cell that has trapped has one. */
  spare: Instance | null;
}

/** Nested calls that a trap has ended. */
interface Wreck {
  cells: number[];
  /** Where it happened: the route, and the instance while it can still be asked. */
  inner: Held;
  route: number;
  instance: Instance | null;
}

export interface WreckHost {
  memory: SharedMemory;
  crossing: Crossing;
  teller: TrapTeller;
  held(cell: number): Held | undefined;
  /** The cell's instance for pure calls, or an actor's only one, is dead. */
  drop(held: Held): void;
}

export class Wrecks {
  private readonly host: WreckHost;
  /** Of calls that have trapped before they stood still for the first time. */
  private readonly early = new WeakMap<WaitingCall, Wreck>();

  constructor(host: WreckHost) {
    this.host = host;
  }

  /**
   * A trap while the kernel served a call of `route`: what to tell, and the cells whose instances
   * are dead; the caller drops them, once the call is answered. Throws `error` when it is none of a
   * cell's.
   */
  inDrain(route: number, error: unknown): { text: string; dead: Held[] } {
    const outer = this.ownerOf(route);
    if (outer === undefined) throw error;
    const wreck = this.find();
    const text = this.tellOf(wreck, error) ?? this.tell(outer, route, outer.pool.first, error);
    const dead = new Set([outer, ...(wreck?.cells ?? []).map((cell) => this.at(cell))]);
    if (wreck !== null) this.host.crossing.clear();
    return { text, dead: [...dead] };
  }

  /** A waiting call was begun: it may have trapped at once, and is told so later. */
  begun(call: WaitingCall): void {
    const wreck = this.find();
    if (wreck === null) return;
    this.early.set(call, wreck);
    this.clear(wreck);
  }

  /** A trap on the stack of a waiting call: drops what was on it, returns what to tell. */
  inCall(call: WaitingCall, error: unknown): string {
    const { crossing } = this.host;
    const now = this.find();
    const nested = this.tellOf(this.early.get(call) ?? now, error);
    this.clear(now);
    const instance = call.instance as Instance;
    const loans = crossing.wreck(call);
    const loan = loans.at(-1);
    const held = this.at((loan?.pool ?? call.pool).cell);
    const text =
      nested ?? this.tell(held, loan?.route ?? call.route, loan?.instance ?? instance, error);
    for (const one of [...loans, { pool: call.pool, instance }]) this.lose(one.pool, one.instance);
    return nested === null && loan !== undefined ? `in \`${held.part.name}\`: ${text}` : text;
  }

  /** What a trap below nested calls left; null when none was nested. Changes nothing. */
  private find(): Wreck | null {
    const found = this.host.crossing.wrecked();
    if (found === null) return null;
    const inner = this.ownerOf(found.route) as Held;
    return { ...found, inner, instance: inner.pool.first };
  }

  private clear(wreck: Wreck | null): void {
    if (wreck === null) return;
    this.host.crossing.clear();
    for (const cell of wreck.cells) this.host.drop(this.at(cell));
  }

  private lose(pool: Pool, instance: Instance): void {
    instance.end(TRAPPED);
    if (pool.first === instance) this.host.drop(this.at(pool.cell));
    else if (!pool.actor) pool.drop(instance);
  }

  private at(cell: number): Held {
    return this.host.held(cell) as Held;
  }

  /** The cell of this lane that a route belongs to. */
  private ownerOf(route: number): Held | undefined {
    if (route === ROUTE_NONE) return undefined;
    const { memory } = this.host;
    return this.host.held(memory.view.getUint32(memory.routeAt(route) + R_CELL, true));
  }

  private tellOf(wreck: Wreck | null, error: unknown): string | null {
    if (wreck === null) return null;
    const { inner, route, instance } = wreck;
    return `in \`${inner.part.name}\`: ${this.tell(inner, route, instance, error)}`;
  }

  private tell(held: Held, route: number, instance: Instance | null, error: unknown): string {
    const { name } = held.part.methods[route - held.part.firstRoute];
    return this.host.teller.tell(held.part, name, instance, error);
  }
}
