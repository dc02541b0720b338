// Owns the map of the host's one shared memory. Offsets in bytes unless a name ends in _WORD.
// Computed once by host/lane/memory.ts, read by every kernel in `attach`; never changes after.
//
//   0        64 KB     sessions      callers  routes       buckets     policies  tags   lane 0, ...
//   +--------+---------+-------------+--------+------------+-----------+---------+------+----------
//   | kernel | control | 64 B a slot | texts  | 64 B a row | 16 B each | records | 8 B  | a region
//   | data   | block   |             |        |            |           |         | each | each
//
//   lane region:  LANE block (4 KB) | in ring | out ring | forward rings from lane 0..n-1
//                 | pending table | log ring | metrics (METRIC_BYTES a route) | scratch
//                 | span ring | counters | kept replies
//
// Below 64 KB lies what asc places itself (static data of the kernel: constants only).

/** Byte offset of the control block. */
export const CONTROL: u32 = 65536;
// Control block, u32 words at CONTROL + 4 * n. All are byte offsets or counts.
export const C_LANES_WORD: u32 = 0;
export const C_SESSIONS_WORD: u32 = 1; // offset of the session table
export const C_SESSION_COUNT_WORD: u32 = 2;
export const C_ROUTES_WORD: u32 = 3; // offset of the route table
export const C_ROUTE_COUNT_WORD: u32 = 4; // routes in use; grows when a cell is loaded
export const C_BUCKETS_WORD: u32 = 5;
export const C_BUCKET_MASK_WORD: u32 = 6; // count - 1
export const C_LANE_BASE_WORD: u32 = 7; // offset of lane 0's region
export const C_LANE_STRIDE_WORD: u32 = 8;
export const C_RING_BYTES_WORD: u32 = 9; // capacity of in and out rings
export const C_FORWARD_BYTES_WORD: u32 = 10;
export const C_MESSAGE_BYTES_WORD: u32 = 11;
export const C_CALLERS_WORD: u32 = 12; // offset of the callers' texts, 2 * CALLER_BYTES a slot
export const C_ROUTE_CAPACITY_WORD: u32 = 13; // rows that there is room for
export const C_FLAGS_WORD: u32 = 14; // offset of the feature flags, below
export const C_POLICIES_WORD: u32 = 15; // offset of the policy records
export const C_TAGS_WORD: u32 = 17; // offset of the tags' clocks
/** 1: spans are wanted. 0: none is recorded and none begun; contexts that come in still travel. */
export const C_COLLECT_SPANS_WORD: u32 = 18;
export const C_MEMO_BYTES_WORD: u32 = 19; // bytes of kept replies in a lane
export const C_EPOCH_WORD: u32 = 21; // the newest Y_EPOCH of this host
export const C_LINKS_WORD: u32 = 20; // offset of the links, below
export const C_HOST_SLEEPS_WORD: u32 = 32; // 1: the listener sleeps, ring its bell
export const C_HOST_BELL_WORD: u32 = 48; // doorbell of the listener; only ever incremented

// Feature flags: written by the listener thread, read by the imports of `cell:flags` in lanes.
//   0        64                          64 + FLAGS_BYTES
//   +--------+---------------------------+---------------------------+
//   | u32    | half 0: u32 bytes | JSON  | half 1: u32 bytes | JSON  |
//   +--------+---------------------------+---------------------------+
//   version v: the flags are in half v & 1; 0 = there are none. The other half is written first,
//   then the version: a reader that finds the version changed after its copy reads again.
export const FLAGS_HALVES: u32 = 64;

// Session slot, 64 bytes. Written by the listener thread, read by lanes. `generation` is written
// last when a slot is opened and first (to 0) when it is closed.
export const SESSION_BYTES: u32 = 64;
export const S_ROLES: u32 = 0; // u64
export const S_SCOPES: u32 = 8; // u64
export const S_EXPIRY: u32 = 16; // i64 unix microseconds; 0 = refuse everything not public
export const S_GENERATION: u32 = 24; // u32, 0 = closed
export const S_FLAGS: u32 = 28; // u32
export const S_SUBJECT: u32 = 32; // u32, interned subject; keys the limiter
export const S_INTERVAL: u32 = 36; // u32 microseconds per call, 0 = no session limit
export const S_TOLERANCE: u32 = 40; // u32 microseconds of burst
export const S_SUBJECT_BYTES: u32 = 44; // u32 bytes of the subject text at S_SUBJECT_AT
export const S_SUBJECT_AT: u32 = 48; // u32 offset of the subject's UTF-8 in shared memory
export const S_LABELS: u32 = 52; // u32 set of the caller's labels for counters; 0 = none
/** u32: stands for the caller's whole text (subject, roles, scopes): two sessions with the same
 *  number cannot be told apart by a cell. 0 while the text changes. Keys kept replies. */
