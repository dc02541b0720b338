// Owns what a feature flag is: the shape of `cell.flags.json`, its check and its defaults. Plain
// data; nothing is read or evaluated here. What is wrong is said with the key's path and what
// would be right.
//
//   { "flags": {
//       "new-pricing": false,
//       "search-v2": { "default": false, "rules": [{ "roles": ["staff"], "give": true },
//                                                  { "percent": 25 }] },
//       "checkout":  { "variants": ["control", "bold"], "default": "control",
//                      "rules": [{ "split": { "control": 50, "bold": 50 } }] } } }

import { nearest } from '../schema/nearest.ts';

/** A variant of a flag: `true` and `false` of a boolean one, or a name. */
export type Variant = boolean | string;

/** The first rule whose conditions hold decides. Without conditions it is for everybody. */
export interface Rule {
  /** Subjects of tokens that it is for. */
  subjects?: string[];
  /** Callers with any of these roles. */
  roles?: string[];
  /** The variant that they get. */
  give?: Variant;
  /** Shares in percent by variant, 100 in all. A subject always falls into the same share. */
  split?: Record<string, number>;
  /** Boolean flags: percent of subjects that get true. */
  percent?: number;
}

/** A flag as it is checked and held; `true` and `false` in a file are short for it. */
export interface Flag {
  /** Names in order; null: a boolean flag. */
  variants: string[] | null;
  default: Variant;
  /** false: callers get what the code gives as its own fallback. */
  enabled: boolean;
  rules: Rule[];
}

/** All flags by key. */
export type Flags = Record<string, Flag>;

/** Flags in one host. Threat: every lane holds them parsed. */
export const FLAGS = 1000;
/** Variants of a flag, rules of a flag, subjects or roles of a rule. */
export const VARIANTS = 64;
export const RULES = 64;
export const NAMED = 4096;
/** Keys and variants: 1 to 64 of these. */
const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Shares are whole thousandths of a percent. */
export const SHARES = 100_000;

/** Flags that are wrong. The message names the place and the fix. */
export class FlagsError extends Error {
  override name = 'FlagsError';
}

function fail(at: string, expected: string, value: unknown): never {
  const got = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value);
  throw new FlagsError(`${at}: expected ${expected}, got ${got.slice(0, 80)}`);
}

function object(value: unknown, at: string, known?: string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(at, 'an object', value);
  }
  for (const key of known === undefined ? [] : Object.keys(value)) {
    if (known?.includes(key)) continue;
    const meant = nearest(key, known ?? []);
    const hint = meant ? `did you mean \`${meant}\`?` : `known: ${known?.join(', ')}`;
    throw new FlagsError(`${at}.${key}: there is no such key; ${hint}`);
  }
  return value as Record<string, unknown>;
}

function texts(value: unknown, at: string, most: number, pattern?: RegExp): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > most) {
    fail(at, `a list of 1 to ${most} texts`, value);
  }
  for (const [i, text] of value.entries()) {
    if (typeof text !== 'string' || text === '' || text.length > 256) {
      fail(`${at}[${i}]`, 'a text of at most 256 characters', text);
    }
    if (pattern && !pattern.test(text)) fail(`${at}[${i}]`, NAME_RULE, text);
  }
  return value as string[];
}

const NAME_RULE = 'a name of at most 64 letters, digits, `.`, `_` or `-`';

/** Names of a flag's variants, in the order in which shares are laid out. */
export function variantNames(flag: Pick<Flag, 'variants'>): string[] {
  return flag.variants ?? ['on', 'off'];
}

function checkVariant(value: unknown, at: string, variants: string[] | null): Variant {
  if (variants === null) {
    if (typeof value === 'boolean') return value;
    fail(at, 'true or false (a flag of names needs `variants`)', value);
  }
  if (typeof value === 'string' && variants.includes(value)) return value;
  const meant = typeof value === 'string' ? nearest(value, variants) : undefined;
  const hint = meant ? `; did you mean \`${meant}\`?` : '';
  fail(at, `one of ${variants.join(', ')}${hint}`, value);
}

