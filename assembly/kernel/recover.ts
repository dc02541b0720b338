// Owns what becomes of a dead lane's calls. Runs on the listener thread, in a kernel of its own,
// after the worker has exited: nothing else touches the region then.
//
// What the dead lane left, and what is made of it:
//   L_SOURCE        whose progress word has the newest out head; frames behind it are whole
//   L_OUT_RECORD    the record that was open: it gets its size, or is dropped when it has no frame
//   L_ROUTE, L_HAND the frame in hand: answered with `status`, unless L_HANDOVER says that a
//                   pending slot or another lane had it already
//   pending slots   answered with `status`, but for the one that L_COMPLETION names (answered)
// Frames not begun stay in the rings for the next worker. Idempotent: each answer is one commit.

import {
  HANDOVER_LANE, L_COMPLETION, L_OUT_RECORD_WORD, L_SOURCE_WORD, L_STALLED_WORD, L_WAITING_WORD,
  P_CALL, P_CONNECTION, P_ROUTE, P_STAMP, RECORD_BYTES, SOURCE_WAITING,
} from '../shared/layout';
import { HEADER_BYTES } from '../shared/frame';
import { WAITING } from '../shared/limits';
import { passed } from './forward';
import { handedHead, handedTo, handOver, isBegun, rest, routeInHand } from './hand';
import { lane, lanes, ringBytes, word } from './lane';
import { count } from './metrics';
import { FREE, release, slotAt, stateOf } from './pending';
import {
  closeAt, publishedHead, publishReplies, ready, resume, usedAt, wakeListener, complete, place, head,
} from './reply';
import { refuse } from './request';
import { at, done, end, finishedAt, look, outHeadAt, positionOf, progress, record } from './ring';

/** Answers the frame in hand of the current source with `code` and `bytes` at `ptr`. False: none
 *  is in hand. Also after a trap in dispatch, when the lane itself lives. */
export function answerInHand(code: u32, ptr: usize, bytes: u32): bool {
  const source = load<u32>(word(L_SOURCE_WORD));
  if (source > lanes) return false;
  look(source);
  if (at == end || !isBegun(positionOf(done))) return false;
  const r = record(), p = r + RECORD_BYTES + done, length = load<u32>(p);
  const after = positionOf(done + ((HEADER_BYTES + length + 7) & ~7));
  const o = place(load<u64>(r, 4), HEADER_BYTES + ((bytes + 7) & ~7));
  if (bytes) memory.copy(o + HEADER_BYTES, ptr, bytes);
  complete(o, load<u32>(p, 8), code, 0, bytes);
  progress(after);
  count(routeInHand(), load<u32>(r, 12), 1);
  rest();
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
  // Older than what was published: nothing was answered since.
  return newest - shown <= ringBytes && usedAt(newest) <= ringBytes ? newest : shown;
}

function repair(): void {
  const newest = newestHead();
  const open = load<u32>(word(L_OUT_RECORD_WORD));
  if (open) {
    const record = open - 1;
    const fromShown = record - publishedHead();
    const filled = newest - record;
    if (fromShown <= ringBytes && filled > RECORD_BYTES && filled <= ringBytes) {
      closeAt(record, newest);
    }
  }
  resume(publishedHead());
  show((newest + 15) & ~15);
}

function show(position: u32): void {
  moveTo(position);
  publishReplies();
  store<u32>(word(L_OUT_RECORD_WORD), 0);
}
