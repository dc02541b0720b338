// Owns who may call what: session slot against route row. Never answers, never counts.
//
// The listener may close or reuse a slot at any moment. It writes the generation to 0 first and
// last to its new value, so: generation equal before and after = the fields between were one
// session's. STALE means that they were not: the call is dropped as its connection is gone.

import {
  R_FLAGS, R_ROLES_ANY, R_SCOPES_ALL, ROUTE_LIVE, ROUTE_PUBLIC, S_EXPIRY, S_FLAGS, S_GENERATION,
  S_ROLES, S_SCOPES, SESSION_AUTHENTICATED, SESSION_REVOKED,
} from '../shared/layout';
import {
  REASON_EXPIRED, REASON_NO_ROUTE, REASON_NO_SESSION, REASON_REVOKED, REASON_ROLE, REASON_SCOPE,
} from '../shared/reason';
import { PERMISSION_DENIED, UNAUTHENTICATED, UNIMPLEMENTED } from '../shared/status';
import { now, routeCount, rowOf } from './lane';

export const STALE: u32 = 0xffffffff;
const OPEN: u32 = ROUTE_LIVE | ROUTE_PUBLIC;

/** The slot whose identity the call carries: 0 when its token has expired (public routes). */
export let identity: usize = 0;

@inline
export function current(slot: usize, generation: u32): bool {
  return atomic.load<u32>(slot + S_GENERATION) == generation;
}

/** 0, STALE, or status | reason << 8. Strangers cannot tell an unknown route from a closed one. */
@inline
export function authorize(slot: usize, generation: u32, route: u32): u32 {
  const row = rowOf(route);
  const flags = load<u32>(slot + S_FLAGS);
  const routeFlags: u32 = route < routeCount ? load<u32>(row + R_FLAGS) : 0;
  identity = slot;
  if (flags & SESSION_REVOKED) return UNAUTHENTICATED | (REASON_REVOKED << 8);
  if ((routeFlags & OPEN) == OPEN) {
    if ((flags & SESSION_AUTHENTICATED) && load<i64>(slot + S_EXPIRY) <= now) identity = 0;
  } else {
    if (!(flags & SESSION_AUTHENTICATED)) return UNAUTHENTICATED | (REASON_NO_SESSION << 8);
    if (load<i64>(slot + S_EXPIRY) <= now) return UNAUTHENTICATED | (REASON_EXPIRED << 8);
    if (!(routeFlags & ROUTE_LIVE)) return UNIMPLEMENTED | (REASON_NO_ROUTE << 8);
    const any = load<u64>(row + R_ROLES_ANY);
    if (any && !(any & load<u64>(slot + S_ROLES))) return PERMISSION_DENIED | (REASON_ROLE << 8);
    const all = load<u64>(row + R_SCOPES_ALL);
    if ((load<u64>(slot + S_SCOPES) & all) != all) return PERMISSION_DENIED | (REASON_SCOPE << 8);
  }
  return current(slot, generation) ? 0 : STALE;
}

/** For frames that another lane has judged: only what may have changed since. */
export function revised(slot: usize, route: u32): u32 {
  const flags = load<u32>(slot + S_FLAGS);
  const lost = (flags & SESSION_AUTHENTICATED) && load<i64>(slot + S_EXPIRY) <= now;
  identity = lost ? 0 : slot;
  if (flags & SESSION_REVOKED) return UNAUTHENTICATED | (REASON_REVOKED << 8);
  const live = route < routeCount && (load<u32>(rowOf(route) + R_FLAGS) & ROUTE_LIVE) != 0;
  return live ? 0 : UNIMPLEMENTED | (REASON_NO_ROUTE << 8);
}
