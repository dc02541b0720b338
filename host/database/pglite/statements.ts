// Owns the prepared statements of one client of the embedded server. PGlite has one set of names:
// every client's are rewritten, so that two clients never meet. A statement that the engine has
// lost (it was started again, another client said DISCARD ALL) is parsed again when it is named.
import { closeStatement, message, T, text, textAt } from './messages.ts';

/** An answer that is counted: Parse gives `1`, Close gives `3`. */
export interface Counted {
  type: number;
  /** The client did not ask for it: it is not passed on. */
  ours: boolean;
  done(): void;
}

/** A batch as the engine gets it. */
export interface Composed {
  bytes: Buffer[];
  counted: Counted[];
}

interface Statement {
  id: string;
  /** The Parse message, under its own id. */
  parse: Buffer;
}

/** Names are per client; ids are the engine's. `known`: ids that the engine has now. */
export class Statements {
  readonly #own = new Map<string, Statement>();
  readonly #known: Set<string>;
  readonly #session: number;
  #next = 0;

  constructor(session: number, known: Set<string>) {
    this.#session = session;
    this.#known = known;
  }

  /** Rewrites the messages of one batch. */
  compose(batch: Buffer[]): Composed {
    const composed: Composed = { bytes: [], counted: [] };
    /** Ids that this batch makes. */
    const made = new Set<string>();
    for (const whole of batch) {
      const type = whole[0];
      if (type === T.parse) this.#parse(whole, composed, made);
      else if (type === T.bind) this.#bind(whole, composed, made);
      else if (type === T.describe || type === T.close) this.#name(whole, composed, made);
      else composed.bytes.push(whole);
    }
    return composed;
  }

  /** What frees everything that this client has prepared. */
  farewell(): Buffer[] {
    const ids = [...this.#known].filter((id) => id.startsWith(`c${this.#session}_`));
    for (const id of ids) this.#known.delete(id);
    this.#own.clear();
    return ids.map(closeStatement);
  }

  #parse(whole: Buffer, { bytes, counted }: Composed, made: Set<string>): void {
    const { value: name, next } = textAt(whole, 5);
    let own = this.#own.get(name);
    // The unnamed statement is replaced; here it has a name, so it is closed before.
    if (own !== undefined && name === '' && (this.#known.has(own.id) || made.has(own.id))) {
      const { id } = own;
      bytes.push(closeStatement(id));
      counted.push({ type: T.closeB, ours: true, done: () => this.#known.delete(id) });
    }
    const id = own?.id ?? `c${this.#session}_${this.#next++}`;
    own = { id, parse: message(T.parse, text(id), whole.subarray(next)) };
    this.#own.set(name, own);
    made.add(id);
    bytes.push(own.parse);
    counted.push({ type: T.parseB, ours: false, done: () => this.#known.add(id) });
  }

  /** The id behind a name; parses it again where the engine does not know it. */
  #id(name: string, { bytes, counted }: Composed, made: Set<string>): string {
    const own = this.#own.get(name);
    if (own === undefined) return `c${this.#session}_${name}`;
    if (!this.#known.has(own.id) && !made.has(own.id)) {
      made.add(own.id);
      bytes.push(own.parse);
      counted.push({ type: T.parseB, ours: true, done: () => this.#known.add(own.id) });
    }
    return own.id;
  }

  #bind(whole: Buffer, composed: Composed, made: Set<string>): void {
    const portal = textAt(whole, 5);
    const name = textAt(whole, portal.next);
    const id = this.#id(name.value, composed, made);
    composed.bytes.push(message(T.bind, text(portal.value), text(id), whole.subarray(name.next)));
  }

  /** Describe and Close: of a statement (S) or a portal (P). */
  #name(whole: Buffer, composed: Composed, made: Set<string>): void {
    const type = whole[0] as number;
    const ofStatement = whole[5] === 0x53;
    const { value: name } = textAt(whole, 6);
    if (!ofStatement) {
      composed.bytes.push(whole);
      if (type === T.close) composed.counted.push(passed(T.closeB));
      return;
    }
    if (type === T.describe) {
      const id = this.#id(name, composed, made);
      composed.bytes.push(message(T.describe, Buffer.from('S'), text(id)));
      return;
    }
    // Forgotten now: a Parse of the same name may follow in this batch.
    const id = this.#own.get(name)?.id ?? `c${this.#session}_${name}`;
    this.#own.delete(name);
    composed.bytes.push(closeStatement(id));
    composed.counted.push({ ...passed(T.closeB), done: () => this.#known.delete(id) });
  }
}

const passed = (type: number): Counted => ({ type, ours: false, done: () => {} });
