// Owns the host's one shared memory: computes the layout of assembly/shared/layout.ts, writes the
// control block, hands out offsets. Never reads rings. Written once, before any lane starts; a
// worker opens the same memory with `openMemory` and finds the same offsets.

import {
  C_BUCKET_MASK_WORD,
  C_BUCKETS_WORD,
  C_CALLERS_WORD,
  C_FLAGS_WORD,
  C_FORWARD_BYTES_WORD,
  C_LANE_BASE_WORD,
  C_LANE_STRIDE_WORD,
  C_LANES_WORD,
  C_LINKS_WORD,
  C_MEMO_BYTES_WORD,
  C_MESSAGE_BYTES_WORD,
  C_POLICIES_WORD,
  C_RING_BYTES_WORD,
  C_ROUTE_CAPACITY_WORD,
  C_ROUTES_WORD,
  C_SESSION_COUNT_WORD,
  C_SESSIONS_WORD,
  C_TAGS_WORD,
  CONTEXT_BYTES,
  CONTROL,
  FLAGS_HALVES,
  HOME_ANY,
  L_INNER_ROUTE_WORD,
  L_RANDOM,
  L_ROUTE_WORD,
  LANE_BYTES,
  LINK_BYTES,
  METRIC_BYTES,
  NEST_BYTES,
  PART_BUSY_WORD,
  PART_CALL_WORD,
  PART_CONTEXTS_WORD,
  PART_COUNTERS_WORD,
  PART_FORWARD_WORD,
  PART_IN_WORD,
  PART_LOG_WORD,
  PART_MEMO_WORD,
  PART_METRICS_WORD,
  PART_OUT_WORD,
  PART_PENDING_WORD,
  PART_SCRATCH_WORD,
  PART_SPANS_WORD,
  PENDING_BYTES,
  RING_DATA,
  ROUTE_BYTES,
  SESSION_BYTES,
  SPAN_BYTES,
  TAGS_AT,
} from '../../assembly/shared/layout.ts';
import {
  BUCKETS,
  CALL_DEPTH,
  CALLER_BYTES,
  CELLS,
  COUNTERS,
  ERROR_BYTES,
  FLAGS_BYTES,
  FORWARD_BYTES,
  LABEL_SETS,
  LANES,
  LINK_TEXT_BYTES,
  LINKS,
  LOG_BYTES,
  MEMO_BYTES,
  MESSAGE_BYTES,
  MESSAGE_SHARE,
  POLICIES_BYTES,
  RING_BYTES,
  ROUTES,
  SESSIONS,
  SPANS,
  SUSPENDED,
  TAG_SLOTS,
  WAITING,
} from '../../assembly/shared/limits.ts';

const PAGE = 65536;
const CONTROL_BYTES = 4096;
const MOST_BYTES = 2 ** 32;
/** Up to this many lanes a forward ring is as large as an in ring, so that a call to an actor may
 *  be as large from any lane. Above, lanes * lanes of them would not fit: FORWARD_BYTES. */
const FORWARD_FULL_LANES = 4;

export interface MemoryOptions {
  /** Lanes, 1 to LANES. Inline mode is one lane. */
  lanes: number;
  /** Bytes of each in and out ring: a power of two. Default RING_BYTES. */
  ringBytes?: number;
  /** Bytes of each forward ring: a power of two. */
  forwardBytes?: number;
  /** Session slots. Default SESSIONS. */
  sessions?: number;
  /** Route rows. Default ROUTES. */
  routes?: number;
  /** Limiter buckets: a power of two. Default BUCKETS. */
  buckets?: number;
  /** Bytes of kept replies in each lane: a power of two. Default MEMO_BYTES. */
  memoBytes?: number;
}

/** Names a ring by the byte offset of its control lines; its data is `bytes` at + RING_DATA. */
export interface RingPlace {
  at: number;
  bytes: number;
}

