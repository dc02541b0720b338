// Owns the policy records of the listener's side: what methods ask of the kernel beside roles and
// rates (assembly/shared/layout.ts, POLICY_* and Y_*), and which counter has which number. Records
// are written before a row names them and never given back: a host loads its cells once.
//
//   POLICY_HEAD | u32 each: counters | programs of the memo's tags | programs of what is forgotten
//   program: u32 bytes behind | u64 hash of its first text | steps
//   step: u32 kind | value << 8, and text, padded to 4

import {
  C_EPOCH_WORD,
  CONTROL,
  COUNTER_CLAIMS,
  POLICY_COUNT,
  POLICY_FORGET,
  POLICY_HEAD,
  POLICY_MEMO,
  POLICY_SHARED,
  POLICY_SPAN,
  R_POLICY,
  STEP_TEXT,
  TAG_PRIME,
  TAG_START,
  Y_COUNTERS,
  Y_EPOCH,
  Y_FLAGS,
  Y_FORGETS,
  Y_SAMPLE,
  Y_STALE,
  Y_TAGS,
  Y_TTL,
} from '../../assembly/shared/layout.ts';
import {
  COUNTERS,
  FORGET_TAGS,
  LABEL_SETS,
  MEMO_TAGS,
  METHOD_COUNTERS,
  POLICIES_BYTES,
  TAG_BYTES,
} from '../../assembly/shared/limits.ts';
import { layoutOf } from '../schema/layout.ts';
import { tagStep } from '../schema/tags.ts';
import type { Method, Policies, Template } from '../schema/types.ts';
import type { CounterStats } from './contract.ts';
import type { SharedMemory } from './memory.ts';
import type { CellPart } from './part.ts';

/** A counter of one method: labels with a value are fixed, the others are claims of the caller. */
interface Counter {
  cell: string;
  method: string;
  name: string;
  labels: { key: string; value: string | null }[];
}

type Labels = Counter['labels'];

const utf8 = new TextEncoder();

/** Longest time that a policy may name: 365 days, in microseconds. */
const LONGEST_US = 365 * 86_400 * 1_000_000;

/** Words of a record's lists, one after the other. */
class Words {
  bytes: number[] = [];

  word(value: number): void {
    this.bytes.push(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
  }

  text(bytes: Uint8Array): void {
    this.bytes.push(...bytes);
    while (this.bytes.length % 4 !== 0) this.bytes.push(0);
  }
}

/** The policy records of one host, and its counters. */
export class PolicyRecords {
  private readonly memory: SharedMemory;
  private readonly counters: Counter[] = [];
  private used = 0;

  constructor(memory: SharedMemory) {
    this.memory = memory;
  }

  /**
   * Writes the record of a method of `cell`; its byte offset in shared memory, 0 when the method
   * asks for nothing that needs one. Throws RangeError when it asks for more than the limits allow,
   * or the tables are full.
   */
  write(cell: string, method: Method): number {
    const { policies } = method;
    if (policies === undefined) return 0;
    const where = `\`${cell}.${method.name}\``;
    const lists = new Words();
    const counters = this.countersOf(cell, method, where, lists);
    const tagsAt = POLICY_HEAD + lists.bytes.length;
    const tags = policies.memo?.tags ?? [];
    programs(lists, method, tags, MEMO_TAGS, `${where} keeps replies under`);
    const forgetsAt = POLICY_HEAD + lists.bytes.length;
    const forgets = policies.forget ?? [];
    programs(lists, method, forgets, FORGET_TAGS, `${where} forgets`);
    const flags = flagsOf(policies);
    if (flags === 0) return 0;
    const at = this.take(POLICY_HEAD + lists.bytes.length, where);
    const { view, bytes } = this.memory;
    bytes.set(lists.bytes, at + POLICY_HEAD);
    const list = (word: number, count: number, offset: number) => {
      view.setUint32(at + word, count, true);
      view.setUint32(at + word + 4, offset, true);
    };
    list(Y_COUNTERS, counters, POLICY_HEAD);
    list(Y_TAGS, tags.length, tagsAt);
    list(Y_FORGETS, forgets.length, forgetsAt);
    const micros = (word: number, ms: number, what: string) =>
      view.setBigInt64(at + word, BigInt(microseconds(ms, `${where}: ${what}`)), true);
    const { ttlMs, swrMs } = policies.memo ?? { ttlMs: 0, swrMs: 0 };
    micros(Y_TTL, ttlMs, 'a kept reply lasts');
    micros(
      Y_STALE,
      ttlMs + microseconds(swrMs, `${where}: a stale reply lasts`) / 1000,
      'a kept reply lasts',
    );
    view.setUint32(at + Y_SAMPLE, threshold(policies.span?.ratio ?? 0, where), true);
    view.setUint32(at + Y_FLAGS, flags, true);
    forgetReplies(this.memory, at);
    return at;
  }

  private take(bytes: number, where: string): number {
    const from = (this.used + 7) & ~7;
    if (from + bytes > POLICIES_BYTES) {
      throw new RangeError(
        `${where}: the policies of all methods have at most ${POLICIES_BYTES} bytes in one host`,
      );
    }
    this.used = from + bytes;
    return this.memory.policiesAt + from;
  }

