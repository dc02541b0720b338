// Owns the names of generated declarations, so that none is ever the user's or another macro's; and
// what is known of each generated function by the name that asc gives it: where it comes from, what
// frames call it, what its attempts enter.
import type { Project } from '../1-read/project.ts';
import type { Negotiated } from '../3-negotiate/contract.ts';
import type { Origin } from './origin.ts';

/** A generated function, by asc's internal name: `accounts.cell/__cell_get_Retry_onFailure`. */
export interface GeneratedFunction {
  /** The macro that it does the work of; null: the user's own method under another name. */
  origin: Origin | null;
  /** What stack traces say: `Accounts#get @Retry.onFailure`. */
  shown: string;
  /** Internal name of the one function that its attempts enter, itself or through a shared one. */
  enters?: string;
  /** Attempts what its callers enter. */
  shared?: true;
}

export type GeneratedFunctions = Map<string, GeneratedFunction>;

/** Makes names that begin with a word that stands nowhere in the project. */
export class GeneratedNames {
  /** `__cell`, or `__cell2` where somebody has written that. */
  readonly mark: string;
  readonly #made = new Set<string>();

  constructor(project: Project, negotiated: Negotiated) {
    const texts = [...project.sources.values()].map((source) => source.text);
    for (const c of negotiated.contributions) texts.push(c.text, c.type, c.name);
    const written = new Set(texts.flatMap((text) => text.match(/__cell\d*/g) ?? []));
    let mark = '__cell';
    for (let n = 2; written.has(mark); n++) mark = `__cell${n}`;
    this.mark = mark;
  }

  /** A name for `what`, `get_Retry.onFailure`: never given twice. */
  make(what: string): string {
    const base = `${this.mark}_${what.replace(/[^\w$]/g, '_')}`;
    let name = base;
    for (let n = 2; this.#made.has(name); n++) name = `${base}_${n}`;
    this.#made.add(name);
    return name;
  }

  /** A parameter or variable of a generated function. */
  local(name: string): string {
    return `${this.mark}$${name}`;
  }

  /** The name under which generated code sees `name` of "cell/<file>". */
  sdk(name: string, file: string): string {
    return file === 'layer' ? this.local(name) : `${this.mark}${name}`;
  }
}

/** `lib/a.ts` -> `lib/a`: how asc begins the names of what is declared there. */
export const modulePath = (path: string): string => path.replace(/\.ts$/, '');
