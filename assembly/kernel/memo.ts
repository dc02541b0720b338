// Owns the kept replies of one lane: which call each answers, for how long, and which goes first
// when room is short (the one used longest ago). Who may call is judged before anyone looks here.
//
//   entry, HEAD bytes, then data: arguments, padded to 16, and the reply
//   0 next block | 4 next in bucket | 8 newer | 12 older | 16 hash | 20 route | 24 caller
//   28 bytes of arguments | 32 bytes of reply | 36 epoch | 40 fresh until | 48 stale until
//   56 tags' clock before the call | 64 refresh began | 72 pending slot + 1 that fills it
//   76 tags | 80 u16 each, MEMO_TAGS
//
// A hit is the same route, the same caller (S_CALLER; SHARED: any) and the same bytes of arguments:
// hashes only choose the bucket. Between `fresh until` and `stale until` one call is let through to
// refresh the entry, while all others are answered with it.
// An entry that a waiting call fills has its arguments and no reply: it is in no bucket, but ages
// like any other, and its pending slot forgets it when it goes.

import { L_RANDOM, L_SLOTS, P_MEMO, Y_EPOCH, Y_TAGS, Y_TTL } from '../shared/layout';
import { MEMO_ENTRY_BYTES, REFRESH_MS } from '../shared/limits';
import {
  beginAlike, beginsWith, blocksFor, bucketMask, buckets, closeBlocks, free, giveChain, growChain,
  openBlocks, readChain, takeChain, total, writeChain,
} from './blocks';
import { lane, now, slotAt } from './lane';
import { forgotten, tagsOf } from './tags';

const E_CHAIN: u32 = 4;
const E_NEWER: u32 = 8;
const E_OLDER: u32 = 12;
const E_HASH: u32 = 16;
const E_ROUTE: u32 = 20;
const E_CALLER: u32 = 24;
const E_ARGS: u32 = 28;
const E_REPLY: u32 = 32;
const E_EPOCH: u32 = 36;
const E_FRESH: u32 = 40;
const E_STALE: u32 = 48;
const E_CLOCK: u32 = 56;
const E_REFRESH: u32 = 64;
const E_FILLER: u32 = 72;
const E_TAG_COUNT: u32 = 76;
const E_TAG_SLOTS: u32 = 80;

/** Caller of entries that answer everybody. */
export const SHARED: u32 = 0xffffffff;
/** Entries of one bucket; one more pushes the bucket's last out. Threat: arguments made to collide,
 *  which no seed of a multiplying hash prevents. */
const BUCKET_ENTRIES: u32 = 16;
const PRIME: u64 = 0x9e3779b97f4a7c15;

let newest: usize = 0;
let oldest: usize = 0;
let seed: u64 = 0;
/** What find() found: 1 when the entry is stale and another call refreshes it. */
export let isStale: bool = false;
/** Changes made to the store. While they are as many as at a find() that found nothing fit to
 *  answer with, `former` is still all there is of that call: 0, or the entry to be refreshed. */
let changes: u32 = 0;
let formerAt: u32 = 0;
let formerHash: u32 = 0;
let former: usize = 0;

/** The store of the last kernel is void: the next use empties it. */
export function attachMemo(): void {
  closeBlocks();
}

function openStore(): void {
  openBlocks();
  newest = 0;
  oldest = 0;
  changes++;
  seed = load<u64>(lane + L_RANDOM);
}

@inline
function mix(value: u64): u64 {
  const product = value * PRIME;
  return product ^ (product >> 32);
}

/** Hash of a call; two sums side by side, since each step waits for its own last one only. */
export function hashOf(route: u32, caller: u32, args: usize, bytes: u32): u32 {
  if (!total) openStore();
  let a = mix(seed ^ (<u64>route << 32) ^ caller), b = seed + bytes;
  let at = args;
  for (let left = bytes; left >= 16; left -= 16) {
    a = mix(a ^ load<u64>(at));
    b = mix(b ^ load<u64>(at, 8));
    at += 16;
  }
  if (bytes & 8) {
    a = mix(a ^ load<u64>(at));
    at += 8;
  }
  for (let left = bytes & 7; left; left--) b = (b ^ load<u8>(at++)) * PRIME;
  return <u32>(mix(a ^ (b << 1)) >> 8);
}

@inline
function bucketOf(hash: u32): usize {
  return buckets + ((hash & bucketMask) << 2);
}

/** Whether an entry is that of a call. */
@inline
function isOf(
  entry: usize, hash: u32, route: u32, caller: u32, args: usize, bytes: u32,
): bool {
  const where = <u64>hash | (<u64>route << 32), who = <u64>caller | (<u64>bytes << 32);
  if (load<u64>(entry, E_HASH) != where || load<u64>(entry, E_CALLER) != who) return false;
  return beginsWith(entry, args, bytes);
}

