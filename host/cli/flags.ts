// The verb `flags`: shows and changes cell.flags.json of this folder. Running hosts of the folder
// take a change up by themselves; nothing is built and nothing restarted.
import path from 'node:path';
import { checkFlags, type Flag, type Rule, type Variant } from '../flags/definition.ts';
import { askerOf, type Evaluation, evaluateFlag } from '../flags/evaluate.ts';
import { FLAGS_FILE, loadFlags, readText, saveFlags } from '../flags/file.ts';
import { nearest } from '../schema/nearest.ts';
import { findHostFile } from '../synapse/node/host-file.ts';
import { style, table, UserError } from './print.ts';

/** Who is asked about, or whom a change is for. */
export interface FlagOptions {
  subject: string[];
  role: string[];
  /** Share in percent of the subjects that get true. */
  percent?: number;
  /** Names of a flag that is made. */
  variants?: string[];
  json?: boolean;
}

const shown = (value: Variant | null): string =>
  value === null ? "the code's own" : String(value);

function ruleText(rule: Rule): string {
  const who = [
    ...(rule.subjects?.length ? [`subjects ${rule.subjects.join(', ')}`] : []),
    ...(rule.roles?.length ? [`roles ${rule.roles.join(', ')}`] : []),
  ];
  const split = Object.entries(rule.split ?? {}).map(([name, share]) => `${name} ${share} %`);
  const what =
    rule.give !== undefined
      ? String(rule.give)
      : split.length > 0
        ? split.join(', ')
        : `true ${rule.percent} %`;
  return who.length > 0 ? `${who.join(' or ')}: ${what}` : what;
}

function evaluated(key: string, flag: Flag, options: FlagOptions): Evaluation | null {
  if (options.subject.length === 0 && options.role.length === 0) return null;
  return evaluateFlag(key, flag, askerOf(options.subject[0] ?? null, options.role));
}

/** Prints the flags of `cwd`; with a subject or roles, what they are for such a caller. */
export function listFlags(cwd: string, options: FlagOptions): number {
  const flags = Object.entries(loadFlags(cwd));
  const found = flags.map(([key, flag]) => ({ key, ...flag, is: evaluated(key, flag, options) }));
  if (options.json) {
    console.log(JSON.stringify({ flags: found.map(({ is, ...f }) => (is ? { ...f, is } : f)) }));
    return 0;
  }
  if (found.length === 0) {
    console.log(`no flags here; begin with: cell flags set new-pricing false`);
    return 0;
  }
  const rows = found.map((flag) => {
    const rules = flag.enabled ? flag.rules.map(ruleText).join('; ') : 'disabled';
    const is = flag.is ? `${shown(flag.is.value)} (${flag.is.reason})` : null;
    const kind = flag.variants === null ? 'true, false' : flag.variants.join(', ');
    return [flag.key, ...(is === null ? [] : [is]), String(flag.default), rules || '-', kind];
  });
  const who = options.subject[0] ?? 'such a caller';
  const head = ['flag', ...(found[0].is ? [`for ${who}`] : []), 'default', 'rules', 'variants'];
  console.log(table([head, ...rows]));
  return 0;
}

/** What the file holds, as it is written there; {} when there is none. */
function written(cwd: string): { flags: Record<string, unknown> } {
  const text = readText(path.join(cwd, FLAGS_FILE));
  if (text === null) return { flags: {} };
  loadFlags(cwd);
  return JSON.parse(text) as { flags: Record<string, unknown> };
}

function variantOf(key: string, flag: Flag, text: string): Variant {
  if (flag.variants === null) {
    if (text === 'true' || text === 'on') return true;
    if (text === 'false' || text === 'off') return false;
    throw new UserError(`\`${key}\` is true or false, not \`${text}\``, undefined, 'true or false');
  }
  if (flag.variants.includes(text)) return text;
  const meant = nearest(text, flag.variants);
  const fix = meant ? `did you mean \`${meant}\`?` : `one of: ${flag.variants.join(', ')}`;
  throw new UserError(`\`${key}\` has no variant \`${text}\``, undefined, fix);
}

