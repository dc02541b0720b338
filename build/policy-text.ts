// Owns policies in words: what the kernel does for a method before its cell is entered, in a line.
import type { Placed } from './3-negotiate/contract.ts';

/** "roles: admin or owner"; '' for contributions that are no policy. */
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
    case 'rate': {
      const whom = values[0] === 'method' ? 'all callers together' : 'each subject';
      return `${numbers[0]} calls a second of ${whom}, ${numbers[1]} at once`;
    }
    case 'memo': {
      const [shared, ...tags] = values;
      const stale = numbers[1] > 0 ? `, stale for ${duration(numbers[1])} more` : '';
      const whose = shared === 'shared' ? 'all callers' : 'each caller';
      return `replies kept ${duration(numbers[0])}${stale}, for ${whose}${tagText(tags)}`;
    }
    case 'forget':
      return `forgets kept replies${tagText(values)}`;
    case 'span':
      return (
        (text === '' ? 'a span' : `a span \`${text}\``) +
        (numbers[0] < 1 ? `, ${numbers[0] * 100} % of the calls` : '')
      );
    case 'counter':
      return `counts as ${text}${values.length === 0 ? '' : ` by ${values.join(', ')}`}`;
    default:
      return `${name} ${[text, ...values, ...numbers].join(' ')}`.trim();
  }
}

const tagText = (tags: string[]): string => (tags.length === 0 ? '' : `; tags ${tags.join(', ')}`);

const LIMITS = ['pages', 'ms of CPU', 'bytes of payload'];

function serviceText(name: string, numbers: number[]): string {
  const limits = numbers.flatMap((n, i) => (n > 0 ? [`${n} ${LIMITS[i]}`] : []));
  return [...(name === '' ? [] : [`named ${name}`]), ...limits].join(', ');
}

/** 300000 -> 5m. */
function duration(ms: number): string {
  for (const [unit, each] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const) {
    if (ms >= each && ms % each === 0) return `${ms / each}${unit}`;
  }
  return `${ms}ms`;
}