  private countersOf(cell: string, method: Method, where: string, lists: Words): number {
    const asked = method.policies?.counters ?? [];
    if (asked.length > METHOD_COUNTERS) {
      throw new RangeError(
        `${where} has ${asked.length} counters: at most ${METHOD_COUNTERS} count one method`,
      );
    }
    for (const { name, labels } of asked) {
      const claims = labels.some((label) => label.value === null);
      const index = this.numberOf({ cell, method: method.name, name, labels }, where);
      lists.word(claims ? (index | COUNTER_CLAIMS) >>> 0 : index);
    }
    return asked.length;
  }

  /** The number of a counter; a method that is loaded again keeps those it had. */
  private numberOf(counter: Counter, where: string): number {
    const known = this.counters.findIndex(
      (each) =>
        each.cell === counter.cell &&
        each.method === counter.method &&
        each.name === counter.name &&
        isSame(each.labels, counter.labels),
    );
    if (known >= 0) return known;
    if (this.counters.length >= COUNTERS) {
      throw new RangeError(
        `${where}: there is no room for the counter \`${counter.name}\`: ` +
          `one host has at most ${COUNTERS}`,
      );
    }
    return this.counters.push(counter) - 1;
  }

  /** What was counted so far, over all lanes. Reads while lanes write; every count is whole. */
  read(): CounterStats[] {
    const { view, lanes } = this.memory;
    const all: CounterStats[] = [];
    for (const [i, counter] of this.counters.entries()) {
      for (let set = 0; set < LABEL_SETS; set++) {
        let value = 0;
        for (let lane = 0; lane < lanes; lane++) {
          value += Number(view.getBigUint64(this.memory.countersAt(lane, i) + set * 8, true));
        }
        if (value > 0) all.push({ ...counter, set, value });
      }
    }
    return all;
  }
}

/** What was kept of the method whose record lies at `policy` (0: it has none) is void. */
export function forgetReplies(memory: SharedMemory, policy: number): void {
  if (policy === 0) return;
  const { words } = memory;
  const epoch = Atomics.add(words, (CONTROL >>> 2) + C_EPOCH_WORD, 1) + 1;
  Atomics.store(words, (policy + Y_EPOCH) >>> 2, epoch);
}

/** What was kept of a cell is void: every lane asks it again. */
export function forgetCell(memory: SharedMemory, part: CellPart): void {
  for (const i of part.methods.keys()) {
    const row = memory.routeAt(part.firstRoute + i);
    forgetReplies(memory, memory.view.getUint32(row + R_POLICY, true));
  }
}

function isSame(a: Labels, b: Labels): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function flagsOf(policies: Policies): number {
  const { memo, forget, span, counters } = policies;
  return (
    (span ? POLICY_SPAN : 0) |
    (memo ? POLICY_MEMO : 0) |
    (memo?.shared ? POLICY_SHARED : 0) |
    (forget?.length ? POLICY_FORGET : 0) |
    (counters?.length ? POLICY_COUNT : 0)
  );
}

function microseconds(ms: number, what: string): number {
  const us = Math.round(ms * 1000);
  if (us >= 0 && us <= LONGEST_US) return us;
  throw new RangeError(`${what} ${ms} ms: it must be between 0 and ${LONGEST_US / 1000}`);
}

/** Random numbers of 31 bits below this are sampled: all of them at a ratio of 1. */
function threshold(ratio: number, where: string): number {
  if (ratio >= 0 && ratio <= 1) return Math.round(ratio * 2 ** 31);
  throw new RangeError(`${where} samples ${ratio} of its calls: it must be between 0 and 1`);
}

function programs(
  lists: Words,
  method: Method,
  templates: Template[],
  most: number,
  what: string,
): void {
  if (templates.length > most) {
    throw new RangeError(`${what} ${templates.length} tags: at most ${most} are allowed`);
  }
  for (const template of templates) program(lists, method, template, what);
}

/** assembly/kernel/utf8.ts, text(), of the tag's first text. */
function hashOf(text: Uint8Array): bigint {
  let hash = BigInt(TAG_START);
  for (const byte of text) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * BigInt(TAG_PRIME));
  }
  return hash || 1n;
}

function program(lists: Words, method: Method, template: Template, what: string): void {
  const { slots } = layoutOf(method.params);
  const parts = template.filter((part) => part !== '');
  const first =
    typeof parts[0] === 'string' ? utf8.encode(parts.shift() as string) : utf8.encode('');
  const steps = new Words();
  let room = TAG_BYTES - first.length;
  for (const part of parts) {
    if (typeof part === 'string') {
      const text = utf8.encode(part);
      room -= text.length;
      steps.word(STEP_TEXT | (text.length << 8));
      steps.text(text);
      continue;
    }
    const slot = slots[part];
    const step = slot === undefined ? null : tagStep(slot.field.type);
    if (slot === undefined || step === null) {
      const which = slot === undefined ? `parameter ${part}` : `\`${slot.field.name}\``;
      throw new RangeError(`${what} a tag with ${which}, which has no text that names it`);
    }
    steps.word((step | (slot.offset << 8)) >>> 0);
  }
  if (room < 0) throw new RangeError(`${what} a tag of more than ${TAG_BYTES} bytes`);
  const hash = hashOf(first);
  lists.word(steps.bytes.length + 8);
  lists.word(Number(hash & 0xffffffffn));
  lists.word(Number(hash >> 32n));
  lists.bytes.push(...steps.bytes);
}
