// Owns who may call what: session slot against route row. Never answers, never counts.
//
// The listener may close or reuse a slot at any moment. It writes the generation to 0 first and
// last to its new value, so: equal before and after = the fields between were one session's.
// Generation and flags are one aligned word: one load a frame tells that nothing has changed,
// revocation included. (A refreshed token counts from the next message on.)

import {
  R_FLAGS, R_ROLES_ANY, R_SCOPES_ALL, ROUTE_CHANNEL_MASK, ROUTE_CHANNEL_SHIFT, ROUTE_LIVE,
  ROUTE_PUBLIC, S_CALLER, S_EXPIRY, S_GENERATION, S_INTERVAL, S_ROLES, S_SCOPES,
  SESSION_AUTHENTICATED, SESSION_REVOKED,
} from '../shared/layout';
import {
  REASON_CHANNEL, REASON_EXPIRED, REASON_NO_ROUTE, REASON_NO_SESSION, REASON_REVOKED, REASON_ROLE,
  REASON_SCOPE,
} from '../shared/reason';
import { PERMISSION_DENIED, UNAUTHENTICATED, UNIMPLEMENTED } from '../shared/status';
import { caller } from './hand';
import { now, routeCount, rowOf } from './lane';

/** A row without these but LIVE: a closed method of channel APP, the one that is judged in line. */
const OPEN: u32 = ROUTE_LIVE | ROUTE_PUBLIC | ROUTE_CHANNEL_MASK;
const REVOKED: u32 = UNAUTHENTICATED | (REASON_REVOKED << 8);
const EXPIRED: u32 = UNAUTHENTICATED | (REASON_EXPIRED << 8);
const OTHER_CHANNEL: u32 = UNIMPLEMENTED | (REASON_CHANNEL << 8);
const UNKNOWN_ROUTE: u32 = UNIMPLEMENTED | (REASON_NO_ROUTE << 8);

/** What read() found out about a session; it holds while the slot's word stays `word`. */
export let word: u64 = 0;
export let roles: u64 = 0;
export let scopes: u64 = 0;
/**
 * What the session is refused with on every route that is not public: 0, or status | reason << 8.
 */
export let standing: u32 = 0;

/** The session's microseconds per call, 0 = no limit. */
export let perSession: u32 = 0;
/** The slot whose identity its calls carry: 0 = none, once its token has expired. */
export let identity: usize = 0;

@inline
export function wordOf(slot: usize): u64 {
  return atomic.load<u64>(slot + S_GENERATION);
}

/** Reads the session in `slot`, and tells the membranes that it calls. False: it is not of this
 *  generation, nobody is there any more. */
export function read(slot: usize, generation: u32): bool {
  do {
    word = wordOf(slot);
    if (<u32>word != generation) return false;
    const flags = <u32>(word >> 32);
    roles = load<u64>(slot + S_ROLES);
    scopes = load<u64>(slot + S_SCOPES);
    perSession = load<u32>(slot + S_INTERVAL);
    standing = 0;
    if (flags & SESSION_REVOKED) standing = REVOKED;
    else if (!(flags & SESSION_AUTHENTICATED)) {
      standing = UNAUTHENTICATED | (REASON_NO_SESSION << 8);
    }
    else if (load<i64>(slot + S_EXPIRY) <= now) standing = EXPIRED;
  } while (wordOf(slot) != word);
  // An expired token still calls public routes, but as nobody.
  identity = standing == EXPIRED ? 0 : slot;
  caller(identity, generation);
  return true;
}

/** Whether the session in `slot` is still `generation` and still the caller `number`: a cell that
 *  was entered in its name met nobody else, nor nobody. */
@inline
export function isStillOf(number: u32, slot: usize, generation: u32): bool {
  return atomic.load<u32>(slot + S_CALLER) == number && <u32>wordOf(slot) == generation;
}

/** For a frame of channel APP: 0, or status | reason << 8. Strangers cannot tell an unknown route
 *  from a closed one. */
@inline
export function authorize(route: u32, standing: u32, roles: u64, scopes: u64): u32 {
  if (route >= routeCount) return standing ? standing : UNKNOWN_ROUTE;
  const row = rowOf(route), flags = load<u32>(row + R_FLAGS);
  if ((flags & OPEN) != ROUTE_LIVE) return authorizeRare(flags, standing);
  if (standing) return standing;
  return rights(row, roles, scopes);
}

@inline
function rights(row: usize, roles: u64, scopes: u64): u32 {
  const any = load<u64>(row + R_ROLES_ANY);
  if (any && !(any & roles)) return PERMISSION_DENIED | (REASON_ROLE << 8);
  const all = load<u64>(row + R_SCOPES_ALL);
  if ((scopes & all) != all) return PERMISSION_DENIED | (REASON_SCOPE << 8);
  return 0;
}

/** Public routes, which only a revoked session may not call, those of other channels, dead ones. */
@inline
function authorizeRare(flags: u32, standing: u32): u32 {
  if (!(flags & ROUTE_LIVE)) return standing ? standing : UNKNOWN_ROUTE;
  if (flags & ROUTE_CHANNEL_MASK) return standing ? standing : OTHER_CHANNEL;
  return standing == REVOKED ? standing : 0;
}

/** authorize() for a frame of any channel. */
export function authorizeOn(channel: u32, route: u32): u32 {
  const row = rowOf(route), flags: u32 = route < routeCount ? load<u32>(row + R_FLAGS) : 0;
  if (!(flags & ROUTE_LIVE)) return standing ? standing : UNKNOWN_ROUTE;
  const isPublic = (flags & ROUTE_PUBLIC) != 0;
  const other = (flags & ROUTE_CHANNEL_MASK) >> ROUTE_CHANNEL_SHIFT != channel;
  if (standing && (!isPublic || other || standing == REVOKED)) return standing;
  if (other) {
    return OTHER_CHANNEL;
  }
  return isPublic ? 0 : rights(row, roles, scopes);
}

/** Frames that another lane has judged: only what may have changed since. */
export function authorizeAgain(route: u32, standing: u32): u32 {
  const flags: u32 = route < routeCount ? load<u32>(rowOf(route) + R_FLAGS) : 0;
  if (!(flags & ROUTE_LIVE)) return UNKNOWN_ROUTE;
  return standing == REVOKED ? standing : 0;
}
