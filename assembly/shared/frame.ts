// Owns the frame header: the one layout that clients, listeners, kernel and lanes agree on.
// Never holds behaviour. Read by asc and tsc alike, so: plain numeric consts only.
//
//  byte  0        4      5       6               8          12
//        +--------+------+-------+---------------+----------+-----------------------------+
//        | length | kind | flags | route | status | call id  | remaining | retry | credit  |
//        | u32    | u8   | u8    | u16            | u32      | u32                         |
//        +--------+------+-------+---------------+----------+-----------------------------+
//        | extensions (EXT only), padded to 8 | payload | zero padding to 8 |
//
// length counts extensions and payload, not the header and not the padding. Little-endian.
// The next frame starts at align8(HEADER_BYTES + length).

/** Bytes. */
export const HEADER_BYTES: u32 = 16;
export const FRAME_ALIGN: u32 = 8;

// Byte offsets in the header.
export const AT_LENGTH: u32 = 0;
export const AT_KIND: u32 = 4;
export const AT_FLAGS: u32 = 5;
/** REQUEST, CANCEL: route id. ERROR: status, and in the high byte reason (reason.ts). */
export const AT_ROUTE: u32 = 6;
export const AT_CALL: u32 = 8;
/** REQUEST: milliseconds remaining, 0 = no deadline. ERROR: retry after, ms. CREDIT: bytes. */
export const AT_EXTRA: u32 = 12;

// Kinds; ARCHITECTURE.md, "Frames of the session", has the payloads of those that have one.
export const KIND_HELLO: u32 = 1;
export const KIND_WELCOME: u32 = 2;
export const KIND_REQUEST: u32 = 3;
export const KIND_RESPONSE: u32 = 4;
export const KIND_ERROR: u32 = 5;
export const KIND_ITEM: u32 = 6;
export const KIND_END: u32 = 7;
export const KIND_CANCEL: u32 = 8;
export const KIND_CREDIT: u32 = 9;
export const KIND_PING: u32 = 10;
export const KIND_PONG: u32 = 11;
export const KIND_PUBLISH: u32 = 12;

/** flags: bits 0-1 channel, bit 2 EXT, the rest must be 0. */
export const FLAG_CHANNEL_MASK: u32 = 3;
export const FLAG_EXT: u32 = 4;
export const FLAGS_KNOWN: u32 = 7;

// Values of FLAG_CHANNEL_MASK: calls, agreement among hosts, operations, macros of the build.
export const CHANNEL_APP: u32 = 0;
export const CHANNEL_CONSENSUS: u32 = 1;
export const CHANNEL_OPS: u32 = 2;
export const CHANNEL_MACRO: u32 = 3;

// Extensions: u16 total bytes (this word included, padded to 8), then items of
// `u8 type | u8 words of 4 bytes | words`. An odd type that the reader does not know is refused.
export const EXT_BEHALF: u32 = 1;
export const EXT_TRACE: u32 = 2;
export const EXT_IDEMPOTENCY: u32 = 4;

/** Version of the protocol, sent in HELLO and WELCOME. */
export const PROTOCOL_VERSION: u32 = 1;
