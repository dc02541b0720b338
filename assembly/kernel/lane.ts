// Owns where things lie: the offsets of the tables and of one lane's region, read from the control
// block by `attach`. Never writes shared memory.

import {
  CONTROL, C_BUCKET_MASK_WORD, C_BUCKETS_WORD, C_COLLECT_SPANS_WORD, C_FORWARD_BYTES_WORD,
  C_LANE_BASE_WORD,
  C_LANE_STRIDE_WORD, C_LANES_WORD, C_MESSAGE_BYTES_WORD, C_RING_BYTES_WORD, C_ROUTE_COUNT_WORD,
  C_ROUTES_WORD, C_SESSION_COUNT_WORD, C_SESSIONS_WORD, L_NOW, PART_CALL_WORD, PART_PENDING_WORD,
  PENDING_BYTES, ROUTE_BYTES, SESSION_BYTES,
} from '../shared/layout';
import { ERROR_BYTES } from '../shared/limits';

/** This lane's number, and the byte offset of its region. */
export let self: u32 = 0;
export let lane: usize = 0;
export let lanes: u32 = 0;
export let sessions: usize = 0;
export let sessionCount: u32 = 0;
export let routes: usize = 0;
/** Routes in use; read again at every drain, since loading a cell adds some. */
export let routeCount: u32 = 0;
export let buckets: usize = 0;
export let bucketMask: u32 = 0;
export let ringBytes: u32 = 0;
export let forwardBytes: u32 = 0;
export let messageBytes: u32 = 0;
/** Whether somebody wants spans; read again at every drain. */
export let collecting: bool = false;
/** Unix microseconds of this drain, and their low 32 bits as stamps have them. */
export let now: i64 = 0;

let firstLane: usize = 0;
let laneStride: usize = 0;

@inline
function control(word: u32): u32 {
  return load<u32>(CONTROL + (word << 2));
}

/** Reads the control block for lane `number`. */
export function place(number: u32): void {
  lanes = control(C_LANES_WORD);
  sessions = control(C_SESSIONS_WORD);
  sessionCount = control(C_SESSION_COUNT_WORD);
  routes = control(C_ROUTES_WORD);
  routeCount = control(C_ROUTE_COUNT_WORD);
  buckets = control(C_BUCKETS_WORD);
  bucketMask = control(C_BUCKET_MASK_WORD);
  ringBytes = control(C_RING_BYTES_WORD);
  forwardBytes = control(C_FORWARD_BYTES_WORD);
  messageBytes = control(C_MESSAGE_BYTES_WORD);
  firstLane = control(C_LANE_BASE_WORD);
  laneStride = control(C_LANE_STRIDE_WORD);
  self = number;
  lane = base(number);
  now = load<i64>(lane + L_NOW);
}

/** Begins a step at `nowUs`: guests see this clock, and routes added since are known. */
export function begin(nowUs: f64): void {
  now = <i64>nowUs;
  routeCount = control(C_ROUTE_COUNT_WORD);
  collecting = control(C_COLLECT_SPANS_WORD) != 0;
  store<i64>(lane + L_NOW, now);
}

@inline
export function base(number: u32): usize {
  return firstLane + number * laneStride;
}

/** Byte offset of a part of this lane; `word` is a PART_* const. */
@inline
export function part(word: u32): usize {
  return lane + load<u32>(lane + (word << 2));
}

/** Where the arguments of a call from cell to cell stand, and where its reply does. */
@inline
export function argumentsAt(): usize {
  return part(PART_CALL_WORD);
}

@inline
export function answersAt(): usize {
  return part(PART_CALL_WORD) + max(messageBytes, ERROR_BYTES);
}

@inline
export function word(index: u32): usize {
  return lane + (index << 2);
}

@inline
export function sessionOf(connection: u32): usize {
  return sessions + connection * SESSION_BYTES;
}

@inline
export function rowOf(route: u32): usize {
  return routes + route * ROUTE_BYTES;
}

/** Byte offset of a place for a waiting call. */
@inline
export function slotAt(slot: u32): usize {
  return part(PART_PENDING_WORD) + slot * PENDING_BYTES;
}

/** Microseconds since `stamp`, the low 32 bits of an earlier clock; 0 when it lies ahead. */
@inline
export function age(stamp: u32): u32 {
  const us = <i32>(<u32>now - stamp);
  return us > 0 ? us : 0;
}