export const S_CALLER: u32 = 56;
export const SESSION_AUTHENTICATED: u32 = 1;
export const SESSION_REVOKED: u32 = 2;
export const SESSION_HOST: u32 = 4; // a host's own mutually authenticated link

// Route row, 64 bytes. A frame's route id is the row's index.
export const ROUTE_BYTES: u32 = 64;
export const R_ROLES_ANY: u32 = 0; // u64: 0 or at least one of these
export const R_SCOPES_ALL: u32 = 8; // u64: all of these
export const R_FLAGS: u32 = 16; // u32
export const R_SLOT: u32 = 20; // u32 table index of the membrane's dispatch; slot + 1 = fetch
export const R_METHOD: u32 = 24; // u32 method index inside the cell
export const R_CELL: u32 = 28; // u32 cell index in the host
export const R_HOME: u32 = 32; // u32 lane of an actor, HOME_ANY for stateless cells
export const R_INTERVAL: u32 = 36; // u32 microseconds per call, 0 = no limit
export const R_TOLERANCE: u32 = 40; // u32 microseconds of burst
export const R_PAYLOAD_BYTES: u32 = 44; // u32 largest arguments
export const R_CPU_MS: u32 = 48; // u32 budget, read by the watchdog
export const R_POLICY: u32 = 52; // u32 byte offset of the policy record; only with ROUTE_POLICY
export const ROUTE_LIVE: u32 = 1; // 0: UNIMPLEMENTED
export const ROUTE_PUBLIC: u32 = 2; // no session needed
export const ROUTE_WAITING: u32 = 4; // goes through the lane's wait queue
export const ROUTE_POLICY: u32 = 8; // R_POLICY names a record: spans, replies, counters
export const ROUTE_RATE_METHOD: u32 = 16; // one bucket for all callers of the route
/** Bits 8 and 9: the channel whose frames may call the route. */
export const ROUTE_CHANNEL_SHIFT: u32 = 8;
export const ROUTE_CHANNEL_MASK: u32 = 0x300;
export const HOME_ANY: u32 = 0xffffffff;

// Policy record: what a route asks for beside the checks of its row. Written by the listener before
// the row names it; only Y_EPOCH changes after (counted up: what was kept of the route is void).
//
//   Y_FLAGS | Y_SAMPLE | Y_EPOCH | Y_TTL | Y_STALE | lists: u32 count | u32 bytes from the record
//   counters: u32 index | COUNTER_CLAIMS when the caller's label set counts
//   tags, forgets: a program each: u32 bytes behind | u64 hash of the tag's first text | steps:
//      u32 STEP_TEXT | bytes << 8, then the bytes, padded to 4
//      u32 STEP_* | FIELD_NULLABLE | offset in the argument record << 8
export const POLICY_HEAD: u32 = 64;
export const Y_FLAGS: u32 = 0; // u32 POLICY_*
export const Y_SAMPLE: u32 = 4; // u32: a root is sampled when 31 random bits are below
export const Y_EPOCH: u32 = 8; // u32
export const Y_TTL: u32 = 16; // i64 microseconds that a reply is fresh
export const Y_STALE: u32 = 24; // i64 microseconds until which it is served while one refreshes it
export const Y_COUNTERS: u32 = 32;
export const Y_TAGS: u32 = 40;
export const Y_FORGETS: u32 = 48;
export const POLICY_SPAN: u32 = 1;
export const POLICY_MEMO: u32 = 2;
export const POLICY_SHARED: u32 = 4; // kept for all callers
export const POLICY_FORGET: u32 = 8;
export const POLICY_COUNT: u32 = 16;
export const COUNTER_CLAIMS: u32 = 0x80000000;
export const FIELD_NULLABLE: u32 = 0x80;
export const STEP_TEXT: u32 = 0;
export const STEP_BOOL: u32 = 1;
export const STEP_I8: u32 = 2;
export const STEP_U8: u32 = 3;
export const STEP_I16: u32 = 4;
export const STEP_U16: u32 = 5;
export const STEP_I32: u32 = 6;
export const STEP_U32: u32 = 7; // enums too
export const STEP_I64: u32 = 8; // instants and durations too
export const STEP_U64: u32 = 9;
export const STEP_STRING: u32 = 10; // decimals too
export const STEP_UUID: u32 = 11;

