// Owns the answers of calls that are not made: a status and a reason, no payload.

import { HEADER_BYTES } from '../shared/frame';
import { count } from './metrics';
import { complete, place } from './reply';
import { progress } from './ring';

/** Answers without a payload: code is status | reason << 8. */
export function refused(
  key: u64, call: u32, code: u32, retry: u32, route: u32, stamp: u32, after: u32,
): void {
  refuse(key, call, code, retry);
  progress(after);
  count(route, stamp, 1);
}

@inline
export function refuse(key: u64, call: u32, code: u32, retry: u32): void {
  complete(place(key, HEADER_BYTES), call, code, retry, 0);
}
