// Owns test cells that call others: each method makes one call of one remote method with its own
// payload, and answers with what it got: u64 status | reason << 8, then the reply or error record.
import { number, reply, type WatCell, type WatMethod } from './cells.ts';
import { type Answer, messageOf } from './desk.ts';

export interface Way {
  /** Name of the caller's method. */
  name: string;
  /** `ledger.debit`. */
  target: string;
  tier?: 'pure' | 'waiting';
  access?: WatMethod['access'];
  /** In place of the method's index among the cell's links: hostile. */
  index?: number;
  /** WAT before the call and after it (its reply is at 4096, $n bytes long). */
  before?: string;
  after?: string;
  /** It does not say that it calls. */
  silent?: boolean;
}

export interface CallerOptions {
  actor?: boolean;
  imports?: string;
  extra?: string;
  methods?: WatMethod[];
  alloc?: string;
  start?: string;
  cpuMs?: number;
  /** Methods that it was built against beside those that it calls, with their texts. */
  known?: Record<string, Record<string, string>>;
}

const bytesText = (target: string): string => `${target}()->bytes`;

/** What a cell that takes these ways was built against. */
function remotesOf(
  ways: Way[],
  known: CallerOptions['known'],
): Record<string, Record<string, string>> {
  const remotes: Record<string, Record<string, string>> = structuredClone(known ?? {});
  for (const { target } of ways) {
    const [cell, method] = target.split('.');
    remotes[cell] ??= {};
    remotes[cell][method] ??= bytesText(target);
  }
  return remotes;
}

function wayMethod(way: Way, remotes: Record<string, Record<string, string>>): WatMethod {
  const [cell, method] = way.target.split('.');
  const index = way.index ?? Object.keys(remotes[cell]).sort().indexOf(method);
  return {
    name: way.name,
    ...(way.tier ? { tier: way.tier } : {}),
    ...(way.access ? { access: way.access } : {}),
    ...(way.silent ? {} : { calls: [way.target] }),
    body: `(local $r i64) (local $n i32) ${way.before ?? ''}
      (local.set $r (call $to_${cell} (i32.const ${index}) (local.get $ptr) (local.get $len)))
      (i64.store (i32.const 4096) (i64.shr_u (local.get $r) (i64.const 32)))
      (local.set $n (i32.wrap_i64 (local.get $r)))
      (if (i32.or (local.get $n) (i64.eqz (local.get $r))) (then (call $take (i32.const 4104))))
      ${way.after ?? ''}
      ${reply('(i32.const 4096)', '(i32.add (local.get $n) (i32.const 8))')}`,
  };
}

/** A cell that calls others. */
export function caller(name: string, ways: Way[], options: CallerOptions = {}): WatCell {
  const remotes = remotesOf(ways, options.known);
  const imports = Object.keys(remotes).map(
    (cell) => `(import "cell:call" "${cell}" (func $to_${cell} (param i32 i32 i32) (result i64)))`,
  );
  return {
    name,
    memory: '20 32',
    ...options,
    remotes,
    imports: `${imports.join(' ')}
      (import "cell:reply" "take" (func $take (param i32)))
      (import "cell:core" "fail" (func $fail (param i32 i32 i32)))
      ${options.imports ?? ''}`,
    methods: [...ways.map((way) => wayMethod(way, remotes)), ...(options.methods ?? [])],
  };
}

/** Counts its calls in a global: an actor. */
export const counter = (name: string, more: WatMethod[] = []): WatCell => ({
  name,
  actor: true,
  extra: '(global $calls (mut i32) (i32.const 0))',
  methods: [
    {
      name: 'count',
      body: `(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        ${number('(global.get $calls)')}`,
    },
    ...more,
  ],
});

/** What a call of `caller` answered: 0 and the reply, or what it was refused with. */
export function outcome(answer: Answer): { status: number; reason: number; payload: Uint8Array } {
  if (answer.status !== 0) {
    throw new Error(`the caller failed: ${answer.status} ${answer.reason} ${messageOf(answer)}`);
  }
  const [status, reason] = answer.payload;
  return { status, reason, payload: answer.payload.slice(8) };
}
