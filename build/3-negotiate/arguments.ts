// Owns the check of what stands between a decorator's parentheses against the shapes that its cell
// publishes. Points at the literal; says what would be right. Calls no cell, throws for no input.
import { nearest } from '../../host/schema/nearest.ts';
import type { Literal, Span } from '../1-read/shapes.ts';
import type { MacroInfo, Shape } from '../2-discover/protocol.ts';
import { LITERAL_DEPTH } from './literals.ts';
import { alike, allowedValues, exampleText, foundText, sampleText } from './samples.ts';
import { bytesOf, isIdentifier, millisecondsOf, templateOf } from './units.ts';
import { usageText, wantsText } from './wants.ts';

/** What an argument may refer to. */
export interface ArgumentScope {
  /** As written: `@Auth.require`; of a call `Postgres.query`. */
  macro: string;
  /** Parameters of the method; null where there is none to speak of (a class, a field). */
  parameters: string[] | null;
  /** Members of the class; asked only by shapes that name one. */
  readonly members: string[];
  /** Allowed values by the name of a setting; absent = any. */
  values: (setting: string) => string[] | undefined;
}

/** One thing that is wrong, for Findings.report. */
export interface Problem {
  code: string;
  at: Span;
  holes: Record<string, string>;
}

/** Everything wrong with the arguments of one use; [] = nothing. `at`: the use. */
export function checkArguments(
  args: Literal[] | null,
  at: Span,
  info: MacroInfo,
  scope: ArgumentScope,
): Problem[] {
  const given = args ?? [];
  const { macro } = scope;
  const example = exampleText(info, scope);
  const whole = (where: Span, found: string): Problem => {
    const often = info.rest ? ', as often as wanted' : '';
    const wants = `${usageText(info.args, scope)}${often}${found}`;
    return { code: 'CELL4006', at: where, holes: { macro, wants, hint: `write ${example}` } };
  };
  const shapes = shapesFor(info, given.length);
  const [extra] = given.slice(shapes.length);
  if (extra !== undefined) {
    const more = info.args.length === 0 ? '' : ', and no more';
    return [
      whole(extra, `${more}; here ${given.length === 1 ? 'is' : 'comes'} ${foundText(extra)}`),
    ];
  }
  const problems: Problem[] = [];
  for (const [i, shape] of shapes.entries()) {
    const literal = given[i];
    if (literal === undefined) {
      if (!shape.optional) {
        const count = given.length === 0 ? 'none' : `only ${given.length}`;
        return [...problems, whole(at, `, and has ${count}`)];
      }
    } else if (tooDeep(literal, LITERAL_DEPTH)) {
      problems.push(deep(scope, literal));
    } else if (shape.type === 'object' && literal.kind !== 'object') {
      const { code, at, holes } = wrong(scope, '', literal, shape);
      problems.push({ code, at, holes: { ...holes, hint: `write ${example}` } });
    } else problems.push(...check(shape, literal, '', scope));
  }
  return problems;
}

/** The shapes of `count` arguments: the last one again and again, where it may be repeated. */
function shapesFor({ args, rest }: MacroInfo, count: number): Shape[] {
  const last = args.at(-1);
  if (!rest || last === undefined || count <= args.length) return args;
  return [...args, ...Array.from({ length: count - args.length }, () => last)];
}

/** Problems of settings (cell.config.ts `cells.<name>`) against their shape. */
export function checkSettings(shape: Shape, settings: Literal, cell: string): Problem[] {
  const scope: ArgumentScope = {
    macro: `cells.${cell}`,
    parameters: null,
    members: [],
    values: () => undefined,
  };
  if (tooDeep(settings, LITERAL_DEPTH)) {
    return [deep(scope, settings)];
  }
  return check(shape, settings, '', scope);
}

function tooDeep(literal: Literal, levels: number): boolean {
  if (levels < 0) return true;
  if (literal.kind === 'array') return literal.items.some((one) => tooDeep(one, levels - 1));
  if (literal.kind !== 'object') return false;
  return literal.entries.some((entry) => tooDeep(entry.value, levels - 1));
}

/** A value that is not of its shape. `key` names it in an object; '' is an argument as a whole. */
function wrong(
  scope: ArgumentScope,
  key: string,
  literal: Literal,
  shape: Shape,
  meant: string | null = null,
): Problem {
  const wants = `${wantsText(shape, scope)}, not ${foundText(literal)}`;
  const hint = meant === null ? insteadOf(literal, shape, scope) : `did you mean ${meant}?`;
  return problem(scope, key, literal, wants, hint);
}

function problem(
  scope: ArgumentScope,
  key: string,
  at: Span,
  wants: string,
  hint: string,
): Problem {
  return key === ''
    ? { code: 'CELL4006', at, holes: { macro: scope.macro, wants, hint } }
    : { code: 'CELL4005', at, holes: { key, wants, hint } };
}

const deep = (scope: ArgumentScope, at: Span): Problem =>
  problem(scope, '', at, `at most ${LITERAL_DEPTH} levels of nesting`, 'nest it less');

/** Values that a hint lists. */
const LISTED = 4;

/** What to write instead. */
function insteadOf(literal: Literal, shape: Shape, scope: ArgumentScope): string {
  if (literal.kind === 'array' && shape.type === 'list' && literal.items.length > shape.max) {
    return `leave out ${literal.items.length - shape.max}`;
  }
  const values = shape.type === 'string' ? allowedValues(shape, scope) : null;
  const short = values !== null && values.length > 1 && values.length <= LISTED;
  if (short) return `write ${values.map((value) => JSON.stringify(value)).join(' or ')}`;
  const sample = sampleText(shape, scope, literal);
  if (sample === null) return 'nothing that could be written here is right: leave it out';
  return literal.kind === 'code' ? `write a literal, such as ${sample}` : `write ${sample}`;
}