/** The memory with its views. It never grows, so the views stay valid for its life. */
export interface SharedMemory {
  readonly memory: WebAssembly.Memory;
  readonly buffer: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly view: DataView;
  readonly lanes: number;
  readonly ringBytes: number;
  readonly forwardBytes: number;
  /** Largest message and largest reply, bytes. */
  readonly messageBytes: number;
  readonly sessionCount: number;
  readonly routeCapacity: number;
  readonly bucketCount: number;
  /** Byte offset of a session slot (its number is the connection of ring records). */
  sessionAt(slot: number): number;
  /** Byte offset of the session table. */
  readonly sessions: number;
  /** Byte offset of the callers' texts (subject, roles, scopes): twice `textBytes` a slot, so that
   *  a refresh writes one half while membranes may read the other. */
  readonly texts: number;
  readonly textBytes: number;
  routeAt(route: number): number;
  /** Byte offset of the feature flags. */
  readonly flagsAt: number;
  readonly bucketsAt: number;
  /** Where POLICIES_BYTES of policy records lie, and the clocks of tags (layout.ts). */
  readonly policiesAt: number;
  readonly tagsAt: number;
  readonly memoBytes: number;
  laneBase(lane: number): number;
  /** Byte offset of a part of a lane; `word` is a PART_* const. */
  part(lane: number, word: number): number;
  inRing(lane: number): RingPlace;
  outRing(lane: number): RingPlace;
  /** The ring into `lane` that lane `from` fills. */
  forwardRing(lane: number, from: number): RingPlace;
  logRing(lane: number): RingPlace;
  /** C_MESSAGE_BYTES for bytes that JavaScript hands to the kernel within one step. */
  scratchAt(lane: number): number;
  /** Byte offset of the half of PART_CALL that replies stand in. */
  repliesAt(lane: number): number;
  /** Byte offset of a route's metrics in a lane. */
  metricsAt(lane: number, route: number): number;
  /** Byte offset of a lane's span ring. */
  spansAt(lane: number): number;
  /** Byte offset of the LINKS links, LINK_TEXT_BYTES of texts behind them. */
  readonly linksAt: number;
  /** Byte offset of LABEL_SETS counts of a counter in a lane. */
  countersAt(lane: number, counter: number): number;
  pendingAt(lane: number, slot: number): number;
}

function power(name: string, value: number, least: number, most: number): number {
  const isPower = Number.isInteger(value) && value > 0 && Math.log2(value) % 1 === 0;
  if (isPower && value >= least && value <= most) return value;
  throw new RangeError(`${name} is ${value}: it must be a power of two, ${least} to ${most}`);
}

