// Owns asc's complaints about what a user passes to a call that a cell answered for, such as
// `Postgres.query<User>("...", id)`: told at the value, in the words of the database.
import type { SourceShape, Span } from '../1-read/shapes.ts';
import type { CallSite } from '../4-emit/calls.ts';
import type { Findings } from '../diagnostics/findings.ts';

/** asc's words when a value is of another type than a parameter; the cast would do, or not. */
const OTHER = /^Type '(.+)' is not assignable to type '(.+)'\.?$/;
const CAST = /^Conversion from type '(.+)' to '(.+)' requires an explicit cast\.?$/;

/** Numbers: a cast turns one into another. */
const NUMBER = /^(?:bool|[iu](?:8|16|32|64|size)|f32|f64)$/;

/** Reports a complaint about a whole value that is passed; false: it is about something else. */
export function reportPassed(
  { message, start, end }: Span & { message: string },
  source: SourceShape,
  calls: readonly CallSite[],
  findings: Findings,
): boolean {
  const found = OTHER.exec(message) ?? CAST.exec(message);
  if (found === null) return false;
  const isIt = (arg: Span): boolean => arg.start === start && arg.end === end;
  const call = calls.find((one) => one.source === source && one.args.some(isIt));
  if (call === undefined) return false;
  const index = call.args.findIndex(isIt);
  const [given, wanted] = [found[1], found[2]].map(written);
  const known = call.params[index];
  const asWritten = source.text.slice(start, end).replace(/\s+/g, ' ');
  findings.report(
    'CELL4113',
    source,
    { start, end },
    {
      what: known === undefined ? `value ${index + 1}` : `parameter $${index + 1}`,
      ...{ macro: call.macro, given, wanted },
      why: known === undefined ? '' : `: it is ${known} in the database`,
      fix: fixOf(asWritten, given, wanted),
    },
  );
  return true;
}

function fixOf(value: string, given: string, wanted: string): string {
  const short = value.length <= 60 && /^[\w$.]+(?:\(\))?$/.test(value) ? value : null;
  if (given === `${wanted} | null`) {
    return short === null
      ? `pass what is never null, or a \`${wanted}\` for null`
      : `check that \`${short}\` is not null first`;
  }
  if (NUMBER.test(given) && wanted === 'string') return `pass ${short ?? '(...)'}.toString()`;
  if (NUMBER.test(given) && NUMBER.test(wanted)) return `pass <${wanted}>${short ?? '(...)'}`;
  return `pass a value of type ${wanted}`;
}

/** `~lib/string/String | null` -> `string | null`, `lib/a/User` -> `User`. */
function written(type: string): string {
  return type
    .replace(/~lib\/string\/String/g, 'string')
    .replace(/(?:[^\s<>|,]*\/)+/g, '')
    .replace(/Array<([\w$]+)>/g, '$1[]');
}