/** The entry of a call, whatever its age; 0: there is none. */
@inline
function look(hash: u32, route: u32, caller: u32, args: usize, bytes: u32): usize {
  let entry: usize = load<u32>(bucketOf(hash));
  while (entry) {
    if (isOf(entry, hash, route, caller, args, bytes)) return entry;
    entry = load<u32>(entry, E_CHAIN);
  }
  return 0;
}

/** The entry to answer a call with (then isStale says whether it is), or 0: make the call. */
export function find(
  policy: usize, hash: u32, route: u32, caller: u32, args: usize, bytes: u32,
): usize {
  const entry = look(hash, route, caller, args, bytes);
  if (!entry) return nothing(hash, 0);
  if (now >= load<i64>(entry, E_STALE) || isVoid(entry, policy)) return nothing(hash, entry);
  isStale = now >= load<i64>(entry, E_FRESH);
  if (isStale) {
    if (now - load<i64>(entry, E_REFRESH) >= <i64>REFRESH_MS * 1000) {
      store<i64>(entry, now, E_REFRESH);
      return nothing(hash, entry);
    }
  }
  touch(entry);
  return entry;
}

@inline
function nothing(hash: u32, entry: usize): usize {
  former = entry;
  formerHash = hash;
  formerAt = changes;
  return 0;
}

/** Whether the cell was loaded anew, or a tag forgotten, since the entry's call. */
@inline
function isVoid(entry: usize, policy: usize): bool {
  if (load<u32>(entry, E_EPOCH) != atomic.load<u32>(policy + Y_EPOCH)) return true;
  return forgotten(entry + E_TAG_SLOTS, load<u32>(entry, E_TAG_COUNT), load<u64>(entry, E_CLOCK));
}

@inline
export function replyBytes(entry: usize): u32 {
  return load<u32>(entry, E_REPLY);
}

/** Who the entry is for. */
@inline
export function ownerOfEntry(entry: usize): u32 {
  return load<u32>(entry, E_CALLER);
}

/** Copies the reply to `to`, where its bytes fit. */
@inline
export function readReply(entry: usize, to: usize): void {
  const bytes = load<u32>(entry, E_ARGS);
  readChain(entry, (bytes + 15) & ~15, to, load<u32>(entry, E_REPLY));
}

/** Keeps the reply of a call that began when the tags' clock said `since`. */
export function keep(
  policy: usize, hash: u32, route: u32, caller: u32, args: usize, bytes: u32, since: u64,
  epoch: u32, reply: usize, size: u32,
): void {
  let isAsFound = formerAt == changes && formerHash == hash;
  // A call within this one may have asked last, with other arguments of the same hash.
  if (isAsFound && former) isAsFound = isOf(former, hash, route, caller, args, bytes);
  const known = isAsFound ? former : look(hash, route, caller, args, bytes);
  if (known) {
    if (refill(known, policy, since, epoch, reply, size)) return;
    drop(known);
  }
  const entry = make(policy, route, caller, args, bytes, since, epoch, size);
  if (!entry) return;
  writeChain(entry, (bytes + 15) & ~15, reply, size);
  show(entry, policy, hash, size);
}

/** Writes a new reply over that of an entry, where it takes as many blocks. The arguments are the
 *  same, so the tags are, unless the cell is another one. */
@inline
function refill(
  entry: usize, policy: usize, since: u64, epoch: u32, reply: usize, size: u32,
): bool {
  const padded = (load<u32>(entry, E_ARGS) + 15) & ~15;
  const blocks = blocksFor(padded + load<u32>(entry, E_REPLY));
  if (blocksFor(padded + size) != blocks || load<u32>(entry, E_EPOCH) != epoch) return false;
  if (padded + size > MEMO_ENTRY_BYTES) return false;
  changes++;
  writeChain(entry, padded, reply, size);
  store<u64>(entry, since, E_CLOCK);
  answerFor(entry, policy, size);
  touch(entry);
  return true;
}

/** Sets the reply's size and the times that it is good for, from now on. */
@inline
function answerFor(entry: usize, policy: usize, size: u32): void {
  store<u32>(entry, size, E_REPLY);
  store<i64>(entry, 0, E_REFRESH);
  // E_FRESH and E_STALE at once: every access costs a bounds check.
  v128.store(entry, i64x2.add(i64x2.splat(now), v128.load(policy, Y_TTL)), E_FRESH);
}

/** The entry is the newest now. */
@inline
function touch(entry: usize): void {
  if (entry == newest) return;
  leave(entry);
  enter(entry);
}

/** An entry with the arguments of a waiting call, which fillEntry() completes; 0: too large. */
export function prepareEntry(
  policy: usize, hash: u32, route: u32, caller: u32, args: usize, bytes: u32, since: u64, slot: u32,
): usize {
  const epoch = atomic.load<u32>(policy + Y_EPOCH);
  const entry = make(policy, route, caller, args, bytes, since, epoch, 0);
  if (!entry) return 0;
  store<u32>(entry, hash, E_HASH);
  store<u32>(entry, slot + 1, E_FILLER);
  return entry;
}

