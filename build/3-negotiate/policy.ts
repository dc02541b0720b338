// Owns what each policy may say: its values, numbers and bounds. Where it stands and how policies
// of several macros meet is in policies.ts.
import type { Template } from '../../host/schema/types.ts';
import type { Contribution } from '../2-discover/protocol.ts';
import { NAME_CHARS } from './bounds.ts';
import { templateOf } from './units.ts';

/** Roles or scopes of one demand. A host tells 64 of each kind apart. */
const NAMES = 64;
/** Tags of a kept reply, tags that a call forgets, bytes of a tag's fixed text. */
const MEMO_TAGS = 8;
const FORGET_TAGS = 16;
const TAG_BYTES = 256;
/** Milliseconds. The kernel's clock compares within 2^31. */
const TTL_MS = 0x3fffffff;
/** Labels of a counter. Threat: a time series for each combination. */
const LABELS = 8;

/** Kinds of policy, each with its check: null = good. */
const CHECKS: Record<string, (one: Contribution) => string | null> = {
  roles: namesCheck,
  scopes: namesCheck,
  public: () => null,
  rate({ numbers: [perSecond, burst = 1], values: [per = 'subject'] }) {
    if (!(perSecond >= 0.001 && perSecond <= 1e6))
      return 'wants calls per second, 0.001 to 1000000';
    if (!(Number.isInteger(burst) && burst >= 1 && burst <= 1e6))
      return 'wants a burst of 1 to 1000000';
    return per === 'subject' || per === 'method' ? null : 'counts by "subject" or by "method"';
  },
  memo({ numbers: [ttlMs, swrMs = 0], values: [shared = '', ...tags] }) {
    if (!(ttlMs >= 1 && ttlMs <= TTL_MS)) return `wants a life of 1 to ${TTL_MS} ms`;
    if (!(swrMs >= 0 && swrMs <= TTL_MS)) return `wants a stale time of 0 to ${TTL_MS} ms`;
    if (shared !== '' && shared !== 'shared') return 'is "shared" or ""';
    return tagsCheck(tags, MEMO_TAGS);
  },
  forget: ({ values }) => (values.length === 0 ? 'names no tag' : tagsCheck(values, FORGET_TAGS)),
  span({ text, numbers: [ratio = 1] }) {
    if (text.length > NAME_CHARS) return `has a name of more than ${NAME_CHARS} characters`;
    return ratio >= 0 && ratio <= 1 ? null : 'samples a ratio of 0 to 1';
  },
  counter({ text, values }) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/.test(text)) return 'has no name that a counter can have';
    if (values.length > LABELS) return `has more than ${LABELS} labels`;
    const odd = values.find(
      (label) => !/^[a-zA-Z_][a-zA-Z0-9_]{0,63}(:[^\n]{0,128})?$/.test(label),
    );
    return odd === undefined ? null : `has the label ${JSON.stringify(odd.slice(0, NAME_CHARS))}`;
  },
};

/** Policies that one macro owns: two on one method contradict each other. */
export const OWNED: ReadonlySet<string> = new Set(['roles', 'rate', 'memo', 'span']);

/** Why a contribution of kind `policy` is none; null = it is one. */
export function checkPolicy(one: Contribution): string | null {
  return Object.hasOwn(CHECKS, one.name) ? CHECKS[one.name](one) : 'does not exist';
}

/** Names travel to guests separated by zero bytes and in tokens separated by spaces. */
function namesCheck({ values }: Contribution): string | null {
  if (values.length === 0 || values.length > NAMES) return `wants 1 to ${NAMES} names`;
  const odd = values.find((name) => !isRightName(name));
  return odd === undefined ? null : `names ${JSON.stringify(odd.slice(0, NAME_CHARS))}`;
}

function isRightName(text: string): boolean {
  return text.length > 0 && text.length <= NAME_CHARS && !/[\s\p{Cc}]/u.test(text);
}

function tagsCheck(tags: string[], most: number): string | null {
  if (tags.length > most) return `has more than ${most} tags`;
  for (const tag of tags) {
    const parsed = templateOf(tag);
    const bytes = parsed === null ? 0 : Buffer.byteLength(parsed.texts.join(''));
    if (parsed === null || tag === '' || bytes > TAG_BYTES) {
      return `has the tag ${JSON.stringify(tag.slice(0, NAME_CHARS))}`;
    }
  }
  return null;
}

/** A tag with the parameters of one method; the name of a hole that is none of them. */
export function templateFor(tag: string, parameters: string[]): Template | { missing: string } {
  const { texts, holes } = templateOf(tag) as { texts: string[]; holes: string[] };
  const missing = holes.find((hole) => !parameters.includes(hole));
  if (missing !== undefined) return { missing };
  return texts.flatMap((text, i) =>
    i < holes.length ? [text, parameters.indexOf(holes[i])] : [text],
  );
}
