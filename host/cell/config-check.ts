// Owns the parts that checks of cell.config.ts are made of: each throws a ConfigError with the path
// of the key, what is expected there and what was found.
import { nearest } from '../schema/nearest.ts';
import { ConfigError } from './config-error.ts';

/** Names of cells. */
export const CELL_NAME = /^[a-z][a-z0-9-]*$/;

export type Check = (value: unknown, at: string) => void;

/** Faults that are told of one configuration. */
const FAULTS = 10;

/** Runs all checks; throws one ConfigError with a line for each that failed. */
export function every(checks: (() => void)[]): void {
  const lines: string[] = [];
  for (const check of checks) {
    try {
      check();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      lines.push(...error.message.split('\n'));
    }
    if (lines.length >= FAULTS) break;
  }
  if (lines.length > 0) throw new ConfigError(lines.slice(0, FAULTS).join('\n'));
}

/** Throws ConfigError: what is expected at this path, and what was found. Not for secrets. */
export function fail(at: string, expected: string, value: unknown): never {
  const got = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value);
  throw new ConfigError(`${at}: expected ${expected}, got ${got.slice(0, 80)}`);
}

export const whole =
  (least: number, most: number): Check =>
  (value, at) => {
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
      fail(at, `a whole number from ${least} to ${most}`, value);
    }
  };

export const string: Check = (value, at) => {
  if (typeof value !== 'string' || value === '') fail(at, 'a text', value);
};

export const listOf =
  (check: Check): Check =>
  (value, at) => {
    if (!Array.isArray(value)) fail(at, 'a list', value);
    every(value.map((entry, i) => () => check(entry, `${at}[${i}]`)));
  };

export const cellName: Check = (value, at) => {
  string(value, at);
  if (!CELL_NAME.test(value as string)) fail(at, 'the name of a cell (kebab-case)', value);
};

function plainObject(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(at, 'an object', value);
  }
  return value as Record<string, unknown>;
}

export const shape =
  (keys: Record<string, Check>, needed: string[] = []): Check =>
  (value, at) => {
    const object = plainObject(value, at);
    const one = (key: string) => (): void => {
      if (!Object.hasOwn(keys, key)) {
        const meant = nearest(key, Object.keys(keys));
        const hint = meant
          ? `did you mean \`${meant}\`?`
          : `known: ${Object.keys(keys).join(', ')}`;
        throw new ConfigError(`${at}.${key}: there is no such key; ${hint}`);
      }
      if (object[key] !== undefined) keys[key](object[key], `${at}.${key}`);
    };
    const missing = needed.filter((key) => object[key] === undefined);
    every([
      ...Object.keys(object).map(one),
      ...missing.map((key) => () => fail(`${at}.${key}`, 'a value', undefined)),
    ]);
  };

export const recordOf =
  (check: Check, pattern: RegExp, keyIs: string): Check =>
  (value, at) => {
    const one =
      ([key, entry]: [string, unknown]) =>
      () => {
        if (!pattern.test(key)) throw new ConfigError(`${at}: \`${key}\` is not ${keyIs}`);
        check(entry, `${at}.${key}`);
      };
    every(Object.entries(plainObject(value, at)).map(one));
  };