/** The u64 hash of a tag: of no text; and what it is multiplied by, after each byte's xor. */
export const TAG_START: u32 = 0x811c9dc5;
export const TAG_PRIME: u32 = 0x9e3779b1;

// Tags' clocks: u64 each, TAG_SLOTS of them, by the hash of a tag: when it was forgotten last, in
// forgets of this host. The clock itself stands in front, at offset 0; slot 0, behind it, is for
// tags that could not be read: whoever has a tag at all has that one too.
export const TAGS_AT: u32 = 64;

// Link: where one method of another cell is found, 16 bytes. Written by the listener, K_ROUTE last.
// A cell's links lie together: manifest.remotes, cells and then methods sorted.
export const LINK_BYTES: u32 = 16;
export const K_ROUTE: u32 = 0; // u32 route + 1; 0: refused with what follows
export const K_CODE: u32 = 4; // u32 status | reason << 8
export const K_TEXT: u32 = 8; // u32 offset of an error record, 0 = none
export const K_TEXT_BYTES: u32 = 12; // u32
/** nested(): the high word of its answer when the call has to wait; the low one is the route. */
export const CALL_WAITS: u32 = 0x400;
/** nested(): bit of the high word: conclude() has something to do. */
export const CALL_CONCLUDES: u32 = 0x80000000;

// Ring: control lines of 64 B, then data. Indices run freely in u32 and are only subtracted.
export const RING_HEAD: u32 = 0; // u32, producer
export const RING_TAIL: u32 = 64; // u32, consumer
/** u64, consumer: low u32 = input position after the last finished frame, high u32 = out head
 *  after its reply. One store, so a lane killed anywhere is either before or after a frame. */
export const RING_PROGRESS: u32 = 128;
export const RING_DATA: u32 = 256;
// Record: header of 16 bytes, then whole frames; records are 16-aligned, frames 8-aligned.
//   u32 size (bytes of frames) | u32 connection | u32 generation | u32 stamp or tag
// In rings: stamp = low 32 bits of unix microseconds at receipt. Out rings: tag, RECORD_*.
// size RECORD_SKIP: nothing until the ring's start. `connection` is the session slot's index.
// Log ring: u32 size | u32 cell index | u32 level, + LOG_TRUNCATED | u32 stamp, then text.
export const RECORD_BYTES: u32 = 16;
export const RECORD_SKIP: u32 = 0xffffffff;
export const RECORD_DATA: u32 = 0;
export const RECORD_CLOSE: u32 = 1; // payload: u32 CLOSE_* reason, u32 0; end the connection
export const LOG_TRUNCATED: u32 = 0x100;
export const RECORD_CONTROL: u32 = 2; // payload: one frame for host/session (a second HELLO)