const isShare = (value: unknown): value is number => {
  if (typeof value !== 'number' || !(value >= 0 && value <= 100)) return false;
  return Math.abs(value * 1000 - Math.round(value * 1000)) < 1e-6;
};

function checkSplit(value: unknown, at: string, names: string[]): Record<string, number> {
  const split = object(value, at, names);
  let sum = 0;
  for (const [name, share] of Object.entries(split)) {
    if (!isShare(share)) fail(`${at}.${name}`, 'percent from 0 to 100, at most 3 decimals', share);
    sum += Math.round(share * 1000);
  }
  if (sum !== SHARES) fail(at, 'shares of 100 percent in all', sum / 1000);
  return split as Record<string, number>;
}

const RULE_KEYS = ['subjects', 'roles', 'give', 'split', 'percent'];

function checkRule(value: unknown, at: string, variants: string[] | null): Rule {
  const given = object(value, at, RULE_KEYS);
  const rule: Rule = {};
  if (given.subjects !== undefined) {
    rule.subjects = texts(given.subjects, `${at}.subjects`, NAMED);
  }
  if (given.roles !== undefined) rule.roles = texts(given.roles, `${at}.roles`, NAMED);
  const answers = ['give', 'split', 'percent'].filter((key) => given[key] !== undefined);
  if (answers.length !== 1) {
    throw new FlagsError(`${at}: say exactly one of \`give\`, \`split\` and \`percent\``);
  }
  if (given.give !== undefined) rule.give = checkVariant(given.give, `${at}.give`, variants);
  if (given.split !== undefined) {
    rule.split = checkSplit(given.split, `${at}.split`, variantNames({ variants }));
  }
  if (given.percent !== undefined) {
    if (variants !== null)
      throw new FlagsError(`${at}.percent: this flag has names; use \`split\``);
    if (!isShare(given.percent)) fail(`${at}.percent`, 'percent from 0 to 100', given.percent);
    rule.percent = given.percent;
  }
  return rule;
}

/** Checks one flag; `at` names it in messages. Throws FlagsError. */
export function checkFlag(value: unknown, at: string): Flag {
  if (typeof value === 'boolean') {
    return { variants: null, default: value, enabled: true, rules: [] };
  }
  const given = object(value, at, ['variants', 'default', 'enabled', 'rules', 'doc']);
  let variants: string[] | null = null;
  if (given.variants !== undefined) {
    variants = texts(given.variants, `${at}.variants`, VARIANTS, KEY);
    const twice = variants.find((name, i) => variants?.indexOf(name) !== i);
    if (twice !== undefined) throw new FlagsError(`${at}.variants: \`${twice}\` is there twice`);
  }
  const { enabled = true, rules = [], doc = '' } = given;
  if (typeof enabled !== 'boolean') fail(`${at}.enabled`, 'true or false', enabled);
  if (typeof doc !== 'string') fail(`${at}.doc`, 'a text', doc);
  if (!Array.isArray(rules) || rules.length > RULES) {
    fail(`${at}.rules`, `a list of at most ${RULES} rules`, rules);
  }
  return {
    variants,
    default: checkVariant(given.default, `${at}.default`, variants),
    enabled,
    rules: rules.map((rule, i) => checkRule(rule, `${at}.rules[${i}]`, variants)),
  };
}

/** Checks what a flag file holds. `name` begins messages. Throws FlagsError. */
export function checkFlags(value: unknown, name = 'cell.flags.json'): Flags {
  const file = object(value, name, ['$schema', 'flags']);
  const given = object(file.flags, `${name}.flags`);
  const keys = Object.keys(given);
  if (keys.length > FLAGS) fail(`${name}.flags`, `at most ${FLAGS} flags`, keys.length);
  const flags: Flags = Object.create(null);
  for (const key of keys) {
    if (!KEY.test(key)) throw new FlagsError(`${name}.flags: \`${key}\` is not ${NAME_RULE}`);
    flags[key] = checkFlag(given[key], `${name}.flags.${key}`);
  }
  return flags;
}
