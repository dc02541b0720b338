// Owns how a shape reads to people: what an argument wants, as words of a finding.
import type { Shape } from '../2-discover/protocol.ts';
import type { ArgumentScope } from './arguments.ts';
import { allowedValues } from './samples.ts';
import { sizeWords, timeWords } from './units.ts';

/** Values that a finding lists. */
const TOLD = 12;
/** Characters of a text that describes one shape. */
const TEXT = 300;

/** What stands between the parentheses, in words; of several arguments, all. */
export function usageText(args: Shape[], scope: ArgumentScope): string {
  const [first] = args;
  if (first === undefined) return 'no argument';
  const texts = args.map((shape) => wantsText(shape, scope));
  if (args.length === 1) return first.optional ? `nothing, or ${texts[0]}` : texts[0];
  const each = args.map(({ optional }, i) => `${texts[i]}${optional ? ' (may be left out)' : ''}`);
  return cut(`${args.length} arguments: ${each.join('; ')}`);
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
      return `a duration such as "250ms", "30s", "5m", "1h"${bounds(shape, timeWords)}`;
    case 'size':
      return `a size such as 512, "64KB", "1MB"${bounds(shape, sizeWords)}`;
    case 'parameter':
      return among('the name of a parameter', scope.parameters);
    case 'template':
      return among('a text whose {holes} are parameters', scope.parameters);
    case 'member':
      return among('the name of a member', scope.members);
    case 'env':
      return 'env("NAME")';
    case 'list':
      return `a list of ${plural(shape, scope)}${bounds(shape, String, ' items')}`;
    case 'oneOf':
      return cut(shape.of.map((of) => wantsText(of, scope)).join(', or '));
    case 'object':
      return keysText(shape);
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

type Say = (value: number, up: boolean) => string;

function bounds({ min, max }: Shape, say: Say = String, unit = ''): string {
  if (Number.isNaN(min)) return Number.isNaN(max) ? '' : ` of at most ${say(max, false)}${unit}`;
  if (Number.isNaN(max)) return ` of at least ${say(min, true)}${unit}`;
  return ` from ${say(min, true)} to ${say(max, false)}${unit}`;
}

/** "an object with `perSecond`, and perhaps `burst`". */
function keysText({ of }: Shape): string {
  const names = (optional: boolean): string[] =>
    of.filter((one) => one.optional === optional).map((one) => `\`${one.name}\``);
  const [needed, free] = [names(false), names(true)];
  if (of.length === 0) return 'an empty object';
  if (needed.length === 0) return cut(`an object with any of ${listed(free)}`);
  const more = free.length === 0 ? '' : `, and perhaps ${listed(free)}`;
  return cut(`an object with ${listed(needed)}${more}`);
}

const cut = (text: string): string => (text.length > TEXT ? `${text.slice(0, TEXT)}...` : text);