/** The waiting call has succeeded: its entry gets the reply. */
export function fillEntry(entry: usize, policy: usize, reply: usize, size: u32): void {
  store<u32>(entry, 0, E_FILLER);
  const bytes = load<u32>(entry, E_ARGS), padded = (bytes + 15) & ~15;
  const more = blocksFor(padded + size) - blocksFor(bytes);
  if (padded + size > MEMO_ENTRY_BYTES) {
    abandonEntry(entry);
    return;
  }
  // As the newest it is the last to make room for itself.
  touch(entry);
  while (free < more && oldest != entry) drop(oldest);
  if (free < more) {
    abandonEntry(entry);
    return;
  }
  growChain(entry, more);
  writeChain(entry, padded, reply, size);
  const hash = load<u32>(entry, E_HASH);
  let known: usize = load<u32>(bucketOf(hash));
  while (known) {
    const after: usize = load<u32>(known, E_CHAIN);
    const alike = load<u64>(known, E_HASH) == load<u64>(entry, E_HASH);
    if (alike && load<u64>(known, E_CALLER) == load<u64>(entry, E_CALLER)) {
      if (beginAlike(known, entry, bytes)) drop(known);
    }
    known = after;
  }
  show(entry, policy, hash, size);
}

/** The waiting call has failed, or is gone: its entry goes too. */
export function abandonEntry(entry: usize): void {
  store<u32>(entry, 0, E_FILLER);
  leave(entry);
  giveChain(entry);
}

/** A new entry, newest of all, in no bucket yet. 0: too large, or its tags cannot be read. */
function make(
  policy: usize, route: u32, caller: u32, args: usize, bytes: u32, since: u64, epoch: u32,
  size: u32,
): usize {
  const padded = (bytes + 15) & ~15;
  if (padded + size > MEMO_ENTRY_BYTES) return 0;
  const need = blocksFor(size ? padded + size : bytes);
  if (need > total) return 0;
  // Read first: who sends what cannot be kept pushes nothing out.
  const tags = load<u32>(policy + Y_TAGS);
  if (tags && !tagsOf(policy, Y_TAGS, args, bytes, lane + L_SLOTS)) return 0;
  while (free < need) drop(oldest);
  const entry = takeChain(need);
  v128.store(entry, v128.load(lane + L_SLOTS), E_TAG_SLOTS);
  store<u32>(entry, route, E_ROUTE);
  store<u32>(entry, caller, E_CALLER);
  store<u32>(entry, bytes, E_ARGS);
  store<u32>(entry, epoch, E_EPOCH);
  store<u64>(entry, since, E_CLOCK);
  store<u32>(entry, 0, E_FILLER);
  store<u32>(entry, tags, E_TAG_COUNT);
  writeChain(entry, 0, args, bytes);
  enter(entry);
  return entry;
}

/** The entry answers from now on. */
function show(entry: usize, policy: usize, hash: u32, size: u32): void {
  changes++;
  answerFor(entry, policy, size);
  const bucket = bucketOf(hash);
  let last: usize = 0, count: u32 = 0;
  for (let each: usize = load<u32>(bucket); each; each = load<u32>(each, E_CHAIN)) {
    last = each;
    count++;
  }
  store<u32>(entry, hash, E_HASH);
  if (count >= BUCKET_ENTRIES) drop(last);
  store<u32>(entry, load<u32>(bucket), E_CHAIN);
  store<u32>(bucket, <u32>entry);
}

/** Takes an entry out of its bucket and gives its blocks back. */
function drop(entry: usize): void {
  changes++;
  const filler = load<u32>(entry, E_FILLER);
  if (filler) {
    store<u32>(slotAt(filler - 1) + P_MEMO, 0);
    abandonEntry(entry);
    return;
  }
  let link = bucketOf(load<u32>(entry, E_HASH));
  while (load<u32>(link) != <u32>entry) link = load<u32>(link) + E_CHAIN;
  store<u32>(link, load<u32>(entry, E_CHAIN));
  leave(entry);
  giveChain(entry);
}

// ---- the list by age of use

function enter(entry: usize): void {
  store<u64>(entry, <u64>newest << 32, E_NEWER); // and E_OLDER
  if (newest) store<u32>(newest, <u32>entry, E_NEWER);
  else oldest = entry;
  newest = entry;
}

function leave(entry: usize): void {
  const both = load<u64>(entry, E_NEWER), newer = <usize>(both & 0xffffffff);
  const older = <usize>(both >> 32);
  if (newer) store<u32>(newer, <u32>older, E_OLDER);
  else newest = older;
  if (older) store<u32>(older, <u32>newer, E_NEWER);
  else oldest = newer;
}

export function invariantsOfMemo(): void {
  if (!total) return;
  assert(free <= total);
  assert((newest == 0) == (oldest == 0));
  assert((newest == 0) == (free == total));
  if (newest) assert(load<u32>(newest, E_NEWER) == 0 && load<u32>(oldest, E_OLDER) == 0);
}
