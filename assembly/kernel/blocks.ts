// Owns the memory of kept replies: blocks of one size, chained into entries. Never looks at what an
// entry means. One lane's kernel owns one lane's blocks, and nothing outlives it: a new worker
// begins with an empty store.
//
//   lane's part:  buckets, u32 each | block | block | ...                       (256 bytes a block)
//   first block:  u32 next block | head of the entry (memo.ts) | FIRST bytes of data
//   others:       u32 next block | 12 unused                   | REST bytes of data

import { C_MEMO_BYTES_WORD, CONTROL, PART_MEMO_WORD } from '../shared/layout';
import { copy, same } from './copy';
import { part } from './lane';

export const BLOCK: u32 = 256;
/** Bytes before the data of a first block, and of others. */
export const HEAD: u32 = 96;
const LINK: u32 = 16;
const FIRST: u32 = BLOCK - HEAD;
const REST: u32 = BLOCK - LINK;
/** Bytes of memory a bucket: one a block, since each entry of a chain is a cache miss. */
const BYTES_A_BUCKET: u32 = 256;

export let buckets: usize = 0;
export let bucketMask: u32 = 0;
/** Blocks that are free, given back or never used. */
export let free: u32 = 0;
/** Blocks in all; 0: the store was not opened by this kernel yet. */
export let total: u32 = 0;
/** The first block given back. */
let spare: usize = 0;
/** Blocks from here on were never used. */
let fresh: usize = 0;

/** Nothing is kept: the next use empties the store. */
export function closeBlocks(): void {
  total = 0;
}

/** Empties the store. */
export function openBlocks(): void {
  const bytes = load<u32>(CONTROL + (C_MEMO_BYTES_WORD << 2));
  const count = bytes / BYTES_A_BUCKET;
  buckets = part(PART_MEMO_WORD);
  bucketMask = count - 1;
  memory.fill(buckets, 0, count << 2);
  const taken = ((count << 2) + BLOCK - 1) & ~(BLOCK - 1);
  fresh = buckets + taken;
  total = (bytes - taken) / BLOCK;
  free = total;
  spare = 0;
}

/** Blocks of an entry with `bytes` of data. */
@inline
export function blocksFor(bytes: u32): u32 {
  return bytes <= FIRST ? 1 : 1 + (bytes - FIRST + REST - 1) / REST;
}

function take(): usize {
  free--;
  if (spare) {
    const block = spare;
    spare = load<u32>(block);
    return block;
  }
  const block = fresh;
  fresh += BLOCK;
  return block;
}

/** A chain of `count` blocks, of which there are as many free; returns the first. */
export function takeChain(count: u32): usize {
  const first = take();
  store<u32>(first, 0);
  if (count > 1) growChain(first, count - 1);
  return first;
}

/** Adds `count` free blocks to the chain's end. */
export function growChain(first: usize, count: u32): void {
  let last = first;
  while (load<u32>(last)) last = load<u32>(last);
  for (; count; count--) {
    const block = take();
    store<u32>(last, <u32>block);
    last = block;
  }
  store<u32>(last, 0);
}

/** Gives a chain back. */
export function giveChain(first: usize): void {
  let last = first;
  free++;
  while (load<u32>(last)) {
    last = load<u32>(last);
    free++;
  }
  store<u32>(last, <u32>spare);
  spare = first;
}

/** Writes `n` bytes at `from` into the chain's data, `offset` bytes (a multiple of 16) in. */
export function writeChain(first: usize, offset: u32, from: usize, n: u32): void {
  if (offset + n <= FIRST) {
    copy(first + HEAD + offset, from, n);
    return;
  }
  let block = first, data = first + HEAD, room = FIRST;
  while (n) {
    if (offset < room) {
      const piece = min(room - offset, n);
      copy(data + offset, from, piece);
      from += piece;
      n -= piece;
      offset = 0;
    } else {
      offset -= room;
    }
    block = load<u32>(block);
    data = block + LINK;
    room = REST;
  }
}

/** Copies `n` bytes of the chain's data, from `offset` on, to `to`. */
export function readChain(first: usize, offset: u32, to: usize, n: u32): void {
  if (offset + n <= FIRST) {
    copy(to, first + HEAD + offset, n);
    return;
  }
  let block = first, data = first + HEAD, room = FIRST;
  while (n) {
    if (offset < room) {
      const piece = min(room - offset, n);
      copy(to, data + offset, piece);
      to += piece;
      n -= piece;
      offset = 0;
    } else {
      offset -= room;
    }
    block = load<u32>(block);
    data = block + LINK;
    room = REST;
  }
}

/** Whether the chain's data begins with the `n` bytes at `p`. */
@inline
export function beginsWith(first: usize, p: usize, n: u32): bool {
  return n <= FIRST ? same(first + HEAD, p, n) : beginsWithMore(first, p, n);
}

function beginsWithMore(first: usize, p: usize, n: u32): bool {
  if (!same(first + HEAD, p, FIRST)) return false;
  let block: usize = load<u32>(first);
  for (let at: u32 = FIRST; at < n; at += REST) {
    if (!same(block + LINK, p + at, min(REST, n - at))) return false;
    block = load<u32>(block);
  }
  return true;
}

/** Whether the data of two chains begin with the same `n` bytes. */
export function beginAlike(a: usize, b: usize, n: u32): bool {
  if (!same(a + HEAD, b + HEAD, min(n, FIRST))) return false;
  for (let at: u32 = FIRST; at < n; at += REST) {
    a = load<u32>(a);
    b = load<u32>(b);
    if (!same(a + LINK, b + LINK, min(REST, n - at))) return false;
  }
  return true;
}
