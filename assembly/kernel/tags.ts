// Owns tags: what a template such as `account:{id}` says of one call's arguments, and the clocks
// that tell when a tag was forgotten last. Shared by all lanes without a lock: a clock only grows.
//
//   clocks, u64 each:  forgets of this host so far | ... | TAGS_AT: slot 0 | slot 1 | ...
//
// A tag is a text; its hash chooses a slot from 1 on. Two tags with one slot are forgotten
// together, which forgets too much and never too little. A kept reply remembers what the clock said
// before its call began: it is void once a slot of its tags says more.
//
// Arguments are hostile. What a cell would refuse, or could read in another way than the bytes say
// (malformed UTF-8 reads as U+FFFD), has no tags here: its reply is not kept, and what it forgets
// is slot 0, which every tagged reply has.

import {
  C_TAGS_WORD, CONTROL, FIELD_NULLABLE, STEP_BOOL, STEP_I16, STEP_I32, STEP_I64, STEP_I8,
  STEP_STRING, STEP_TEXT, STEP_U16, STEP_U32, STEP_U64, STEP_U8, STEP_UUID, TAG_PRIME, TAGS_AT,
} from '../shared/layout';
import { TAG_SLOTS } from '../shared/limits';
import { text as hashText } from './utf8';

const GOLDEN: u64 = 0x9e3779b97f4a7c15;
/** Slot of tags that could not be read: all of them. */
const ALL: u32 = 0;

/** Hash of the tag that is being read. */
let hash: u64 = 0;

@inline
function clocks(): usize {
  return load<u32>(CONTROL + (C_TAGS_WORD << 2));
}

@inline
function clockOf(slot: u32): usize {
  return clocks() + TAGS_AT + (slot << 3);
}

/** What the clock says: a call that begins now sees all that was forgotten up to here. */
@inline
export function clock(): u64 {
  return atomic.load<u64>(clocks());
}

/** Whether one of the `count` tags at `slots` (u16 each) was forgotten after `since`. */
export function forgotten(slots: usize, count: u32, since: u64): bool {
  if (!count) return false;
  if (atomic.load<u64>(clockOf(ALL)) > since) return true;
  for (let i: u32 = 0; i < count; i++) {
    if (atomic.load<u64>(clockOf(load<u16>(slots + (i << 1)))) > since) return true;
  }
  return false;
}

/** Forgets `count` tags at `slots`: no lane serves what was kept under them before. */
export function forget(slots: usize, count: u32): void {
  if (!count) return;
  const time = atomic.add<u64>(clocks(), 1) + 1;
  for (let i: u32 = 0; i < count; i++) {
    const at = clockOf(load<u16>(slots + (i << 1)));
    let was = atomic.load<u64>(at);
    while (was < time) {
      const seen = atomic.cmpxchg<u64>(at, was, time);
      if (seen == was) break;
      was = seen;
    }
  }
}

/** Writes the slots of the tags in `list` (u32 count | u32 offset, in the record at `policy`) for
 *  these arguments to `to`, u16 each. False when one could not be read: its slot is 0. */
export function tagsOf(policy: usize, list: u32, args: usize, bytes: u32, to: usize): bool {
  const count = load<u32>(policy + list);
  let at = policy + load<u32>(policy + list, 4);
  isWhole = open(args, bytes);
  let all = true;
  for (let i: u32 = 0; i < count; i++) {
    const end = at + 4 + load<u32>(at);
    const read = tag(at + 4, end);
    store<u16>(to + (i << 1), <u16>(read ? slot() : ALL));
    if (!read) all = false;
    at = end;
  }
  return all;
}

@inline
function slot(): u32 {
  const mixed = hash ^ (hash >> 29);
  return max(<u32>((mixed * GOLDEN) >> 40) & (TAG_SLOTS - 1), 1);
}

// ---- the argument record, as assembly/guest/codec.ts reads it

let base: usize = 0;
let rootBytes: u32 = 0;
/** Bytes of the struct area with its header, and of the whole payload. */
let textStart: u32 = 0;
let payloadBytes: u32 = 0;
/** The header is as it must be: fields can be read. */
let isWhole: bool = false;

/** Checks the header of a payload; an empty one is a record without fields. */
@inline
function open(args: usize, bytes: u32): bool {
  base = args;
  payloadBytes = bytes;
  rootBytes = 0;
  textStart = 0;
  if (!bytes) return true;
  if (bytes < 9) return false;
  textStart = load<u32>(args);
  rootBytes = load<u32>(args, 4);
  return textStart >= 8 && textStart < bytes && rootBytes <= textStart - 8;
}

