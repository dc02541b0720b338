// Owns the imports `cell:flags.bool` and `cell:flags.variant`: guest pointers in, the flag as it is
// for the caller of the call in hand. Never waits: it reads tables in shared memory, parsed once a
// version. Never trusts a pointer; never believes a session that ended meanwhile.
//
//   bool(name, length, fallback) -> 0 or 1        `fallback` when there is no such boolean flag
//   variant(name, length, out, capacity) -> bytes of the variant's name, copied when they fit;
//                                           0: no such flag of names, the code's fallback counts

import {
  S_CALLER,
  S_FLAGS,
  S_SUBJECT_AT,
  S_SUBJECT_BYTES,
  SESSION_AUTHENTICATED,
} from '../../assembly/shared/layout.ts';
import type { Flag, Flags } from '../flags/definition.ts';
import { type Asker, bucketOf, evaluateFlag } from '../flags/evaluate.ts';
import { flagsVersion, readFlags } from '../flags/table.ts';
import type { SharedMemory } from '../lane/memory.ts';
import type { Guest } from './contract.ts';

/** Bytes of a flag's name, UTF-8. */
export const NAME_BYTES = 64;
/** Callers whose text and buckets a lane remembers. Threat: subjects without end. */
const REMEMBERED = 4096;

/** A flag as a lane holds it. */
interface Held {
  key: string;
  flag: Flag;
  /** UTF-8 of the key and of the variants. */
  name: Uint8Array;
  variants: Map<string, Uint8Array>;
  /** Buckets by number of the caller (S_CALLER). Numbers are never used twice. */
  buckets: Map<number, number>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function put<V>(map: Map<number, V>, key: number, value: V): V {
  if (map.size >= REMEMBERED) map.clear();
  map.set(key, value);
  return value;
}

/** FNV-1a over bytes: finds flags by name without making a text of it. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash;
}

/** A caller, as its session's text says. */
interface Caller {
  subject: string;
  roles: string[];
}

/** The flags of one lane's thread, and who asks at the moment. One caller at a time. */
export class LaneFlags implements Asker {
  private readonly memory: SharedMemory;
  private version = 0;
  private byHash = new Map<number, Held[]>();
  private readonly callers = new Map<number, Caller>();
  private guest: Guest | null = null;
  /** S_CALLER of who asks; 0 = it must not be remembered. */
  private number = 0;
  /** undefined: not read yet for this question. */
  private asking: Caller | null | undefined;

  constructor(memory: SharedMemory) {
    this.memory = memory;
  }

  private refresh(): void {
    const { version, flags } = readFlags(this.memory);
    // The version last: a guest that has used up its stack may end this anywhere.
    this.byHash = index(flags);
    this.version = version;
  }

  /** The flag whose name lies at [from, from + length) of the guest; null: there is none. */
  find(guest: Guest, at: number, length: number): Held | null {
    if (this.version !== flagsVersion(this.memory)) this.refresh();
    const from = at >>> 0;
    const bytes = guest.bytes();
    const size = length >>> 0;
    if (size > NAME_BYTES || from > bytes.length || size > bytes.length - from) return null;
    const twins = this.byHash.get(hashOf(bytes, from, from + size));
    if (twins === undefined) return null;
    for (const held of twins) if (same(held.name, bytes, from, size)) return held;
    return null;
  }

  /** The value of a flag for the caller that `guest` serves; null: the code's fallback counts. */
  evaluate(guest: Guest, held: Held): boolean | string | null {
    const { flag, buckets } = held;
    if (flag.enabled && flag.rules.length === 0) return flag.default;
    this.guest = guest;
    this.number = 0;
    this.asking = undefined;
    const remember = (key: string, subject: string): number => {
      if (this.number === 0) return bucketOf(key, subject);
      return buckets.get(this.number) ?? put(buckets, this.number, bucketOf(key, subject));
    };
    return evaluateFlag(held.key, flag, this, remember).value;
  }

  subject(): string | null {
    return this.caller()?.subject ?? null;
  }

  roles(): readonly string[] {
    return this.caller()?.roles ?? [];
  }

