// The entry "cell/synapse" for browsers. Node's is node/index.ts: the same names, another
// platform. The reference is for programs that check their types against these sources: the
// shared consts are u32.
/// <reference path="../../assembly/shared/numbers.d.ts" />

export * from './codec.ts';
export type * from './contract.ts';
export { CellError, Status, type StatusName, statusName } from './error.ts';
export type { Backoff, State, Target } from './link.ts';
export { type InProcess, memory } from './memory.ts';
export type { ConnectOptions, Token } from './platform.ts';
export { type ReasonText, reasonText } from './reasons.ts';
export { type StateListener, Synapse } from './synapse.ts';
export { parseTraceParent, type TraceParent, type TraceSource } from './trace.ts';
export type { Dial, Transport, TransportEvents } from './transport.ts';
