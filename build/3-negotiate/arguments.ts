// Owns the check of what stands between a decorator's parentheses against the shapes that its cell
// publishes. Points at the literal; says what would be right. Calls no cell, throws for no input.
import { nearest } from '../../host/schema/nearest.ts';
import type { Literal, Span } from '../1-read/shapes.ts';
import type { MacroInfo, Shape } from '../2-discover/protocol.ts';
import { LITERAL_DEPTH } from './literals.ts';
import { bytesOf, isIdentifier, millisecondsOf, templateOf } from './units.ts';
import { sketchText, usageText, wantsText } from './wants.ts';

/** What an argument may refer to. */
export interface ArgumentScope {
  /** `Auth.require` */
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
  const whole = (where: Span): Problem => {
    const wants = usageText(info.args);
    return { code: 'CELL4006', at: where, holes: { macro, wants, hint: `write ${wants}` } };
  };
  if (given.length > info.args.length) return [whole(given[info.args.length])];
  const problems: Problem[] = [];
  for (const [i, shape] of info.args.entries()) {
    const literal = given[i];
    if (literal === undefined) {
      if (!shape.optional) return [...problems, whole(at)];
    } else if (tooDeep(literal, LITERAL_DEPTH)) {
      problems.push(wrong(scope, '', literal, `at most ${LITERAL_DEPTH} levels of nesting`));
    } else problems.push(...check(shape, literal, '', scope));
  }
  return problems;
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
    return [wrong(scope, '', settings, `at most ${LITERAL_DEPTH} levels of nesting`)];
  }
  return check(shape, settings, '', scope);
}

function tooDeep(literal: Literal, levels: number): boolean {
  if (levels < 0) return true;
  if (literal.kind === 'array') return literal.items.some((one) => tooDeep(one, levels - 1));
  if (literal.kind !== 'object') return false;
  return literal.entries.some((entry) => tooDeep(entry.value, levels - 1));
}

/** `key` names the value in an object; '' is an argument as a whole. */
function wrong(
  scope: ArgumentScope,
  key: string,
  at: Span,
  shaped: string,
  meant: string | null = null,
): Problem {
  const literal = key === '' ? shaped : `${shaped} as a literal`;
  const hint = meant === null ? `write ${literal}` : `did you mean ${meant}?`;
  const wants = meant === null ? shaped : `${shaped}; ${hint}`;
  return key === ''
    ? { code: 'CELL4006', at, holes: { macro: scope.macro, wants, hint } }
    : { code: 'CELL4005', at, holes: { key, wants, hint } };
}

function check(shape: Shape, literal: Literal, key: string, scope: ArgumentScope): Problem[] {
  if (shape.type === 'any') return [];
  if (shape.type === 'object') return checkObject(shape, literal, key, scope);
  if (shape.type === 'list') return checkList(shape, literal, key, scope);
  if (shape.type === 'oneOf') return checkOneOf(shape, literal, key, scope);
  if (fits(shape, literal, scope)) return [];
  return [wrong(scope, key, literal, wantsText(shape, scope), meantBy(shape, literal, scope))];
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

/** null: any text. */
export function allowedValues(shape: Shape, scope: ArgumentScope): string[] | null {
  if (shape.values.length > 0) return shape.values;
  return shape.valuesFrom === '' ? null : (scope.values(shape.valuesFrom) ?? null);
}

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
  if (literal.kind !== 'object') return [wrong(scope, key, literal, wantsText(shape, scope))];
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
    const holes = { macro, key: of.name, wants: sketchText(of) };
    problems.push({ code: 'CELL4011', at: literal, holes });
  }
  return problems;
}

function checkList(shape: Shape, literal: Literal, key: string, scope: ArgumentScope): Problem[] {
  const wants = wantsText(shape, scope);
  if (literal.kind !== 'array') return [wrong(scope, key, literal, wants)];
  if (!within(shape, literal.items.length)) return [wrong(scope, key, literal, wants)];
  const [of] = shape.of;
  if (of === undefined) return [];
  return literal.items.flatMap((item) => check(of, item, key, scope));
}

/** The alternative that the user most likely meant tells what is wrong. */
function checkOneOf(shape: Shape, literal: Literal, key: string, scope: ArgumentScope): Problem[] {
  const tried = shape.of.map((of) => ({ of, problems: check(of, literal, key, scope) }));
  if (tried.some(({ problems }) => problems.length === 0)) return [];
  const alike = tried.filter(({ of }) => sameKind(of, literal));
  const best = alike.sort((a, b) => badness(a.problems) - badness(b.problems))[0];
  const clear = best !== undefined && (alike.length === 1 || literal.kind === 'object');
  return clear ? best.problems : [wrong(scope, key, literal, wantsText(shape, scope))];
}

/** Keys that do not exist weigh more than keys that lack. */
const badness = (problems: Problem[]): number =>
  problems.reduce((sum, { code }) => sum + (code === 'CELL4004' ? 10 : 1), 0);

const TEXTUAL = new Set(['string', 'duration', 'size', 'parameter', 'template', 'member']);
const NUMERIC = new Set(['number', 'integer', 'size']);

function sameKind(shape: Shape, literal: Literal): boolean {
  switch (literal.kind) {
    case 'object':
      return shape.type === 'object';
    case 'array':
      return shape.type === 'list';
    case 'string':
      return TEXTUAL.has(shape.type);
    case 'number':
      return NUMERIC.has(shape.type);
    case 'bool':
    case 'env':
      return shape.type === literal.kind;
    default:
      return false;
  }
}