/** Reads the tag whose program lies in [at, end): the hash of its first text, then steps. */
@inline
function tag(at: usize, end: usize): bool {
  hash = load<u64>(at);
  at += 8;
  while (at < end) {
    const word = load<u32>(at), step = word & 0x7f, offset = word >> 8;
    at += 4;
    if (step == STEP_TEXT) {
      hash = hashText(hash, at, offset);
      at += (offset + 3) & ~3;
    } else if (!field(step, (word & FIELD_NULLABLE) != 0, offset)) {
      return false;
    }
  }
  return true;
}

/** Reads a field into the hash. A text that is no UTF-8 leaves the hash 0, which is no hash. */
@inline
function field(step: u32, nullable: bool, offset: u32): bool {
  if (!isWhole) return false;
  if (nullable) {
    if (rootBytes < offset + 8 || !load<u32>(base + 8 + offset)) {
      add(0); // no text has this byte in it
      return true;
    }
    if (step < STEP_STRING) return boxed(step, base + 8 + offset);
  }
  const size = bytesOf(step), p = base + 8 + offset;
  if (rootBytes < offset + size) return false;
  if (step < STEP_STRING) return scalar(step, p);
  return step == STEP_UUID ? uuid(p) : string(p);
}

/** A nullable scalar: a reference to a block with it. */
function boxed(step: u32, p: usize): bool {
  const at = load<u32>(p);
  if (load<u32>(p, 4) != 1 || at < 8 || <u64>at + bytesOf(step) > <u64>textStart) return false;
  return scalar(step, base + at);
}

@inline
function bytesOf(step: u32): u32 {
  if (step <= STEP_U8) return 1;
  if (step <= STEP_U16) return 2;
  return step <= STEP_U32 ? 4 : 8;
}

function scalar(step: u32, p: usize): bool {
  switch (step) {
    case STEP_BOOL: {
      const byte = load<u8>(p);
      number(byte, false);
      return byte <= 1;
    }
    case STEP_U8:
      return number(load<u8>(p), false);
    case STEP_U16:
      return number(load<u16>(p), false);
    case STEP_U32:
      return number(load<u32>(p), false);
    case STEP_U64:
      return number(load<u64>(p), false);
    case STEP_I8:
      return signed(load<i8>(p));
    case STEP_I16:
      return signed(load<i16>(p));
    case STEP_I32:
      return signed(load<i32>(p));
    case STEP_I64:
      return signed(load<i64>(p));
    default:
      return false;
  }
}

@inline
function signed(value: i64): bool {
  return number(<u64>(value < 0 ? -value : value), value < 0);
}

@inline
function add(byte: u32): void {
  hash = (hash ^ byte) * TAG_PRIME;
}

/** The decimal digits, as a text or another type of the same number has them. */
function number(value: u64, minus: bool): bool {
  if (minus) add(0x2d);
  if (value < 100_000_000) {
    digits(<u32>value, 0);
    return true;
  }
  const high = value / 100_000_000;
  if (high < 100_000_000) {
    digits(<u32>high, 0);
  } else {
    digits(<u32>(high / 100_000_000), 0);
    digits(<u32>(high % 100_000_000), 8);
  }
  digits(<u32>(value % 100_000_000), 8);
  return true;
}

/** At most eight digits, `least` of them at least. They come last first: a word turns them round.
 *  32 bits: division by a constant is a multiplication there, of 64 bits it is not. */
@inline
function digits(value: u32, least: u32): void {
  let text: u64 = 0, count: u32 = 0;
  do {
    text = (text << 8) | (0x30 + (value % 10));
    value /= 10;
    count++;
  } while (value || count < least);
  for (; count; count--) {
    add(<u32>text & 255);
    text >>= 8;
  }
}

function string(p: usize): bool {
  const at = <u64>textStart + load<u32>(p), n = <u64>load<u32>(p, 4);
  // The text area begins with a zero byte that is no text.
  if (!load<u32>(p) || at + n > <u64>payloadBytes) return false;
  hash = hashText(hash, base + <usize>at, <u32>n);
  return hash != 0;
}

/** Sixteen bytes as the text of a UUID. */
function uuid(p: usize): bool {
  const at = load<u32>(p);
  if (at < 8 || load<u32>(p, 4) < 16 || <u64>at + 16 > <u64>textStart) return false;
  for (let half: u32 = 0; half < 16; half += 8) {
    const bits = load<u64>(base + at + half);
    for (let shift = 60; shift >= 0; shift -= 4) {
      const digit = <u32>(bits >> shift) & 15;
      add(digit < 10 ? 0x30 + digit : 0x57 + digit);
      // xxxxxxxx-xxxx-xxxx | -xxxx-xxxxxxxxxxxx
      if (half ? shift == 48 : shift == 32 || shift == 16 || !shift) add(0x2d);
    }
  }
  return true;
}
