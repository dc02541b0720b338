// Owns what becomes of a dead lane's calls. Runs on the listener thread, in a kernel of its own,
// after the worker has exited: nothing else touches the region then.
//
// What the dead lane left, and what is made of it:
//   L_SOURCE        whose progress word has the newest out head; frames behind it are whole
//   L_OUT_RECORD    the record that was open: it gets its size, or is dropped when it has no frame
//   L_ROUTE, L_HAND the frame in hand: answered with `status`, unless L_HANDOVER says that a
//                   pending slot or another lane had it already
//   pending slots   answered with `status`, but for the one that L_COMPLETION names (answered).
//                   When a call used up its CPU budget, only the one that L_CPU_SLOT names is told
//                   so; the others are told that their lane was lost
// Frames not begun stay in the rings for the next worker. Idempotent: each answer is one commit.

import { AT_FLAGS, AT_KIND, FLAG_EXT, HEADER_BYTES, KIND_REQUEST } from '../shared/frame';
import {
  HANDOVER_LANE, L_COMPLETION, L_CPU_SLOT_WORD, L_OUT_RECORD_WORD, L_SOURCE_WORD,
  L_STALLED_WORD, L_WAITING_WORD,
  P_CALL, P_CONNECTION, P_POLICY, P_ROUTE, P_STAMP, P_STATE, RECORD_BYTES, SOURCE_WAITING,
} from '../shared/layout';
import { WAITING } from '../shared/limits';
import { REASON_CPU, REASON_LANE_LOST } from '../shared/reason';
import { DEADLINE_EXCEEDED, UNAVAILABLE } from '../shared/status';
import { forgetCarried } from './carried';
import { extensionBytes, walkExtensions } from './extension';
import { passed } from './forward';
import { handedHead, handedTo, handOver, isBegun, rest, routeInHand } from './hand';
import { lane, lanes, ringBytes, slotAt, word } from './lane';
import { count } from './metrics';
import { FREE, stateOf } from './pending';
import { adopt, closeAt, complete, place, publishedHead, ready, usedAt } from './reply';
import { forgetInHand } from './policy';
import { refuse } from './refusal';
import { closeSpan, dropTrace } from './spans';
import { at, done, end, look, outHeadAt, positionOf, progress, record } from './ring';

/** Answers the frame in hand, if there is one, with an ERROR of `code` and `bytes` at `ptr`. Also
 *  after a trap in dispatch, when the lane itself lives. Room was made sure of by ready(). */
export function answerInHand(code: u32, ptr: usize, bytes: u32): bool {
  const source = load<u32>(word(L_SOURCE_WORD));
  if (source > lanes) return false;
  look(source);
  if (at == end || !isBegun(positionOf(done))) return false;
  const r = record(), p = r + RECORD_BYTES + done;
  const after = positionOf(done + ((HEADER_BYTES + load<u32>(p) + 7) & ~7));
  // A CANCEL that is being passed on is in hand too, but it is a wish: nothing answers it.
  if (load<u8>(p, AT_KIND) != KIND_REQUEST) {
    if (!takenOver(after)) progress(after);
  } else if (!takenOver(after)) {
    const args = argumentsOf(p);
    if (args) forgetInHand(routeInHand(), args, <u32>(p + HEADER_BYTES + load<u32>(p) - args));
    const o = place(load<u64>(r, 4), HEADER_BYTES + ((bytes + 7) & ~7));
    if (bytes) memory.copy(o + HEADER_BYTES, ptr, bytes);
    complete(o, load<u32>(p, 8), code, 0, bytes);
    progress(after);
    count(routeInHand(), load<u32>(r, 12), 1);
    closeSpan(routeInHand(), code, load<u32>(r, 12), 0);
  }
  dropTrace();
  rest();
  return true;
}

/** Where the arguments of the REQUEST at `p` begin, behind its extensions; 0: these are no good. */
function argumentsOf(p: usize): usize {
  const args = p + HEADER_BYTES;
  if (!(load<u8>(p, AT_FLAGS) & FLAG_EXT)) return args;
  return walkExtensions(args, load<u32>(p)) ? 0 : args + extensionBytes;
}

/** True when the frame in hand needs no answer from here: another lane has it, or is to get it
 *  from the next worker. A pending slot that was being filled is empty again. */
function takenOver(after: u32): bool {
  const to = handedTo();
  if (!to) return false;
  const head = handedHead();
  handOver(0, 0);
  if (!(to & HANDOVER_LANE)) {
    store<u32>(slotAt(to - 1) + P_STATE, FREE);
    return false;
  }
  if (passed(to & ~HANDOVER_LANE, head)) progress(after);
  return true;
}

/** Out head after the last whole frame. */
function newestHead(): u32 {
  const source = load<u32>(word(L_SOURCE_WORD));
  const shown = publishedHead();
  let newest = shown;
  if (source == SOURCE_WAITING) {
    newest = load<u32>(lane + L_COMPLETION, 4);
  } else if (source <= lanes) {
    look(source);
    newest = outHeadAt();
  }
  // Older than what was shown: nothing was answered since.
  return newest - shown <= ringBytes && usedAt(newest) <= ringBytes ? newest : shown;
}

function repair(): void {
  const newest = newestHead();
  const open = load<u32>(word(L_OUT_RECORD_WORD));
  if (open) {
    const record = open - 1;
    const filled = newest - record;
    if (record - publishedHead() <= ringBytes && filled > RECORD_BYTES && filled <= ringBytes) {
      closeAt(record, newest);
    }
  }
  adopt((newest + 15) & ~15);
}

/** Answers what the dead lane had begun with `code`; returns how many answers found no room. */
export function recoverLane(code: u32): u32 {
  repair();
  if (!ready()) return 1 + load<u32>(word(L_WAITING_WORD));
  answerInHand(code, 0, 0);
  handOver(0, 0);
  const answered = load<u32>(lane + L_COMPLETION);
  const culprit = load<u32>(word(L_CPU_SLOT_WORD));
  const overran = code == (DEADLINE_EXCEEDED | (REASON_CPU << 8));
  const mates = overran ? UNAVAILABLE | (REASON_LANE_LOST << 8) : code;
  let left: u32 = 0;
  for (let slot: u32 = 0; slot < WAITING; slot++) {
    if (stateOf(slot) == FREE) continue;
    const at = slotAt(slot);
    if (load<u32>(at + P_POLICY)) forgetCarried(at);
    if (slot + 1 != answered) {
      if (!ready()) {
        left++;
        continue;
      }
      const why = slot + 1 == culprit ? code : mates;
      refuse(load<u64>(at + P_CONNECTION), load<u32>(at + P_CALL), why, 0);
      count(load<u32>(at + P_ROUTE), load<u32>(at + P_STAMP), 1);
    }
    store<u32>(at + P_STATE, FREE);
  }
  store<u32>(word(L_WAITING_WORD), left);
  store<u32>(word(L_STALLED_WORD), 0);
  store<u32>(lane + L_COMPLETION, 0);
  rest();
  return left;
}
