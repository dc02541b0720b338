// Owns the exports: what a lane's JavaScript may ask of the kernel. Each is one synchronous step;
// none may be called while another runs (env.wait and env.cancel only copy and queue).
// Holds no state that shared memory does not: attach() rebuilds everything.
// Never throws: a trap is a guest's (in drain: call failCurrent and go on) or, in the debug build,
// a broken invariant.

import { ERROR_BYTES } from '../shared/limits';
import { INTERNAL } from '../shared/status';
import { attachCounters } from './counters';
import { invariants } from './invariants';
import { begin, lanes, messageBytes, place } from './lane';
import { attachMetrics, runsFull, settleRuns } from './metrics';
import { attachMemo } from './memo';
import { attachPending, finish as finishPending, reserve as reservePending } from './pending';
import { attachPolicies } from './policy';
import { attachRandom } from './random';
import { answerInHand, recoverLane } from './recover';
import { attachReplies, publishReplies, unstall, wakeListener } from './reply';
import { filled } from './ring';
import { serve } from './serve';
import { attachSpans, settleSpans } from './spans';

export { inbox } from './inbox';
export { nested } from './nested';
export { conclude, context } from './nested-policy';

/** The forward ring that is served first; it moves on so that none starves. */
let turn: u32 = 0;

/** Takes over lane `number`: the layout is there, its last worker has exited. */
export function attach(number: u32): void {
  place(number);
  attachReplies();
  attachMetrics();
  attachPending();
  attachCounters();
  attachMemo();
  attachPolicies();
  attachRandom();
  attachSpans();
  turn = 0;
}

/** Serves up to `frames` frames of the in ring and then of the forward rings (of these at least a
 *  quarter of `frames`, so neither starves). Returns the frames; 0 = nothing to do, or L_STALLED.
 *  `nowUs`: unix microseconds. */
export function drain(nowUs: f64, frames: u32): u32 {
  begin(nowUs);
  if (runsFull) settleRuns();
  unstall();
  let served: u32 = filled(0) ? serve(0, frames) : 0;
  if (lanes > 1) served += drainForwards(max(frames - served, max(frames >> 2, 1)));
  if (served) wakeListener();
  return served;
}

function drainForwards(frames: u32): u32 {
  let served: u32 = 0;
  for (let i: u32 = 0; i < lanes && served < frames; i++) {
    const from = turn + i < lanes ? turn + i : turn + i - lanes;
    if (filled(1 + from)) served += serve(1 + from, frames - served);
  }
  turn = turn + 1 < lanes ? turn + 1 : 0;
  return served;
}

/** Puts what was answered since into the metrics, as having taken until `nowUs`. */
export function settle(nowUs: f64): void {
  begin(nowUs);
  settleRuns();
  settleSpans();
}

/** After a trap in drain: answers the frame that was being served with an ERROR, its payload the
 *  `bytes` (at most ERROR_BYTES) of error record at `ptr`, and steps over it. 1, or 0: none was. */
export function failCurrent(status: u32, reason: u32, ptr: u32, bytes: u32): u32 {
  const most = min(ERROR_BYTES, messageBytes);
  const answered = answerInHand(codeOf(status, reason), ptr, min(bytes, most));
  invariants();
  return answered ? 1 : 0;
}

/** Room for `bytes` of payload of the answer to the waiting call in `slot`: byte offset, or 0 =
 *  the out ring is full (L_STALLED is set) or there is no such call. finish() must follow. */
export function reserve(slot: u32, bytes: u32): u32 {
  return reservePending(slot, bytes);
}

/** Completes what reserve() began: RESPONSE (status 0) or ERROR; the slot is free. 1, or 0 when
 *  nothing was reserved for `slot` or less than `bytes`. publish() shows it. */
export function finish(slot: u32, status: u32, reason: u32, bytes: u32): u32 {
  const finished = finishPending(slot, status, reason, bytes);
  invariants();
  return finished;
}

/** Shows replies to the listener and rings its bell when it sleeps. */
export function publish(): void {
  publishReplies();
  wakeListener();
}

/** For the dead lane that was attached: answers all it had begun. Returns the answers that found
 *  no room: deliver, then call again. 0 = done; the region is ready for the next worker. */
export function recover(status: u32, reason: u32): u32 {
  const left = recoverLane(codeOf(status, reason));
  publishReplies();
  invariants();
  return left;
}

@inline
function codeOf(status: u32, reason: u32): u32 {
  return (status - 1 < 16 ? status : INTERNAL) | ((reason & 255) << 8);
}
