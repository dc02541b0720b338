// Owns how a shape reads to people: what an argument wants, as words of a finding.
import type { Shape } from '../2-discover/protocol.ts';
import { type ArgumentScope, allowedValues } from './arguments.ts';

/** Values that a finding lists. */
const TOLD = 12;
/** Characters of a text that describes one shape. */
const TEXT = 300;

/** What stands between the parentheses, `{ role: "..." }`; of several arguments, all. */
export function usageText(args: Shape[]): string {
  if (args.length === 0) return 'no argument';
  const texts = args.map((shape) => (shape.optional ? `[${sketch(shape)}]` : sketch(shape)));
  const required = args.some((shape) => !shape.optional);
  return `${required ? '' : 'nothing, or '}(${cut(texts.join(', '))})`;
}

/** What a value of the shape is, in words. */
export function wantsText(shape: Shape, scope: ArgumentScope): string {
  switch (shape.type) {
    case 'string': {
      const allowed = allowedValues(shape, scope);
      return allowed === null ? 'a text' : oneOf(allowed.map((value) => JSON.stringify(value)));
    }
    case 'number':
      return `a number${bounds(shape)}`;
    case 'integer':
      return `a whole number${bounds(shape)}`;
    case 'bool':
      return 'true or false';
    case 'duration':
      return `a duration such as "250ms", "30s", "5m", "1h"${bounds(shape, ' ms')}`;
    case 'size':
      return `a size such as 512, "64KB", "1MB"${bounds(shape, ' bytes')}`;
    case 'parameter':
      return among('the name of a parameter', scope.parameters);
    case 'template':
      return among('a text whose {holes} are parameters', scope.parameters);
    case 'member':
      return among('the name of a member', scope.members);
    case 'env':
      return 'env("NAME")';
    case 'list':
      return `a list of ${plural(shape, scope)}${bounds(shape, ' items')}`;
    case 'oneOf':
      return cut(shape.of.map((of) => wantsText(of, scope)).join(', or '));
    case 'object':
      return cut(sketch(shape));
    default:
      return 'a literal';
  }
}

function plural(shape: Shape, scope: ArgumentScope): string {
  const [of] = shape.of;
  if (of === undefined) return 'values';
  if (of.type === 'string' && allowedValues(of, scope) === null) return 'texts';
  return `values, each ${wantsText(of, scope)}`;
}

function among(what: string, names: string[] | null): string {
  if (names === null) return what;
  return names.length === 0 ? `${what} (there is none)` : `${what} (${listed(names)})`;
}

const listed = (names: string[]): string =>
  names.length > TOLD ? `${names.slice(0, TOLD).join(', ')}, ...` : names.join(', ');

function oneOf(values: string[]): string {
  if (values.length === 0) return 'a value, and none is allowed';
  return values.length === 1 ? values[0] : `one of ${listed(values)}`;
}

function bounds({ min, max }: Shape, unit = ''): string {
  if (!Number.isNaN(min) && !Number.isNaN(max)) return ` from ${min} to ${max}${unit}`;
  if (!Number.isNaN(min)) return ` of at least ${min}${unit}`;
  return Number.isNaN(max) ? '' : ` of at most ${max}${unit}`;
}

const SKETCH: Record<string, string> = {
  number: '1.5',
  integer: '1',
  bool: 'true',
  duration: '"30s"',
  size: '"64KB"',
  parameter: '"parameter"',
  template: '"text {parameter}"',
  member: '"member"',
  env: 'env("NAME")',
  any: '...',
};

/** A shape as code, for a finding. */
export const sketchText = (shape: Shape): string => cut(sketch(shape));

/** A shape as code: `{ role: "...", within?: "30s" }`. */
function sketch(shape: Shape): string {
  switch (shape.type) {
    case 'string':
      return shape.values.length > 0 && shape.values.length <= TOLD
        ? shape.values.map((value) => JSON.stringify(value)).join(' | ')
        : '"..."';
    case 'object': {
      const keys = shape.of.map((of) => `${of.name}${of.optional ? '?' : ''}: ${sketch(of)}`);
      return keys.length === 0 ? '{}' : `{ ${keys.join(', ')} }`;
    }
    case 'list':
      return `[${shape.of.length > 0 ? `${sketch(shape.of[0])}, ` : ''}...]`;
    case 'oneOf':
      return shape.of.map(sketch).join(' | ');
    default:
      return SKETCH[shape.type] ?? '...';
  }
}

const cut = (text: string): string => (text.length > TEXT ? `${text.slice(0, TEXT)}...` : text);
