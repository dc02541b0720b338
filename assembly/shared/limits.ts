// Every limit of the road of a call, once. Each states its unit, its threat and its reason.
// Tests try N and N + 1.

/** Bytes. A lane's in and out ring each; a power of two. Threat: memory per lane. */
export const RING_BYTES: u32 = 4 << 20;
/** A message may fill at most 1/4 of a ring, so that wrap waste can never block it. */
export const MESSAGE_SHARE: u32 = 4;
/** Bytes. Messages and replies above this are refused with the limit named. */
export const MESSAGE_BYTES: u32 = 1 << 20;
/** Bytes. HELLO: strangers may send this much before they are known. Threat: memory. */
export const HELLO_BYTES: u32 = 16 << 10;
/** Milliseconds that a stranger has to say HELLO. Threat: idle sockets. */
export const HELLO_MS: u32 = 5000;
/** Methods that one HELLO may name. */
export const HELLO_METHODS: u32 = 1024;
/** Sessions (connections) at once; 64 B each in shared memory. Threat: connection floods. */
export const SESSIONS: u32 = 16384;
/** Bytes of one caller's text (subject, roles, scopes) in shared memory. Threat: long tokens. */
export const CALLER_BYTES: u32 = 1024;
/** Routes (methods of all cells); 64 B each. Route ids are u16. */
export const ROUTES: u32 = 4096;
/** Limiter buckets, 16 B each; expired ones are reused. Threat: subjects without end. */
export const BUCKETS: u32 = 65536;
/** Calls per lane that wait on a capability or on an actor. Threat: memory, suspended stacks. */
export const WAITING: u32 = 1024;
/** Bytes of arguments that waiting calls of one lane may hold. */
export const WAITING_BYTES: u32 = 16 << 20;
/** Instances per lane that may be suspended at once; above 32 stacks V8 slows down. */
export const SUSPENDED: u32 = 32;
/** Bytes of memory that the instances for waiting calls of one cell may hold in one lane, beyond
 *  the first; further calls queue. Threat: SUSPENDED instances at their largest. */
export const POOL_BYTES: u32 = 256 << 20;
/** Lanes in one host. */
export const LANES: u32 = 64;
/** Bytes. Ring from one lane to another, for calls to actor cells that live elsewhere. */
export const FORWARD_BYTES: u32 = 256 << 10;
/** Bytes. A lane's log ring; a guest that logs faster loses lines, which are counted. */
export const LOG_BYTES: u32 = 64 << 10;
/** Bytes of one log line. */
export const LOG_LINE_BYTES: u32 = 2048;
/** Bytes of an error record (message and details) that a cell may answer with. */
export const ERROR_BYTES: u32 = 16 << 10;
/** Bytes of unanswered requests per connection that a client may have out. */
export const CREDIT_BYTES: u32 = 4 << 20;
/** Bytes that may wait unsent for one client that does not read; then it is closed. */
export const BACKPRESSURE_BYTES: u32 = 8 << 20;
/** Bytes that may wait unsent over all connections. Threat: many clients that do not read. */
export const UNSENT_BYTES: u32 = 256 << 20;
/** Bytes parked over all connections (ring full, half-received). Threat: many slow senders. */
export const PARK_BYTES: u32 = 64 << 20;
/** Milliseconds of CPU per call before its lane is ended. Threat: endless loops. */
export const CPU_MS: u32 = 200;
/** Pages of 64 KB that a cell may grow to unless its build says otherwise. */
export const CELL_PAGES: u32 = 1024;
/** Depth of nesting in a value. Threat: stack overflow by input. VALUES.md rule 7. */
export const VALUE_DEPTH: u32 = 32;
/** Lanes lost to one cell within QUARANTINE_MS before it is quarantined for QUARANTINE_MS. */
export const QUARANTINE_STRIKES: u32 = 3;
export const QUARANTINE_MS: u32 = 30000;
/** Frames per drain: bounds how old `now` may get. */
export const DRAIN_FRAMES: u32 = 4096;
/**
 * Milliseconds in which a cell's start() must end, its waits included. Threat: a host never ready.
 */
export const START_MS: u32 = 30000;
/**
 * Milliseconds of CPU in one stretch of start() or of module initialisers. Threat: endless loops.
 */
export const START_CPU_MS: u32 = 10000;
/** Cells in one host: two table slots each in every lane. */
export const CELLS: u32 = 1024;
/** Bytes of all feature flags of a host, as JSON. Threat: every lane holds them parsed. */
export const FLAGS_BYTES: u32 = 256 << 10;
/** Bytes of policy records of all methods in one host. Threat: memory. */
export const POLICIES_BYTES: u32 = 1 << 20;
/** Bytes of kept replies in one lane, their arguments and 96 bytes each included; the one that was
 *  used longest ago goes first. Untouched pages cost nothing. Threat: memory. */
export const MEMO_BYTES: u32 = 8 << 20;
/** Bytes of arguments and reply of one kept reply; larger ones are not kept. Threat: one large
 *  reply that pushes out a thousand small ones. */
export const MEMO_ENTRY_BYTES: u32 = 64 << 10;
/** Tags of one kept reply. */
export const MEMO_TAGS: u32 = 8;
/** Tags that one call forgets. */
export const FORGET_TAGS: u32 = 16;
/** Clocks of tags in one host, a power of two, 8 B each. Two tags that share one are forgotten
 *  together: more of them, and fewer replies are forgotten for nothing. */
export const TAG_SLOTS: u32 = 16384;
/** Bytes of the fixed texts of one tag. */
export const TAG_BYTES: u32 = 256;
/** Milliseconds after which a call that refreshes a stale reply is taken for lost: the next one is
 *  let through. Threat: a refresh that never ends, or fails for ever. */
export const REFRESH_MS: u32 = 1000;
/** Ended spans that may wait in one lane for the listener; those beyond are counted and lost. */
export const SPANS: u32 = 4096;
/** Counters (name, labels) in one host; LABEL_SETS of 8 B each in every lane. */
export const COUNTERS: u32 = 256;
/** Counters of one method. */
export const METHOD_COUNTERS: u32 = 8;
/** Sets of labels that callers may have, 0 (none) and 255 (all others) included. Threat: claims
 *  without end. */
export const LABEL_SETS: u32 = 256;
/** Calls from cell to cell that may nest. Threat: recursion over cells; a chain has 3 to 5. */
export const CALL_DEPTH: u32 = 16;
/** Methods of other cells that the cells of one host may name, 16 B each. Threat: memory. */
export const LINKS: u32 = 8192;
/** Bytes of the texts that say why a method cannot be called, in one host. */
export const LINK_TEXT_BYTES: u32 = 128 << 10;
/** Milliseconds of one pause between retries. Threat: stacks that stand still for hours. */
export const PAUSE_MS: u32 = 60000;
