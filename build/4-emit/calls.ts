// Owns the calls that cells answer for: `Postgres.query<User>("...", a)` becomes `F(a)`, F the
// function that the cell wrote, behind the end of the same file. Equal functions of one file are
// one. Edits no more than what stands before the first value that is passed on.
import type { SourceShape, Span } from '../1-read/shapes.ts';
import type { Placed } from '../3-negotiate/contract.ts';
import { writtenText } from '../3-negotiate/names.ts';
import { CALLED } from './contributed-text.ts';
import { type GeneratedFunctions, type GeneratedNames, modulePath } from './generated-names.ts';
import type { LayerPlace } from './layers.ts';
import { renamed } from './names-in-text.ts';
import { originOf } from './origin.ts';
import type { UserText } from './user-text.ts';

/** What is known of a call when asc has complained about what it passes. */
export interface CallSite {
  source: SourceShape;
  /** `Postgres.query` */
  macro: string;
  /** What is passed on. */
  args: Span[];
  /** Types of the statement's parameters in the database, where the macro said them. */
  params: string[];
}

/** Puts the calls of one file into its text. */
export class CallCode {
  readonly #text: UserText;
  readonly #place: LayerPlace;
  readonly #names: GeneratedNames;
  readonly #functions: GeneratedFunctions;
  /** Macro and text -> the function's name. */
  readonly #made = new Map<string, string>();

  constructor(
    text: UserText,
    place: LayerPlace,
    names: GeneratedNames,
    functions: GeneratedFunctions,
  ) {
    this.#text = text;
    this.#place = place;
    this.#names = names;
    this.#functions = functions;
  }

  /** Of all contributions of kind `call` those of this file. */
  add(calls: readonly Placed[]): void {
    const mine = calls.filter((one) => one.siteRef.source === this.#text.source);
    const times = new Map<string, number>();
    for (const one of mine) times.set(keyOf(one), (times.get(keyOf(one)) ?? 0) + 1);
    for (const one of mine) {
      const isShared = (times.get(keyOf(one)) ?? 0) > 1;
      const name = this.#made.get(keyOf(one)) ?? this.#function(one, isShared);
      this.#text.replace(replacedBy(one), `${name}(`, originOf(one));
    }
  }

  #function(one: Placed, isShared: boolean): string {
    const { name: within, owner } = one.siteRef;
    const origin = originOf(one);
    const name = this.#names.make(isShared ? one.macro : `${within}_${one.macro}`);
    this.#made.set(keyOf(one), name);
    const declared = this.#place.declares(one.text);
    const text = renamed(one.text, (word) => {
      if (word === CALLED) return name;
      const file = declared.has(word) ? undefined : this.#place.fileOf(word);
      return file === undefined ? undefined : this.#place.sdk(word, file);
    });
    this.#place.append(text.trim(), origin, isShared);
    const place = owner === '' ? within : `${owner}#${within}`;
    this.#functions.set(`${modulePath(this.#text.path)}/${name}`, {
      origin,
      shown: isShared ? origin.macro : `${place} ${origin.macro}`,
    });
    return name;
  }
}

const keyOf = ({ macro, text }: Placed): string => `${macro}\0${text}`;

/** From the callee to the first value that is passed on, or to the closing parenthesis. */
function replacedBy({ useRef: { start, end, args } }: Placed): Span {
  return { start, end: args?.[1]?.start ?? end - 1 };
}

/** What is passed at each call, for asc's complaints. `statements`: of all contributions. */
export function callSites(calls: readonly Placed[], statements: readonly Placed[]): CallSite[] {
  const params = new Map<unknown, string[]>();
  for (const { useRef, values, numbers } of statements) {
    params.set(useRef, values.slice(0, numbers[0] ?? 0));
  }
  return calls.map((one) => ({
    source: one.siteRef.source,
    macro: writtenText(one.useRef),
    args: (one.useRef.args ?? []).slice(1),
    params: (params.get(one.useRef) ?? []).map((type) => type.split('=')[0]),
  }));
}
