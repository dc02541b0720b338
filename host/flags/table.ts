// Owns the flags in shared memory (assembly/shared/layout.ts, FLAGS_HALVES): the listener thread
// writes them, lanes read them. A lane parses a version once, at its first evaluation after a flip,
// and never waits for the writer: half a version is never seen.

import { FLAGS_HALVES } from '../../assembly/shared/layout.ts';
import { FLAGS_BYTES } from '../../assembly/shared/limits.ts';
import { type Flags, FlagsError } from './definition.ts';

/** What of the shared memory this needs: host/lane/memory.ts. */
export interface FlagMemory {
  words: Int32Array;
  bytes: Uint8Array;
  flagsAt: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NONE: Flags = Object.create(null);

/** Byte offset of the half that a version lies in. */
const halfOf = (memory: FlagMemory, version: number): number =>
  memory.flagsAt + FLAGS_HALVES + (version & 1) * FLAGS_BYTES;

/** Puts `flags` in force for all lanes. FlagsError when they are too large; nothing changes. */
export function writeFlags(memory: FlagMemory, flags: Flags): void {
  const text = encoder.encode(JSON.stringify(flags));
  if (text.length > FLAGS_BYTES - 4) {
    throw new FlagsError(`the flags have ${text.length} bytes; at most ${FLAGS_BYTES - 4} fit`);
  }
  const at = memory.flagsAt >>> 2;
  // 0 means that there are none: the number after the last one is 2, in the half of 0.
  const version = (Atomics.load(memory.words, at) + 1) & 0x7fffffff || 2;
  const half = halfOf(memory, version);
  memory.words[half >>> 2] = text.length;
  memory.bytes.set(text, half + 4);
  Atomics.store(memory.words, at, version);
}

/** Number of the version in force, 0 = none yet. */
export function flagsVersion(memory: FlagMemory): number {
  return Atomics.load(memory.words, memory.flagsAt >>> 2);
}

/** The flags in force and their version. */
export function readFlags(memory: FlagMemory): { version: number; flags: Flags } {
  for (;;) {
    const version = flagsVersion(memory);
    if (version === 0) return { version, flags: NONE };
    const half = halfOf(memory, version);
    const bytes = Math.min(memory.words[half >>> 2] >>> 0, FLAGS_BYTES - 4);
    const text = memory.bytes.slice(half + 4, half + 4 + bytes);
    if (flagsVersion(memory) !== version) continue;
    const flags = JSON.parse(decoder.decode(text)) as Flags;
    return { version, flags: Object.assign(Object.create(null), flags) };
  }
}
