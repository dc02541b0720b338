// Owns the text of one statement as libpg-query sees it: its tree, its kind, and places in it.
// libpg-query counts bytes of UTF-8, servers count characters; everybody else wants UTF-16 units.
import { loadModule, type Node, parseSync, type ScanToken, scanSync } from 'libpg-query';
import type { DescribedText, Refused } from './contract.ts';

let loading: Promise<void> | undefined;

/** Loads the parser (20 ms), once. */
export function loadParser(): Promise<void> {
  loading ??= loadModule();
  return loading;
}

/** What is wrong with a text, at [offset, offset + length) of it. */
export function refused(
  message: string,
  sqlstate: string,
  place: { offset: number; length: number } = { offset: -1, length: 0 },
  hint = '',
): Refused {
  return { ok: false, message, sqlstate, ...place, hint };
}

/** A text and its tree. */
export class Syntax {
  readonly text: string;
  /** Null: the parser refuses the text; the server will say why. */
  readonly statement: Node | null;
  readonly kind: DescribedText['kind'] | null;
  /** Why it is no statement for a cell, whatever a server says. */
  readonly wrong: Refused | null;
  #tokens: ScanToken[] | undefined;
  #bytes: Uint32Array | undefined;

  constructor(text: string) {
    this.text = text;
    const parsed = parse(text);
    this.statement = parsed === null ? null : (parsed[0]?.stmt ?? null);
    this.kind = this.statement === null ? null : kindOf(this.statement);
    this.wrong = parsed === null ? null : this.#judge(parsed);
  }

  /** UTF-16 units before a byte. */
  unitAt(byte: number): number {
    if (this.#bytes === undefined) {
      const map = new Uint32Array(Buffer.byteLength(this.text) + 1);
      let at = 0;
      for (let unit = 0; unit < this.text.length; ) {
        const char = String.fromCodePoint(this.text.codePointAt(unit) as number);
        const bytes = Buffer.byteLength(char);
        map.fill(unit, at, at + bytes);
        at += bytes;
        unit += char.length;
      }
      map[at] = this.text.length;
      this.#bytes = map;
    }
    return this.#bytes[Math.min(Math.max(byte, 0), this.#bytes.length - 1)] as number;
  }

  /** UTF-16 units before a character (code point). */
  unitAtCharacter(character: number): number {
    let unit = 0;
    for (let left = character; left > 0 && unit < this.text.length; left--) {
      unit += (this.text.codePointAt(unit) as number) > 0xffff ? 2 : 1;
    }
    return unit;
  }

  /** Tokens with their places in UTF-16 units; [] for a text that cannot be cut into tokens. */
  get tokens(): readonly ScanToken[] {
    if (this.#tokens !== undefined) return this.#tokens;
    try {
      this.#tokens = scanSync(this.text).tokens.map((token) => ({
        ...token,
        start: this.unitAt(token.start),
        end: this.unitAt(token.end),
      }));
    } catch {
      this.#tokens = [];
    }
    return this.#tokens;
  }

  /** The token at a unit, with what is joined to it by points: `u.email`. */
  wordAt(unit: number): { offset: number; length: number } {
    const { tokens } = this;
    let i = tokens.findIndex(({ start, end }) => start <= unit && unit < end);
    if (i < 0) return { offset: Math.min(unit, this.text.length), length: 0 };
    const { start } = tokens[i] as ScanToken;
    while (tokens[i + 1]?.text === '.' && tokens[i + 2] !== undefined) i += 2;
    return { offset: start, length: (tokens[i] as ScanToken).end - start };
  }

  /** The expression that begins at a unit: up to a comma, a bracket or a clause beside it. */
  expressionAt(unit: number): { offset: number; length: number } {
    const { tokens } = this;
    const from = tokens.findIndex(({ start }) => start === unit);
    if (from < 0) return { offset: unit, length: 0 };
    let depth = 0;
    let end = (tokens[from] as ScanToken).end;
    for (let i = from; i < tokens.length; i++) {
      const { text, end: after, tokenName } = tokens[i] as ScanToken;
      if (text === '(' || text === '[') depth++;
      else if (text === ')' || text === ']') depth--;
      if (depth < 0 || (depth === 0 && i > from && ends(text, tokens[i - 1]?.text))) break;
      if (/COMMENT/.test(tokenName)) continue;
      end = after;
    }
    return { offset: unit, length: end - unit };
  }

  #judge(parsed: { stmt?: Node; stmt_location?: number }[]): Refused | null {
    if (parsed.length === 0) return refused('there is no statement in this text', '42601');
    const second = parsed[1];
    if (second !== undefined) {
      const begin = this.unitAt(second.stmt_location ?? 0);
      const word = this.tokens.find(({ start, tokenName }) => {
        return start >= begin && !/COMMENT/.test(tokenName);
      });
      const place = { offset: word?.start ?? begin, length: (word?.end ?? begin) - begin };
      return refused('only one statement may stand in a text', '42601', place);
    }
    if (this.kind !== null) return null;
    const [first] = this.tokens;
    const place = { offset: first?.start ?? 0, length: (first?.end ?? 0) - (first?.start ?? 0) };
    const may = 'a cell may select, insert, update, delete, merge';
    return refused(`${may}; this is none of them`, '0A000', place);
  }
}

const CLAUSES = new Set([
  ...['from', 'where', 'group', 'having', 'order', 'limit', 'union', 'except', 'intersect'],
  ...['window', 'offset', 'fetch', 'for', 'into', 'returning', 'on', ';', ','],
]);

function ends(text: string, before: string | undefined): boolean {
  const word = text.toLowerCase();
  return CLAUSES.has(word) && !(word === 'from' && before?.toLowerCase() === 'distinct');
}

function parse(text: string): { stmt?: Node; stmt_location?: number }[] | null {
  // The parser reads a C string: what follows a NUL would go unseen.
  if (text.includes('\0')) return null;
  if (text === '') return [];
  try {
    return parseSync(text).stmts ?? [];
  } catch {
    return null;
  }
}

function kindOf(statement: Node): DescribedText['kind'] | null {
  if ('SelectStmt' in statement) {
    const { valuesLists, intoClause } = statement.SelectStmt;
    if (intoClause !== undefined) return null;
    return valuesLists === undefined ? 'select' : 'values';
  }
  if ('InsertStmt' in statement) return 'insert';
  if ('UpdateStmt' in statement) return 'update';
  if ('DeleteStmt' in statement) return 'delete';
  if ('MergeStmt' in statement) return 'merge';
  return null;
}
