// Owns literals that would be right: what a finding offers instead of what was written, as near to
// it as the shape allows. Words for what was written, too. Judges nothing.
import { nearest } from '../../host/schema/nearest.ts';
import type { Literal } from '../1-read/shapes.ts';
import type { MacroInfo, Shape } from '../2-discover/protocol.ts';
import type { ArgumentScope } from './arguments.ts';
import {
  durationText,
  isIdentifier,
  meantBytes,
  meantMilliseconds,
  millisecondsOf,
  sizeText,
} from './units.ts';

/** Characters of what was written that a finding repeats. */
const SHOWN = 40;
/** Characters of an example that a macro publishes. */
const EXAMPLE = 200;

/** What was written, in words: `the text "5 minutes"`, `a list of 3`. */
export function foundText(literal: Literal): string {
  switch (literal.kind) {
    case 'null':
      return 'null';
    case 'bool':
    case 'number':
      return String(literal.value);
    case 'string':
      return `the text ${JSON.stringify(cut(literal.value))}`;
    case 'array':
      return literal.items.length === 0 ? 'an empty list' : `a list of ${literal.items.length}`;
    case 'object':
      return 'an object';
    case 'env':
      return 'env(...)';
    case 'code':
      return `code, \`${cut(literal.text.replace(/\s+/g, ' '))}\``;
  }
}

const cut = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);

/** The allowed texts of a shape; null: any. */
export function allowedValues(shape: Shape, scope: ArgumentScope): string[] | null {
  if (shape.values.length > 0) return shape.values;
  return shape.valuesFrom === '' ? null : (scope.values(shape.valuesFrom) ?? null);
}

/** A whole use that is right: the macro's own example, or one made of its shapes. */
export function exampleText(info: MacroInfo, scope: ArgumentScope): string {
  const { example } = info;
  const begins = scope.macro;
  const fair = example.length <= EXAMPLE && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(example);
  if (fair && example.startsWith(begins) && !/^[\w.$]/.test(example.slice(begins.length))) {
    return example;
  }
  const needed = info.args.filter((shape) => !shape.optional);
  if (needed.length === 0) return begins;
  return `${begins}(${needed.map((shape) => sampleText(shape, scope) ?? '...').join(', ')})`;
}

/** A literal of the shape as code, near to `found`; null: none would be right here. */
export function sampleText(shape: Shape, scope: ArgumentScope, found?: Literal): string | null {
  const text = found?.kind === 'string' ? found.value : null;
  const number = found?.kind === 'number' ? found.value : null;
  switch (shape.type) {
    case 'string':
      return choice(shape, scope, found);
    case 'number':
    case 'integer':
      return numberText(shape, number ?? (text === null ? Number.NaN : Number.parseFloat(text)));
    case 'bool':
      return text === 'false' || number === 0 ? 'false' : 'true';
    case 'duration':
      return durationSample(shape, text ?? number);
    case 'size': {
      const meant = text === null ? number : meantBytes(text);
      return sizeText(within(shape, meant === null || !(meant >= 0) ? 65_536 : Math.round(meant)));
    }
    case 'parameter':
      return name(scope.parameters ?? ['id'], text);
    case 'member':
      return name(scope.members, text);
    case 'template': {
      const [first] = scope.parameters ?? ['id'];
      return first === undefined ? '"name"' : `"name:{${first}}"`;
    }
    case 'env':
      return `env("${text !== null && /^[A-Za-z_]\w{0,127}$/.test(text) ? text : 'NAME'}")`;
    case 'list':
      return listText(shape, scope, found);
    case 'oneOf':
      return sampleText(shape.of.find((of) => alike(of, found)) ?? shape.of[0], scope, found);
    case 'object':
      return objectText(shape, scope);
    default:
      return '1';
  }
}

/** The name in `names` that was meant, else the first, quoted. */
function name(names: string[], text: string | null): string | null {
  const found = (text === null ? null : nearest(text, names)) ?? names[0];
  return found === undefined ? null : JSON.stringify(found);
}

function choice(shape: Shape, scope: ArgumentScope, found?: Literal): string | null {
  const allowed = allowedValues(shape, scope);
  if (allowed === null) {
    const plain = found?.kind === 'number' || found?.kind === 'bool';
    return plain ? JSON.stringify(String(found.value)) : '"..."';
  }
  return name(allowed, found?.kind === 'string' ? found.value : null);
}

function within({ min, max }: Shape, value: number): number {
  if (value > max) return max;
  return value < min ? min : value;
}

function numberText(shape: Shape, meant: number): string {
  const whole = shape.type === 'integer';
  const near = within(shape, Number.isNaN(meant) ? 1 : meant);
  const value = Number.isFinite(near) ? near : within(shape, 1);
  if (!whole) return String(value);
  const round = within(shape, Math.round(value));
  return String(Math.max(Math.min(round, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER));
}

/** Rounded to what reads well, where the bounds allow it: "12d" for at most 1,073,741,823 ms. */
function durationSample(shape: Shape, meant: string | number | null): string {
  const ms = within(shape, (meant === null ? null : meantMilliseconds(meant)) ?? 30_000);
  for (const each of [86_400_000, 3_600_000, 60_000, 1000]) {
    const rounded = Math.floor(ms / each) * each;
    if (ms === shape.max && rounded / each >= 10 && rounded >= (shape.min || 0)) {
      return JSON.stringify(durationText(rounded));
    }
  }
  const text = durationText(ms);
  return JSON.stringify(millisecondsOf(text) === null ? '30s' : text);
}

function listText(shape: Shape, scope: ArgumentScope, found?: Literal): string | null {
  const [of] = shape.of;
  const least = Math.max(1, Number.isNaN(shape.min) ? 1 : shape.min);
  const item = of === undefined ? '"..."' : sampleText(of, scope);
  if (item === null || least > 3) return null;
  const given = found?.kind === 'string' && of?.type === 'string' && allowedValues(of, scope);
  const first = given === null ? JSON.stringify((found as { value: string }).value) : item;
  return `[${[first, ...Array.from({ length: least - 1 }, () => item)].join(', ')}]`;
}

/** The keys that it cannot do without; of none such, the first. */
function objectText(shape: Shape, scope: ArgumentScope): string | null {
  const needed = shape.of.filter((of) => !of.optional);
  const keys = needed.length > 0 ? needed : shape.of.slice(0, 1);
  const texts = keys.map((of) => {
    const value = sampleText(of, scope);
    return value === null ? null : `${isIdentifier(of.name) ? of.name : '""'}: ${value}`;
  });
  if (texts.includes(null)) return null;
  return texts.length === 0 ? '{}' : `{ ${texts.join(', ')} }`;
}

const TEXTUAL = new Set(['string', 'duration', 'size', 'parameter', 'template', 'member']);
const NUMERIC = new Set(['number', 'integer', 'size']);

/** True when a literal of this kind can be of the shape at all. */
export function alike(shape: Shape, literal: Literal | undefined): boolean {
  switch (literal?.kind) {
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