// Lane block, u32 words at the lane's base.
export const LANE_BYTES: u32 = 4096;
export const L_BELL_WORD: u32 = 0; // doorbell of the lane; only ever incremented
export const L_SLEEPS_WORD: u32 = 16; // 1: the lane sleeps, ring its bell
export const L_SEQUENCE_WORD: u32 = 32; // another per call: input position; the watchdog reads it
export const L_ROUTE_WORD: u32 = 33; // route being served, 0xffffffff = none
export const L_SOURCE_WORD: u32 = 34; // input being served: 0 in ring, 1 + n forward ring n
export const SOURCE_WAITING: u32 = 0xffffffff; // in L_SOURCE: the newest out head is L_COMPLETION's
export const L_STALLED_WORD: u32 = 35; // 1: the out ring is full
export const L_WAITING_WORD: u32 = 36; // waiting calls accepted and not answered
export const L_STATE_WORD: u32 = 37; // LANE_*
export const L_OUT_RECORD_WORD: u32 = 38; // position of the open out record + 1, 0 = none
export const L_RANDOM: u32 = 160; // u64 state of the guests' generator (byte offset)
export const L_NOW: u32 = 168; // i64 unix microseconds, stored per drain (byte offset)
export const L_COMPLETION: u32 = 176; // u64: pending slot + 1 | out head << 32 (byte offset)
export const L_SESSION: u32 = 184; // u32: byte offset of the caller's session slot, 0 = none
export const L_GENERATION: u32 = 188; // u32: generation of that session (one 64-bit store)
export const L_LOG_LOST: u32 = 192; // u32: log lines lost; written by membranes
// A frame that another hand takes over (a pending slot, another lane) has no out head to tell
// begun from finished: these two words say who took it. See kernel/recover.ts.
export const L_HANDOVER_WORD: u32 = 49; // 0, pending slot + 1, or HANDOVER_LANE | lane
export const L_HANDOVER_HEAD_WORD: u32 = 50; // forward ring's head once it was passed on
export const HANDOVER_LANE: u32 = 0x80000000;
// Calls from cell to cell on one stack: kernel/nested.ts, host/lane/nest.ts.
export const L_NESTED_WORD: u32 = 52; // how deep they nest now; not 0 while no guest runs: a trap
export const L_INNER_ROUTE_WORD: u32 = 53; // route that a cell called, innermost; 0xffffffff = none
export const L_CALLS: u32 = 216; // u32: grows whenever bytes are put into PART_CALL (byte offset)
export const L_BUDGET_WORD: u32 = 60; // ms of CPU for what runs now; 0 = R_CPU_MS of L_ROUTE
export const L_CONTROL_WORD: u32 = 61; // messages that the listener posted to the lane so far
export const L_CPU_SLOT_WORD: u32 = 62; // pending slot + 1 of the waiting call that has the CPU
// Written by the listener: low 32 bits of the L_NOW, | 1, of a drain that has run for long enough.
// Its lane ends it after the call in hand: shows the replies, reads the clock, sees who waits.
export const L_YIELD_WORD: u32 = 63;
/** The trace context of the call in hand, while L_TRACE_STATE is not 0; 32 B. Ids in W3C order. */
export const L_TRACE: u32 = 352; // 16 B trace id, 8 B span id
export const L_TRACE_STATE: u32 = 376; // u32 TRACE_*; its low byte: the flags of W3C
export const TRACE_NONE: u32 = 0; // nothing is decided: a span here may begin a trace
export const TRACE_HELD: u32 = 0x100; // the ids are there
export const TRACE_UNSAMPLED: u32 = 0x200; // decided at the root: not sampled; there are no ids
export const TRACE_OPEN: u32 = 0x400; // a span of its own is recorded when the call has ended
export const TRACE_SAMPLED: u32 = 1; // flag of W3C
export const L_SLOTS: u32 = 400; // u16 each: slots of tags that are being read, FORGET_TAGS
export const L_SPANS_LOST: u32 = 384; // u64: spans that found the ring full
export const L_PARTS: u32 = 256; // u32 offsets, relative to the lane's base, in this order:
export const PART_IN_WORD: u32 = 64;
export const PART_OUT_WORD: u32 = 65;
export const PART_FORWARD_WORD: u32 = 66; // ring from lane n at + n * (RING_DATA + capacity)
export const PART_PENDING_WORD: u32 = 67;
export const PART_LOG_WORD: u32 = 68;
export const PART_METRICS_WORD: u32 = 69;
/** C_MESSAGE_BYTES in which JavaScript hands bytes to kernel or membrane, within one step. */
export const PART_SCRATCH_WORD: u32 = 70;
export const PART_SPANS_WORD: u32 = 71;
export const PART_COUNTERS_WORD: u32 = 72;
export const PART_MEMO_WORD: u32 = 73;
/** Two halves: arguments on their way into a called cell, and its reply on the way back. Each has
 *  room for a message and for an error record. */
export const PART_CALL_WORD: u32 = 74;
/** CELLS bytes: 1 = the cell's instance for pure calls is on the stack below a nested call. Behind
 *  them, for each depth: u32 route called | u32 epoch | u64 tags' clock | u32 whom a kept reply
 *  is for | 4 unused, all but the first as before the call. */
