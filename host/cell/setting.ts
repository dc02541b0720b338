// Owns what cell.config.ts may say under `cells`: literals, bounded, that a build hands to cells
// that answer for its decorators. What they mean is those cells' business.

import { ConfigError } from './config-error.ts';

/** A literal: what a build tells a cell about this project. Never a secret: locks show it. */
export type Setting =
  | null
  | boolean
  | number
  | string
  | readonly Setting[]
  | { readonly [key: string]: Setting };

/** Levels of lists and objects. Threat: values that hold themselves. */
const DEPTH = 16;
/** Literals under one cell. Threat: a request that is too large for the cell to take. */
const VALUES = 4096;
/** UTF-16 units of one text or key. */
const TEXT = 4096;

const isPlain = (value: object): boolean => {
  const kind: unknown = Object.getPrototypeOf(value);
  return kind === Object.prototype || kind === null;
};

function refuse(at: string, what: string): never {
  throw new ConfigError(`${at}: ${what}`);
}

/** Checks `value` and counts its literals. Throws ConfigError with the path. */
function counted(value: unknown, at: string, depth: number): number {
  if (depth > DEPTH) refuse(at, `more than ${DEPTH} levels of lists and objects`);
  if (value === null || typeof value === 'boolean') return 1;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse(at, `${value} is no literal; write a finite number`);
    return 1;
  }
  if (typeof value === 'string') {
    if (value.length > TEXT) refuse(at, `a text may have at most ${TEXT} characters`);
    return 1;
  }
  let count = 1;
  const add = (inner: unknown, path: string) => {
    count += counted(inner, path, depth + 1);
    if (count > VALUES) refuse(at, `more than ${VALUES} values`);
  };
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) add(item, `${at}[${i}]`);
  } else if (typeof value === 'object' && isPlain(value)) {
    for (const [key, item] of Object.entries(value)) {
      counted(key, at, depth);
      add(item, `${at}.${key}`);
    }
  } else {
    refuse(
      at,
      `expected a literal, got ${typeof value}; settings are texts, numbers, lists and objects`,
    );
  }
  return count;
}

/** Checks what cell.config.ts says of one cell. Throws ConfigError. */
export function setting(value: unknown, at: string): void {
  counted(value, at, 0);
}
