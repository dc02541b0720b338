// Owns the rule that decides whether a caller built against one text of a method may call another
// (VALUES rule 6): fields are the same prefix, every appended one is nullable, whoever is the
// older. Arguments and result are judged separately, and what changed is said in words.

import { canonicalType } from './canonical.ts';
import { type Parsed, parseCanonical } from './canonical-read.ts';
import { enumNamed, recordNamed } from './layout.ts';
import type { Field, Type } from './types.ts';

/** Differences reported at most; the first says most. */
const DIFFERENCES = 8;

/**
 * What keeps a caller that knows `theirs` from calling a method that is `ours` now; empty when
 * nothing does. `names` are our parameter names, for the words. RangeError when a text is none.
 */
export function differences(theirs: string, ours: string, names: string[] = []): string[] {
  if (theirs === ours) return [];
  const judge = new Judge(parseCanonical(theirs), parseCanonical(ours));
  judge.method(names);
  return judge.found;
}

/** True when `differences` finds none. A text that does not parse is not compatible. */
export function compatible(theirs: string, ours: string): boolean {
  try {
    return differences(theirs, ours).length === 0;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

class Judge {
  found: string[] = [];
  /** Pairs of records that were compared or are being compared. */
  seen = new Set<string>();
  was: Parsed;
  is: Parsed;

  constructor(was: Parsed, is: Parsed) {
    this.was = was;
    this.is = is;
  }

  say(where: string, what: string): void {
    if (this.found.length < DIFFERENCES) this.found.push(`${where}: ${what}`);
  }

  method(names: string[]): void {
    if (this.was.name !== this.is.name) this.say(this.was.name, `became ${this.is.name}`);
    const label = (i: number): string => {
      return names[i] === undefined ? `parameter ${i + 1}` : `parameter ${i + 1} \`${names[i]}\``;
    };
    const { params: a } = this.was;
    const { params: b } = this.is;
    for (let i = 0; i < Math.max(a.length, b.length); i++) {
      this.slot(a[i], b[i], label(i));
    }
    const [from, to] = [this.was.result, this.is.result];
    if (from !== null && to !== null) this.type(from, to, 'result');
    else if (from !== to) this.say('result', `${this.old(from)} became ${this.now(to)}`);
  }

  /** A field or parameter at the same place in both; one of them may lack it. */
  slot(a: Type | undefined, b: Type | undefined, where: string): void {
    if (a !== undefined && b !== undefined) return this.type(a, b, where);
    if (a === undefined && b!.kind !== 'nullable') {
      this.say(where, `was added as ${this.now(b!)}; only nullable ones may be added`);
    }
    if (b === undefined && a!.kind !== 'nullable') {
      this.say(where, `${this.old(a!)} was removed; only nullable ones may be absent`);
    }
  }

  type(a: Type, b: Type, where: string): void {
    if (a.kind === 'list' && b.kind === 'list') return this.type(a.of, b.of, `${where}, element`);
    if (a.kind === 'nullable' && b.kind === 'nullable') return this.type(a.of, b.of, where);
    if (a.kind === 'map' && b.kind === 'map') {
      this.type(a.key, b.key, `${where}, key`);
      return this.type(a.value, b.value, `${where}, value`);
    }
    if (a.kind === 'record' && b.kind === 'record') return this.record(a.name, b.name, where);
    const same =
      a.kind === b.kind &&
      (a.kind !== 'scalar' || a.scalar === (b as typeof a).scalar) &&
      (a.kind !== 'enum' || this.sameEnum(a.name, (b as typeof a).name));
    if (!same) this.say(where, `${this.old(a)} became ${this.now(b)}`);
  }

  sameEnum(a: string, b: string): boolean {
    const from = enumNamed(this.was.types, a).members;
    const to = enumNamed(this.is.types, b).members;
    return (
      from.length === to.length &&
      from.every((member, i) => member.name === to[i]!.name && member.value === to[i]!.value)
    );
  }

  record(a: string, b: string, where: string): void {
    if (this.seen.has(`${a} ${b}`)) return;
    this.seen.add(`${a} ${b}`);
    const from: Field[] = recordNamed(this.was.types, a).fields;
    const to: Field[] = recordNamed(this.is.types, b).fields;
    for (let i = 0; i < Math.max(from.length, to.length); i++) {
      const [old, now] = [from[i], to[i]];
      const place = `${where}, field \`${(now ?? old)!.name}\``;
      if (old !== undefined && now !== undefined && old.name !== now.name) {
        this.say(place, `stands where \`${old.name}\` stood; fields may only be added at the end`);
      } else {
        this.slot(old?.type, now?.type, place);
      }
    }
  }

  old(type: Type | null): string {
    return type === null ? 'void' : words(this.was, type);
  }

  now(type: Type | null): string {
    return type === null ? 'void' : words(this.is, type);
  }
}

/** Types in one that is put into words; only its beginning is shown. Threat: records that refer to
 *  all those around them, whose text grows with every one of them as the product of the others. */
const WORDS_PARTS = 100;

/** A type in an error: its canonical text, cut. */
function words(parsed: Parsed, type: Type): string {
  let text: string;
  try {
    text = canonicalType(parsed.types, type, WORDS_PARTS);
  } catch (error) {
    if (error instanceof RangeError) return `a large ${type.kind}`;
    throw error;
  }
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