function check(shape: Shape, literal: Literal, key: string, scope: ArgumentScope): Problem[] {
  if (shape.type === 'any') return [];
  if (shape.type === 'object') return checkObject(shape, literal, key, scope);
  if (shape.type === 'list') return checkList(shape, literal, key, scope);
  if (shape.type === 'oneOf') return checkOneOf(shape, literal, key, scope);
  if (fits(shape, literal, scope)) return [];
  return [wrong(scope, key, literal, shape, meantBy(shape, literal, scope))];
}

function fits(shape: Shape, literal: Literal, scope: ArgumentScope): boolean {
  const text = literal.kind === 'string' ? literal.value : null;
  const number = literal.kind === 'number' ? literal.value : null;
  switch (shape.type) {
    case 'string': {
      const allowed = allowedValues(shape, scope);
      return text !== null && (allowed === null || allowed.includes(text));
    }
    case 'number':
      return number !== null && Number.isFinite(number) && within(shape, number);
    case 'integer':
      return number !== null && Number.isSafeInteger(number) && within(shape, number);
    case 'bool':
      return literal.kind === 'bool';
    case 'duration': {
      const ms = text === null ? null : millisecondsOf(text);
      return ms !== null && within(shape, ms);
    }
    case 'size': {
      const bytes = text === null ? number : bytesOf(text);
      return bytes !== null && Number.isSafeInteger(bytes) && bytes >= 0 && within(shape, bytes);
    }
    case 'parameter':
      return text !== null && isIdentifier(text) && known(scope.parameters, text);
    case 'template': {
      const holes = text === null ? null : templateOf(text);
      return holes?.holes.every((hole) => known(scope.parameters, hole)) ?? false;
    }
    case 'member':
      return text !== null && scope.members.includes(text);
    case 'env':
      return literal.kind === 'env' && /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(literal.name);
    default:
      return false;
  }
}

const known = (names: string[] | null, name: string): boolean =>
  names === null || names.includes(name);

const within = ({ min, max }: Shape, value: number): boolean => !(value < min) && !(value > max);

/** The allowed text that a wrong one is close to, quoted; null: none is. */
function meantBy(shape: Shape, literal: Literal, scope: ArgumentScope): string | null {
  if (literal.kind !== 'string') return null;
  const near = (word: string, of: string[]): string | null => {
    const found = nearest(word, of);
    return found === null ? null : JSON.stringify(found);
  };
  if (shape.type === 'string') return near(literal.value, allowedValues(shape, scope) ?? []);
  if (shape.type === 'parameter') return near(literal.value, scope.parameters ?? []);
  if (shape.type === 'member') return near(literal.value, scope.members);
  if (shape.type !== 'template') return null;
  const holes = templateOf(literal.value)?.holes ?? [];
  const odd = holes.find((hole) => !known(scope.parameters, hole));
  const meant = odd === undefined ? null : nearest(odd, scope.parameters ?? []);
  return meant === null ? null : `{${meant}}`;
}

function checkObject(shape: Shape, literal: Literal, key: string, scope: ArgumentScope): Problem[] {
  if (literal.kind !== 'object') return [wrong(scope, key, literal, shape)];
  const { macro } = scope;
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const keys = shape.of.map((of) => of.name);
  for (const entry of literal.entries) {
    const of = shape.of.find((one) => one.name === entry.key);
    if (of === undefined) {
      const near = nearest(entry.key, keys);
      const list = keys.length === 0 ? 'it has no keys' : `one of ${keys.join(', ')}`;
      const hint = near === null ? list : `did you mean ${near}?`;
      problems.push({ code: 'CELL4004', at: entry.at, holes: { key: entry.key, macro, hint } });
    } else if (seen.has(entry.key)) {
      problems.push({ code: 'CELL4010', at: entry.at, holes: { what: `\`${entry.key}\`` } });
    } else problems.push(...check(of, entry.value, entry.key, scope));
    seen.add(entry.key);
  }
  for (const of of shape.of) {
    if (of.optional || seen.has(of.name)) continue;
    // A key that is only misspelt is told once, where it stands.
    if (problems.some((p) => p.code === 'CELL4004')) continue;
    const sample = sampleText(of, scope);
    const hint = sample === null ? of.name : `${of.name}: ${sample}`;
    const holes = { macro, key: of.name, wants: wantsText(of, scope), hint };
    problems.push({ code: 'CELL4011', at: literal, holes });
  }
  return problems;
}

function checkList(shape: Shape, literal: Literal, key: string, scope: ArgumentScope): Problem[] {
  if (literal.kind !== 'array' || !within(shape, literal.items.length)) {
    return [wrong(scope, key, literal, shape)];
  }
  const [of] = shape.of;
  if (of === undefined) return [];
  return literal.items.flatMap((item) => check(of, item, key, scope));
}

/** The alternative that the user most likely meant tells what is wrong. */
function checkOneOf(shape: Shape, literal: Literal, key: string, scope: ArgumentScope): Problem[] {
  const tried = shape.of.map((of) => ({ of, problems: check(of, literal, key, scope) }));
  if (tried.some(({ problems }) => problems.length === 0)) return [];
  const near = tried.filter(({ of }) => alike(of, literal));
  const best = near.sort((a, b) => badness(a.problems) - badness(b.problems))[0];
  const clear = best !== undefined && (near.length === 1 || literal.kind === 'object');
  return clear ? best.problems : [wrong(scope, key, literal, shape)];
}

/** Keys that do not exist weigh more than keys that lack. */
const badness = (problems: Problem[]): number =>
  problems.reduce((sum, { code }) => sum + (code === 'CELL4004' ? 10 : 1), 0);
