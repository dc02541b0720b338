// Why the kernel or the host answered, where no cell wrote a message: the high byte of an ERROR's
// status word. The texts are in host/synapse/reasons.ts; a test checks that every number has one.
// 0 means: the payload is an error record {message: string, type: string|null, details:
// bytes|null}.
export const REASON_NONE: u32 = 0;
export const REASON_NO_ROUTE: u32 = 1;
export const REASON_NO_SESSION: u32 = 2;
export const REASON_EXPIRED: u32 = 3;
export const REASON_REVOKED: u32 = 4;
export const REASON_ROLE: u32 = 5;
export const REASON_SCOPE: u32 = 6;
export const REASON_RATE_ROUTE: u32 = 7;
export const REASON_RATE_SESSION: u32 = 8;
export const REASON_DEADLINE_QUEUED: u32 = 9;
export const REASON_DEADLINE_RUNNING: u32 = 10;
export const REASON_CPU: u32 = 11;
export const REASON_LANE_LOST: u32 = 12;
export const REASON_LANE_FULL: u32 = 13;
export const REASON_WAIT_FULL: u32 = 14;
export const REASON_QUARANTINE: u32 = 15;
export const REASON_CELL_LOADING: u32 = 16;
export const REASON_PAYLOAD_TOO_LARGE: u32 = 17;
export const REASON_REPLY_TOO_LARGE: u32 = 18;
export const REASON_REPLY_WILD: u32 = 19;
export const REASON_DUPLICATE_CALL: u32 = 20;
export const REASON_CANCELLED: u32 = 21;
export const REASON_CHANNEL: u32 = 22;
export const REASON_EXTENSION: u32 = 23;
export const REASON_DRAINING: u32 = 24;
export const REASON_NO_CELL: u32 = 25;
export const REASON_CALL_CYCLE: u32 = 26;
export const REASON_CALL_DEPTH: u32 = 27;
export const REASON_CALL_WAITS: u32 = 28;
export const REASON_CALL_START: u32 = 29;
export const REASON_REMOTE_CHANGED: u32 = 30;
// Fatal to the connection (CLOSE records), never in an ERROR frame:
export const CLOSE_FRAME_LENGTH: u32 = 64;
export const CLOSE_FRAME_KIND: u32 = 65;
export const CLOSE_FRAME_FLAGS: u32 = 66;
export const CLOSE_TRUNCATED: u32 = 67;
export const CLOSE_PADDING: u32 = 68;
