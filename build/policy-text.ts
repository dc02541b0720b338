// Owns policies in words: what the kernel does for a method before its cell is entered, in a line.
import type { Policies, Template } from '../host/schema/types.ts';
import type { Placed } from './3-negotiate/contract.ts';
import { durationText } from './3-negotiate/units.ts';

/** "callers with the role admin or owner"; '' for contributions that are no policy. */
export function policyText({ kind, name, text, values, numbers }: Placed): string {
  if (kind === 'service') return serviceText(text, numbers);
  if (kind !== 'policy') return '';
  switch (name) {
    case 'roles':
      return `callers with the role ${values.join(' or ')}`;
    case 'scopes':
      return `callers with the scope ${values.join(' and ')}`;
    case 'public':
      return 'everybody, without a session too';
    case 'rate':
      return rateText(numbers[0], numbers[1], values[0]);
    case 'memo':
      return memoText(numbers[0], numbers[1], values[0] === 'shared', values.slice(1));
    case 'forget':
      return `forgets kept replies${tagText(values)}`;
    case 'span':
      return spanText(text, numbers[0]);
    case 'counter':
      return counterText(text, values);
    default:
      return `${name} ${[text, ...values, ...numbers].join(' ')}`.trim();
  }
}

/** The policies of a method by kind, in words; of each only what it has. */
export function policyTexts({ rate, memo, forget, span, counters }: Policies) {
  const texts: Record<string, string> = {};
  if (rate !== undefined) texts.rate = rateText(rate.perSecond, rate.burst, rate.per);
  if (memo !== undefined) {
    texts.memo = memoText(memo.ttlMs, memo.swrMs, memo.shared, memo.tags.map(templateText));
  }
  if (forget !== undefined) {
    texts.forget = `forgets kept replies${tagText(forget.map(templateText))}`;
  }
  if (span !== undefined) texts.span = spanText(span.name, span.ratio);
  for (const { name, labels } of counters ?? []) {
    const said = labels.map(({ key, value }) => (value === null ? key : `${key}:${value}`));
    texts[`counter ${name}`] = counterText(name, said);
  }
  return texts;
}

/** A lock knows parameters by their place. */
const templateText = (parts: Template): string =>
  parts.map((part) => (typeof part === 'number' ? `{parameter ${part + 1}}` : part)).join('');

function rateText(perSecond: number, burst: number, per: string): string {
  const whom = per === 'method' ? 'all callers together' : 'each subject';
  return `${perSecond} calls a second of ${whom}, ${burst} at once`;
}

function memoText(ttlMs: number, swrMs: number, shared: boolean, tags: string[]): string {
  const stale = swrMs > 0 ? `, stale for ${durationText(swrMs)} more` : '';
  const whose = shared ? 'all callers' : 'each caller';
  return `replies kept ${durationText(ttlMs)}${stale}, for ${whose}${tagText(tags)}`;
}

function spanText(name: string, ratio: number): string {
  const share = ratio < 1 ? `, ${ratio * 100} % of the calls` : '';
  return `${name === '' ? 'a span' : `a span \`${name}\``}${share}`;
}

const counterText = (name: string, labels: string[]): string =>
  `counts as ${name}${labels.length === 0 ? '' : ` by ${labels.join(', ')}`}`;

const tagText = (tags: string[]): string => (tags.length === 0 ? '' : `; tags ${tags.join(', ')}`);

const LIMITS = ['pages', 'ms of CPU', 'bytes of payload'];

function serviceText(name: string, numbers: number[]): string {
  const limits = numbers.flatMap((n, i) => (n > 0 ? [`${n} ${LIMITS[i]}`] : []));
  return [...(name === '' ? [] : [`named ${name}`]), ...limits].join(', ');
}
