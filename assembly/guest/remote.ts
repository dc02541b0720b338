// Owns what is the same for all calls of other cells: taking the reply, and passing a failure on.
// The module of a remote cell (build/4-emit/remote-module.ts) encodes and decodes around it.
//
//   cell:call answers   bytes of the reply                        bits 0-31
//                       status of a failure: `bytes` of record    bits 32-39
//                       reason: the host refused, no record       bits 40-47
import { ERROR_BYTES } from "../shared/limits";
import * as R from "../shared/reason";
import { fail } from "./failure";

@external("cell:reply", "take")
declare function takeReply(ptr: usize): void;
@external("cell:core", "fail")
declare function throwFailure(status: u32, ptr: usize, len: u32): void;

/** Bytes of the reply that received() returned last. */
export let replyBytes: usize = 0;

/** Takes what the call of `method` (`ledger.debit`) left: where the reply stands. A failure of the
 *  called cell becomes this call's, with its status, message and details. */
export function received(answer: i64, method: string): usize {
  const bytes = <usize>(answer & 0xffffffff);
  if (<u64>answer >> 32) failed(answer, bytes, method);
  const at = __new(bytes, idof<ArrayBuffer>()); // goes with the call
  takeReply(at);
  replyBytes = bytes;
  return at;
}

function failed(answer: i64, bytes: usize, method: string): void {
  const status = <u32>(answer >> 32) & 255;
  const reason = <u32>(answer >> 40) & 255;
  if (reason == 0 && bytes != 0 && bytes <= ERROR_BYTES) {
    const at = __new(bytes, idof<ArrayBuffer>());
    takeReply(at);
    throwFailure(status, at, <u32>bytes);
    unreachable();
  }
  fail<void>(status, method + ": " + textOf(reason));
}

/** The words of a refusal; host/synapse/reasons.ts has those for clients. */
function textOf(reason: u32): string {
  switch (reason) {
    case R.REASON_NO_CELL: return "that cell is not loaded in this host";
    case R.REASON_NO_ROUTE: return "that cell has no such method";
    case R.REASON_NO_SESSION: return "it needs an authenticated session";
    case R.REASON_EXPIRED: return "the caller's token has expired";
    case R.REASON_REVOKED: return "the caller was revoked";
    case R.REASON_ROLE: return "the caller has none of the roles that it accepts";
    case R.REASON_SCOPE: return "the caller lacks a scope that it needs";
    case R.REASON_RATE_ROUTE: return "too many calls by this caller";
    case R.REASON_DEADLINE_RUNNING:
    case R.REASON_DEADLINE_QUEUED: return "the deadline has passed";
    case R.REASON_QUARANTINE: return "that cell is in quarantine: it ended its lane repeatedly";
    case R.REASON_CELL_LOADING: return "that cell is not ready yet";
    case R.REASON_PAYLOAD_TOO_LARGE: return "the arguments are larger than it accepts";
    case R.REASON_REPLY_TOO_LARGE: return "its answer is larger than a message may be";
    case R.REASON_REPLY_WILD: return "it answered with memory that it does not have";
    case R.REASON_CANCELLED: return "the call was cancelled";
    case R.REASON_WAIT_FULL: return "too many calls of this lane are waiting";
    case R.REASON_CALL_CYCLE: return "that cell is waiting for this very call";
    case R.REASON_CALL_DEPTH: return "calls from cell to cell nest too deep";
    case R.REASON_CALL_WAITS: return "it has to wait, and this call cannot; try again";
    case R.REASON_CALL_START: return "a cell calls others from its methods, not while it starts";
    default: return "refused for reason " + reason.toString();
  }
}
