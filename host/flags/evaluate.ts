// Owns the evaluation of one flag for one caller, as OpenFeature specifies it: a value, its variant
// and the reason. Pure and without waiting: the same in lanes, in the verb `flags` and in tests.
//
// A share is stable: the bucket of a subject in a flag depends on their two texts alone, so it is
// the same in every lane, host and year. Variants take their shares in the order of `variants`
// (true before false), so a share that grows keeps whom it had.
//
//   bucket = fmix32(fnv1a32(utf8(key + "\0" + subject))) * 100000 >> 32
//
// FNV-1a: Fowler, Noll, Vo (RFC 9923). fmix32: the finalizer of MurmurHash3 (Appleby, 2011), since
// FNV's high bits are poor on short texts.

import { type Flag, type Flags, SHARES, type Variant, variantNames } from './definition.ts';

/** Who asks. Read only when a rule needs it. */
export interface Asker {
  /** null: a caller without a token, whom no share can be given to. */
  subject(): string | null;
  roles(): readonly string[];
}

/** Reasons of the OpenFeature specification that occur here. */
export type Reason = 'STATIC' | 'DEFAULT' | 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'ERROR';

export type ErrorCode = 'FLAG_NOT_FOUND' | 'TYPE_MISMATCH';

/** How an evaluation ended. `value` null: the code's own fallback counts. */
export interface Evaluation {
  value: Variant | null;
  reason: Reason;
  errorCode?: ErrorCode;
}

const encoder = new TextEncoder();

/** Bucket of `subject` in the flag `key`, 0 to SHARES - 1. */
export function bucketOf(key: string, subject: string): number {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(`${key}\0${subject}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash = (hash ^ (hash >>> 16)) >>> 0;
  return Math.floor((hash / 2 ** 32) * SHARES);
}

/** The variant that a bucket falls to. */
function shareOf(flag: Flag, split: Record<string, number>, bucket: number): Variant {
  let end = 0;
  for (const name of variantNames(flag)) {
    end += Math.round((split[name] ?? 0) * 1000);
    if (bucket < end) return flag.variants === null ? name === 'on' : name;
  }
  return flag.default;
}

/** Whether a rule is for who asks. */
function isFor(rule: Flag['rules'][number], asker: Asker): boolean {
  const { subjects, roles } = rule;
  if (subjects === undefined && roles === undefined) return true;
  if (subjects !== undefined) {
    const subject = asker.subject();
    if (subject !== null && subjects.includes(subject)) return true;
  }
  return roles !== undefined && asker.roles().some((role) => roles.includes(role));
}

/** Evaluates `flag`, whose key is `key`. `bucket` stands for bucketOf, for those who remember. */
export function evaluateFlag(
  key: string,
  flag: Flag,
  asker: Asker,
  bucket: (key: string, subject: string) => number = bucketOf,
): Evaluation {
  if (!flag.enabled) return { value: null, reason: 'DISABLED' };
  if (flag.rules.length === 0) return { value: flag.default, reason: 'STATIC' };
  for (const rule of flag.rules) {
    if (!isFor(rule, asker)) continue;
    if (rule.give !== undefined) return { value: rule.give, reason: 'TARGETING_MATCH' };
    const subject = asker.subject();
    if (subject === null) continue;
    const { percent = 0 } = rule;
    const split = rule.split ?? { on: percent, off: 100 - percent };
    return { value: shareOf(flag, split, bucket(key, subject)), reason: 'SPLIT' };
  }
  return { value: flag.default, reason: 'DEFAULT' };
}

/** Evaluates the flag `key` as a boolean or as a name. */
export function evaluate(
  flags: Flags,
  key: string,
  type: 'boolean' | 'string',
  asker: Asker,
): Evaluation {
  const flag = Object.hasOwn(flags, key) ? flags[key] : undefined;
  if (flag === undefined) {
    return { value: null, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' };
  }
  if ((flag.variants === null) !== (type === 'boolean')) {
    return { value: null, reason: 'ERROR', errorCode: 'TYPE_MISMATCH' };
  }
  return evaluateFlag(key, flag, asker);
}

/** An asker whose subject and roles are known. */
export function askerOf(subject: string | null, roles: readonly string[] = []): Asker {
  return { subject: () => subject, roles: () => roles };
}