export const PART_BUSY_WORD: u32 = 75;
export const NEST_BYTES: u32 = 24;
/** Trace contexts, as L_TRACE, of the waiting calls that cells have made of others: 32 B each. */
export const PART_CONTEXTS_WORD: u32 = 76;
export const CONTEXT_BYTES: u32 = 32;
// Runs of equal route and stamp, counted in `drain`, put into the metrics by `settle`. 16 bytes
// each at the lane's base + L_RUNS: u32 stamp | u32 route | u32 calls | u32 errors.
export const L_RUNS: u32 = 1024;
export const RUNS: u32 = 192;
export const L_RUN_COUNT: u32 = 204; // u32: runs that wait for settle
export const LANE_STARTING: u32 = 0;
export const LANE_READY: u32 = 1;
export const LANE_STOPPING: u32 = 2;

// Pending table: one slot a waiting call, so that a lost lane's calls can still be answered.
export const PENDING_BYTES: u32 = 128;
export const P_CONNECTION: u32 = 0;
export const P_GENERATION: u32 = 4;
export const P_CALL: u32 = 8;
export const P_STATE: u32 = 12; // 0 free, 1 queued, 2 running
export const P_ROUTE: u32 = 16;
export const P_STAMP: u32 = 20; // receive stamp, low 32 bits of unix microseconds
export const P_DEADLINE: u32 = 24; // i64 unix microseconds, 0 = none
export const P_SESSION: u32 = 32; // byte offset of the caller's session slot, 0 = none
/** Trace context as in L_TRACE; the state in P_TRACE_STATE. */
export const P_TRACE: u32 = 40;
export const P_TRACE_STATE: u32 = 64;
/** u32: 0, or the byte offset of the route's policy record; then all below is set. */
export const P_POLICY: u32 = 68;
export const P_PARENT: u32 = 72; // u64 id of the parent span, 0 = a root; with TRACE_OPEN
export const P_LABELS: u32 = 80; // u32 S_LABELS of the caller
export const P_MEMO: u32 = 84; // u32 entry that the reply is kept in, 0 = none
export const P_FORGET_COUNT: u32 = 88; // u32
export const P_FORGETS: u32 = 92; // u16 slots of the tags that success forgets

// Span ring of a lane: RING_HEAD and RING_TAIL count spans, SPAN_RING of them at RING_DATA.
//   trace id 16 B | span id 8 B | parent 8 B, 0 = root | route | status | stamp | flags | end
export const SPAN_BYTES: u32 = 64;
export const X_TRACE: u32 = 0;
export const X_SPAN: u32 = 16;
export const X_PARENT: u32 = 24;
export const X_ROUTE: u32 = 32; // u32
export const X_STATUS: u32 = 36; // u32 status | reason << 8
export const X_STAMP: u32 = 40; // u32 low 32 bits of unix microseconds: when it began
export const X_FLAGS: u32 = 44; // u32 SPAN_*
export const X_END: u32 = 48; // i64 unix microseconds
export const SPAN_KEPT: u32 = 1; // answered with a kept reply
export const SPAN_NESTED: u32 = 2; // called by a cell of this lane

// Metrics of one route in one lane. Latency in microseconds, log-linear (HDR style): 4 linear
// steps per power of two up to 2^26 us; bucket = see kernel/metrics.ts.
export const METRIC_BYTES: u32 = 512;
export const M_COUNT: u32 = 0; // u64 calls answered
export const M_ERRORS: u32 = 8; // u64 of them with an error
export const M_SUM: u32 = 16; // u64 microseconds
export const M_BUCKETS: u32 = 32; // u32 each
export const METRIC_BUCKETS: u32 = 104;
export const M_KEPT: u32 = 448; // u64 calls answered with a kept reply that is fresh
export const M_STALE: u32 = 456; // u64 with one that another call refreshes
export const M_MADE: u32 = 464; // u64 calls that found nothing kept, or refreshed it

/** First table slot of cell membranes in a lane; below lie the kernel's own functions. */
export const TABLE_BASE: u32 = 16;
/** dispatch's high word beyond the statuses: the reply is larger than the room given. */
export const DISPATCH_HELD: u32 = 0x200;