function range(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} is ${value}: it must be a whole number, ${least} to ${most}`);
}

/** Hands out aligned pieces one after the other. */
class Cursor {
  at: number;
  constructor(at: number) {
    this.at = at;
  }
  take(bytes: number, align = 64): number {
    const from = Math.ceil(this.at / align) * align;
    this.at = from + bytes;
    return from;
  }
}

/** Bytes of each half of PART_CALL; call.wat and kernel/nested.ts reckon likewise. */
function callHalf(message: number): number {
  return Math.max(message, ERROR_BYTES);
}

/** Offsets of the parts of a lane, from its base, and the region's bytes. */
function lanePlan(
  lanes: number,
  ring: number,
  forward: number,
  routes: number,
  message: number,
  memo: number,
) {
  const cursor = new Cursor(LANE_BYTES);
  const parts = new Map<number, number>([
    [PART_IN_WORD, cursor.take(RING_DATA + ring)],
    [PART_OUT_WORD, cursor.take(RING_DATA + ring)],
    [PART_FORWARD_WORD, cursor.take(lanes * (RING_DATA + forward))],
    [PART_PENDING_WORD, cursor.take(WAITING * PENDING_BYTES)],
    [PART_LOG_WORD, cursor.take(RING_DATA + LOG_BYTES)],
    [PART_METRICS_WORD, cursor.take(routes * METRIC_BYTES)],
    [PART_SCRATCH_WORD, cursor.take(message)],
    [PART_SPANS_WORD, cursor.take(RING_DATA + SPANS * SPAN_BYTES)],
    [PART_COUNTERS_WORD, cursor.take(COUNTERS * LABEL_SETS * 8)],
    [PART_MEMO_WORD, cursor.take(memo, 256)],
    [PART_CALL_WORD, cursor.take(2 * callHalf(message))],
    [PART_BUSY_WORD, cursor.take(CELLS + NEST_BYTES * CALL_DEPTH)],
    [PART_CONTEXTS_WORD, cursor.take(CONTEXT_BYTES * CALL_DEPTH * SUSPENDED)],
  ]);
  return { parts, bytes: Math.ceil(cursor.at / 4096) * 4096 };
}

/**
 * Makes the shared memory of a host and writes its layout: control block, parts, empty rings.
 * Pages that nobody touches cost no memory.
 * @throws RangeError naming the option and its bounds, or when all does not fit 4 GB
 */
export function createMemory(options: MemoryOptions): SharedMemory {
  const lanes = range('lanes', options.lanes, 1, LANES);
  const ring = power('ringBytes', options.ringBytes ?? RING_BYTES, 4096, 2 ** 28);
  const forwardDefault = lanes <= FORWARD_FULL_LANES ? ring : Math.min(ring, FORWARD_BYTES);
  const forward = power('forwardBytes', options.forwardBytes ?? forwardDefault, 4096, 2 ** 28);
  const sessions = range('sessions', options.sessions ?? SESSIONS, 1, 2 ** 20);
  const routes = range('routes', options.routes ?? ROUTES, 1, 65536);
  const buckets = power('buckets', options.buckets ?? BUCKETS, 1, 2 ** 22);
  const memo = power('memoBytes', options.memoBytes ?? MEMO_BYTES, 4096, 2 ** 28);
  const message = Math.min(MESSAGE_BYTES, ring / MESSAGE_SHARE);
  const plan = lanePlan(lanes, ring, forward, routes, message, memo);

  const cursor = new Cursor(CONTROL + CONTROL_BYTES);
  const sessionsAt = cursor.take(sessions * SESSION_BYTES);
  const callersAt = cursor.take(sessions * 2 * CALLER_BYTES);
  const routesAt = cursor.take(routes * ROUTE_BYTES);
  const bucketsAt = cursor.take(buckets * 16);
  const flagsAt = cursor.take(FLAGS_HALVES + 2 * FLAGS_BYTES);
  const policiesAt = cursor.take(POLICIES_BYTES);
  const tagsAt = cursor.take(TAGS_AT + TAG_SLOTS * 8);
  const linksAt = cursor.take(LINKS * LINK_BYTES + LINK_TEXT_BYTES);
  const laneBase = cursor.take(lanes * plan.bytes, 4096);
  if (cursor.at > MOST_BYTES) {
    throw new RangeError(
      `${lanes} lanes with rings of ${ring} bytes need ${cursor.at} bytes of shared memory, ` +
        `more than ${MOST_BYTES}: use fewer lanes or smaller rings`,
    );
  }
  const pages = Math.ceil(cursor.at / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const words = new Int32Array(memory.buffer);
  const control = (word: number, value: number) => {
    words[(CONTROL >> 2) + word] = value;
  };
  control(C_LANES_WORD, lanes);
  control(C_SESSIONS_WORD, sessionsAt);
  control(C_SESSION_COUNT_WORD, sessions);
  control(C_ROUTES_WORD, routesAt);
  control(C_ROUTE_CAPACITY_WORD, routes);
  control(C_BUCKETS_WORD, bucketsAt);
  control(C_BUCKET_MASK_WORD, buckets - 1);
  control(C_LANE_BASE_WORD, laneBase);
  control(C_LANE_STRIDE_WORD, plan.bytes);
  control(C_RING_BYTES_WORD, ring);
  control(C_FORWARD_BYTES_WORD, forward);
  control(C_MESSAGE_BYTES_WORD, message);
  control(C_CALLERS_WORD, callersAt);
  control(C_POLICIES_WORD, policiesAt);
  control(C_TAGS_WORD, tagsAt);
  control(C_MEMO_BYTES_WORD, memo);
  control(C_FLAGS_WORD, flagsAt);
  control(C_LINKS_WORD, linksAt);
  for (let lane = 0; lane < lanes; lane++) {
    const base = (laneBase + lane * plan.bytes) / 4;
    for (const [word, at] of plan.parts) words[base + word] = at;
    words[base + L_ROUTE_WORD] = HOME_ANY;
    words[base + L_INNER_ROUTE_WORD] = HOME_ANY;
    const seed = crypto.getRandomValues(new Uint32Array(2));
    words[base + L_RANDOM / 4] = seed[0];
    words[base + L_RANDOM / 4 + 1] = seed[1];
  }
  return openMemory(memory);
}

/** The same memory as another thread sees it: offsets come from the control block. */
export function openMemory(memory: WebAssembly.Memory): SharedMemory {
  const words = new Int32Array(memory.buffer);
  const control = (word: number) => words[(CONTROL >> 2) + word] >>> 0;
  const ringBytes = control(C_RING_BYTES_WORD);
  const forwardBytes = control(C_FORWARD_BYTES_WORD);
  const sessionsAt = control(C_SESSIONS_WORD);
  const routesAt = control(C_ROUTES_WORD);
  const firstLane = control(C_LANE_BASE_WORD);
  const stride = control(C_LANE_STRIDE_WORD);
  const laneBase = (lane: number) => firstLane + lane * stride;
  const part = (lane: number, word: number) => laneBase(lane) + words[laneBase(lane) / 4 + word];
  return {
    memory,
    buffer: memory.buffer as unknown as SharedArrayBuffer,
    bytes: new Uint8Array(memory.buffer),
    words,
    view: new DataView(memory.buffer),
    lanes: control(C_LANES_WORD),
    ringBytes,
    forwardBytes,
    messageBytes: control(C_MESSAGE_BYTES_WORD),
    sessionCount: control(C_SESSION_COUNT_WORD),
    routeCapacity: control(C_ROUTE_CAPACITY_WORD),
    bucketCount: control(C_BUCKET_MASK_WORD) + 1,
    bucketsAt: control(C_BUCKETS_WORD),
    policiesAt: control(C_POLICIES_WORD),
    tagsAt: control(C_TAGS_WORD),
    memoBytes: control(C_MEMO_BYTES_WORD),
    sessionAt: (slot) => sessionsAt + slot * SESSION_BYTES,
    sessions: sessionsAt,
    texts: control(C_CALLERS_WORD),
    textBytes: CALLER_BYTES,
    flagsAt: control(C_FLAGS_WORD),
    linksAt: control(C_LINKS_WORD),
    routeAt: (route) => routesAt + route * ROUTE_BYTES,
    laneBase,
    part,
    inRing: (lane) => ({ at: part(lane, PART_IN_WORD), bytes: ringBytes }),
    outRing: (lane) => ({ at: part(lane, PART_OUT_WORD), bytes: ringBytes }),
    forwardRing: (lane, from) => ({
      at: part(lane, PART_FORWARD_WORD) + from * (RING_DATA + forwardBytes),
      bytes: forwardBytes,
    }),
    logRing: (lane) => ({ at: part(lane, PART_LOG_WORD), bytes: LOG_BYTES }),
    repliesAt: (lane) => part(lane, PART_CALL_WORD) + callHalf(control(C_MESSAGE_BYTES_WORD)),
    scratchAt: (lane) => part(lane, PART_SCRATCH_WORD),
    metricsAt: (lane, route) => part(lane, PART_METRICS_WORD) + route * METRIC_BYTES,
    spansAt: (lane) => part(lane, PART_SPANS_WORD),
    countersAt: (lane, counter) => part(lane, PART_COUNTERS_WORD) + counter * LABEL_SETS * 8,
    pendingAt: (lane, slot) => part(lane, PART_PENDING_WORD) + slot * PENDING_BYTES,
  };
}