  private caller(): Caller | null {
    if (this.asking === undefined) this.asking = this.read();
    return this.asking;
  }

  /** Who calls, from the session slot; null: nobody with a token, or the session has ended. */
  private read(): Caller | null {
    const { words } = this.memory;
    const slot = this.guest?.caller() ?? 0;
    if (slot === 0) return null;
    const at = slot >>> 2;
    const flags = Atomics.load(words, at + (S_FLAGS >>> 2));
    const number = Atomics.load(words, at + (S_CALLER >>> 2)) >>> 0;
    if (this.guest?.caller() !== slot || !(flags & SESSION_AUTHENTICATED)) return null;
    const known = this.callers.get(number);
    if (known === undefined || number === 0) return this.decode(slot, number);
    this.number = number;
    return known;
  }

  /** Reads `subject \0 role ... \0\0 scope ...`; remembers it when it did not change meanwhile. */
  private decode(slot: number, number: number): Caller | null {
    const { words, bytes } = this.memory;
    const at = slot >>> 2;
    const of = (field: number): number => Atomics.load(words, at + (field >>> 2)) >>> 0;
    for (;;) {
      const size = of(S_SUBJECT_BYTES);
      const from = of(S_SUBJECT_AT);
      const copy = bytes.slice(from, from + size);
      if (this.guest?.caller() !== slot) return null;
      if (of(S_SUBJECT_BYTES) !== size || of(S_SUBJECT_AT) !== from) continue;
      const text = decoder.decode(copy);
      const [subject, ...roles] = text.slice(0, text.indexOf('\0\0')).split('\0');
      if (number !== 0 && of(S_CALLER) === number) {
        this.number = number;
        return put(this.callers, number, { subject, roles });
      }
      return { subject, roles };
    }
  }
}

function same(name: Uint8Array, bytes: Uint8Array, from: number, size: number): boolean {
  if (name.length !== size) return false;
  for (let i = 0; i < size; i++) if (name[i] !== bytes[from + i]) return false;
  return true;
}

function index(flags: Flags): Map<number, Held[]> {
  const byHash = new Map<number, Held[]>();
  for (const [key, flag] of Object.entries(flags)) {
    const name = encoder.encode(key);
    const variants = new Map((flag.variants ?? []).map((text) => [text, encoder.encode(text)]));
    const hash = hashOf(name, 0, name.length);
    const held = { key, flag, name, variants, buckets: new Map() };
    byHash.set(hash, [...(byHash.get(hash) ?? []), held]);
  }
  return byHash;
}

/** One table a thread and memory: all instances of a lane share what was parsed. */
const LANES = new WeakMap<WebAssembly.Memory, LaneFlags>();

function laneFlags(memory: SharedMemory): LaneFlags {
  const known = LANES.get(memory.memory);
  if (known !== undefined) return known;
  const made = new LaneFlags(memory);
  LANES.set(memory.memory, made);
  return made;
}

/** The two imports for one guest. */
export function flagImports(guest: Guest): Record<string, WebAssembly.ImportValue> {
  const flags = laneFlags(guest.shared);
  const bool = (at: number, length: number, fallback: number): number => {
    const held = flags.find(guest, at, length);
    if (held === null || held.flag.variants !== null) return fallback === 0 ? 0 : 1;
    const value = flags.evaluate(guest, held);
    return value === null ? (fallback === 0 ? 0 : 1) : value === true ? 1 : 0;
  };
  const variant = (at: number, length: number, out: number, capacity: number): number => {
    const held = flags.find(guest, at, length);
    if (held === null || held.flag.variants === null) return 0;
    const value = flags.evaluate(guest, held);
    const text = typeof value === 'string' ? held.variants.get(value) : undefined;
    if (text === undefined) return 0;
    const bytes = guest.bytes();
    const to = out >>> 0;
    if (text.length > capacity >>> 0) return text.length;
    if (to > bytes.length || text.length > bytes.length - to) return 0;
    bytes.set(text, to);
    return text.length;
  };
  return { 'cell:flags.bool': bool, 'cell:flags.variant': variant };
}