/** The flag of that key, or the one that is made of `text` and `variants`. */
function flagFor(cwd: string, key: string, text: string, options: FlagOptions): Flag {
  const { variants, subject, role } = options;
  const flags = loadFlags(cwd);
  const known = Object.hasOwn(flags, key) ? flags[key] : undefined;
  if (known !== undefined) return known;
  if (variants !== undefined) {
    // Whoever was not named goes on as before: with the first name, which code begins with.
    const others = variants.find((name) => name !== text) ?? text;
    const some = subject.length + role.length > 0;
    return { variants, default: some ? others : text, enabled: true, rules: [] };
  }
  if (['true', 'false', 'on', 'off'].includes(text)) {
    return { variants: null, default: false, enabled: true, rules: [] };
  }
  const meant = nearest(key, Object.keys(flags));
  const fix = meant
    ? `did you mean \`${meant}\`? A new flag of names: --variants control,${text}`
    : `a new flag of names says which it has: --variants control,${text}`;
  throw new UserError(`there is no flag \`${key}\``, undefined, fix);
}

const sameWho = (a: Rule, b: Rule): boolean =>
  JSON.stringify([a.subjects, a.roles]) === JSON.stringify([b.subjects, b.roles]);

/** `flag` with `value` for those whom the options name, or for everybody. */
function changed(key: string, flag: Flag, value: Variant, options: FlagOptions): Flag {
  const { subject, role, percent } = options;
  const rule: Rule = {};
  if (subject.length > 0) rule.subjects = subject;
  if (role.length > 0) rule.roles = role;
  if (percent !== undefined) {
    if (flag.variants !== null || value !== true) {
      const fix = `cell flags set ${key} true --percent ${percent}; names are split in the file`;
      throw new UserError('--percent is the share that gets true', undefined, fix);
    }
    rule.percent = percent;
  } else if (subject.length + role.length === 0) {
    return { ...flag, enabled: true, default: value, rules: [] };
  } else rule.give = value;
  const others = flag.rules.filter((one) => !sameWho(one, rule));
  // Rules for somebody come before those for everybody, which would hide them.
  const forAll = rule.subjects === undefined && rule.roles === undefined;
  return { ...flag, enabled: true, rules: forAll ? [...others, rule] : [rule, ...others] };
}

/** The shortest way to write a flag; what `held` says it is for is kept. */
function short(flag: Flag, held: unknown): unknown {
  const { variants, enabled, rules } = flag;
  const doc = (held as { doc?: unknown } | undefined)?.doc;
  if (variants === null && enabled && rules.length === 0 && doc === undefined) return flag.default;
  return {
    ...(doc === undefined ? {} : { doc }),
    ...(variants === null ? {} : { variants }),
    default: flag.default,
    ...(enabled ? {} : { enabled }),
    ...(rules.length === 0 ? {} : { rules }),
  };
}

function save(cwd: string, file: { flags: Record<string, unknown> }): void {
  checkFlags(file);
  saveFlags(cwd, file);
}

function tell(cwd: string, json: boolean | undefined, key: string, flag: Flag | null): void {
  if (json) return console.log(JSON.stringify({ key, flag }));
  const rules = flag?.rules.map(ruleText) ?? [];
  const what = flag === null ? 'removed' : [...rules, `else ${flag.default}`].join('; ');
  const plain = flag !== null && rules.length === 0 ? `${flag.default} for everybody` : what;
  const running = findHostFile(cwd) !== null;
  console.log(`${style('bold', key)}: ${plain}`);
  console.log(running ? 'the running host takes it up now' : 'hosts started here will use it');
}

/** Sets a flag for everybody, or for the subjects, roles or share that the options name. */
export function setFlag(cwd: string, key: string, text: string, options: FlagOptions): number {
  const file = written(cwd);
  const before = flagFor(cwd, key, text, options);
  const flag = changed(key, before, variantOf(key, before, text), options);
  file.flags[key] = short(flag, Object.hasOwn(file.flags, key) ? file.flags[key] : undefined);
  save(cwd, file);
  if (flag.rules.length === 0 && before.rules.length > 0 && !options.json) {
    console.log(`dropped: ${before.rules.map(ruleText).join('; ')}`);
  }
  tell(cwd, options.json, key, flag);
  return 0;
}

/** Removes a flag: from then on code gets its own fallbacks. */
export function removeFlag(cwd: string, key: string, json: boolean): number {
  const file = written(cwd);
  if (!Object.hasOwn(file.flags, key)) {
    const meant = nearest(key, Object.keys(file.flags));
    const fix = meant ? `did you mean \`${meant}\`?` : 'cell flags list shows them';
    throw new UserError(`there is no flag \`${key}\``, undefined, fix);
  }
  delete file.flags[key];
  save(cwd, file);
  tell(cwd, json, key, null);
  return 0;
}
