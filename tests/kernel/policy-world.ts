// Owns what the tests of policies share: a world whose cell counts its calls, arguments as records,
// and the ways to read spans, counters and route metrics back.

import * as layout from '../../assembly/shared/layout.ts';
import type { SpanRecord } from '../../host/lane/contract.ts';
import { takeSpans } from '../../host/lane/span-ring.ts';
import { routeStats } from '../../host/lane/stats.ts';
import { encodeRecord, type Value } from '../../host/schema/dynamic.ts';
import { NO_TYPES } from '../../host/schema/layout.ts';
import type { Field, Policies, Type } from '../../host/schema/types.ts';
import { assemble, guest } from './cells.ts';
import { debugModules } from './modules.ts';
import { frame, type Reply, World, type WorldOptions } from './world.ts';

/** Answers with the number of its calls, u32, and its arguments behind; method 1 fails NOT_FOUND,
 *  method 2 traps, method 3 answers with 600 KB less its number of calls. */
const COUNTING = guest({
  more: '(global $calls (mut i32) (i32.const 0))',
  alloc: '(i32.const 1028)',
  handle: `
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store (i32.const 1024) (global.get $calls))
    (if (i32.eq (local.get $method) (i32.const 1))
      (then (call $fail (i32.const 5) (i32.const 0) (i32.const 0))))
    (if (i32.eq (local.get $method) (i32.const 2)) (then (unreachable)))
    (i64.or (i64.shl (i64.const 1024) (i64.const 32))
      (i64.extend_i32_u (i32.add (local.get $len) (i32.const 4))))`,
});

export const u32: Type = { kind: 'scalar', scalar: 'u32' };
export const text: Type = { kind: 'string' };
export const nullable = (of: Type): Type => ({ kind: 'nullable', of });
export const ID: Field[] = [{ name: 'id', type: u32 }];

export const SECOND = 1_000_000;

export class PolicyWorld extends World {
  #call = 0;
  readonly slot: number;

  constructor(options: Partial<WorldOptions> = {}) {
    super({ modules: debugModules, ...options });
    this.slot = this.install(assemble(COUNTING));
    for (let slot = 1; slot < 6; slot++) this.session(slot);
    this.collect(true);
  }

  collect(on: boolean): void {
    this.shared.words[layout.CONTROL / 4 + layout.C_COLLECT_SPANS_WORD] = on ? 1 : 0;
  }

  /** A route with policies over parameter `id: u32`, or others. */
  policy(route: number, policies: Policies, more: object = {}): void {
    this.route(route, { slot: this.slot, policies, params: ID, ...more });
  }

  /** Asks once; the reply. */
  one(
    route: number,
    args: Uint8Array,
    fields: { connection?: number; flags?: number } = {},
  ): Reply {
    const call = ++this.#call;
    const { flags = 0 } = fields;
    const replies = this.ask(fields.connection ?? 1, frame({ route, call, flags, payload: args }));
    const found = replies.filter((reply) => reply.call === call);
    if (found.length !== 1) throw new Error(`${found.length} answers`);
    return found[0];
  }

  /** Which call of the cell the reply is of; -1 when it failed. */
  made(route: number, args: Uint8Array, connection = 1): number {
    const reply = this.one(route, args, { connection });
    return reply.status === 0 ? new DataView(reply.payload.buffer).getUint32(0, true) : -1;
  }

  stats(route: number) {
    return routeStats(this.shared, route);
  }

  spans(): SpanRecord[] {
    this.kernel.settle(this.now);
    const all: SpanRecord[] = [];
    takeSpans(this.shared, (span) => all.push(span), Number.POSITIVE_INFINITY);
    return all;
  }
}

/** Arguments as a client encodes them. */
export function args(params: Field[], value: Record<string, unknown>): Uint8Array {
  return encodeRecord(NO_TYPES, params, value as Record<string, Value>);
}

export const id = (value: number) => args(ID, { id: value });
