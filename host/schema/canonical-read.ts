// Owns reading a canonical text back into types. The text may come from a stranger's HELLO: its
// length and nesting are bounded and everything unexpected is refused with RangeError.

import { CANONICAL_CHARS, TYPE_DEPTH } from './canonical.ts';
import { isKey, type Types } from './layout.ts';
import type { EnumType, Field, RecordType, Scalar, Type } from './types.ts';

export interface Parsed {
  /** `cell.method`. */
  name: string;
  params: Type[];
  result: Type | null;
  /** Records and enums of the text; they are named `#0`, `#1`, ... in order of appearance. */
  types: Types;
}

const SCALARS = [
  'bool',
  'i8',
  'u8',
  'i16',
  'u16',
  'i32',
  'u32',
  'i64',
  'u64',
  'f32',
  'f64',
  'instant',
  'duration',
];
const NAME = /[\p{ID_Start}_$][\p{ID_Continue}$\u200c\u200d]*/uy;
const METHOD_NAME = /[^()\s]{1,256}(?=\()/y;
const WORD = /[a-z][a-z0-9]*/y;
const NUMBER = /-?[0-9]{1,10}/y;

/** Parses the canonical text of a method. RangeError saying where it is not one. */
export function parseCanonical(text: string): Parsed {
  if (text.length > CANONICAL_CHARS) {
    throw new RangeError(`a canonical text is longer than ${CANONICAL_CHARS} characters`);
  }
  const parser = new Parser(text);
  const name = parser.match(METHOD_NAME, 'a method name');
  parser.expect('(');
  const params: Type[] = [];
  if (!parser.take(')')) {
    do params.push(parser.type(0));
    while (parser.take(','));
    parser.expect(')');
  }
  parser.expect('->');
  const result = parser.take('void') ? null : parser.type(0);
  if (parser.at !== text.length) parser.fail('the end');
  return { name, params, result, types: { records: parser.records, enums: parser.enums } };
}

class Parser {
  text: string;
  at = 0;
  records: RecordType[] = [];
  enums: EnumType[] = [];
  /** Names of the records around the place being read. */
  around: string[] = [];

  constructor(text: string) {
    this.text = text;
  }

  fail(expected: string): never {
    throw new RangeError(`a canonical text has no ${expected} at ${this.at}`);
  }

  take(token: string): boolean {
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  expect(token: string): void {
    if (!this.take(token)) this.fail(`\`${token}\``);
  }

  match(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) this.fail(what);
    this.at += found[0].length;
    return found[0];
  }

  type(depth: number): Type {
    if (depth > TYPE_DEPTH) throw new RangeError(`types nest deeper than ${TYPE_DEPTH}`);
    const type = this.plain(depth);
    return this.take('?') ? { kind: 'nullable', of: type } : type;
  }

  plain(depth: number): Type {
    if (this.take('[')) {
      const of = this.type(depth + 1);
      this.expect(']');
      return { kind: 'list', of };
    }
    if (this.take('{')) {
      const key = this.type(depth + 1);
      if (!isKey(key)) this.fail('type that a key may have');
      this.expect(':');
      const value = this.type(depth + 1);
      this.expect('}');
      return { kind: 'map', key, value };
    }
    if (this.take('(')) return this.record(depth);
    if (this.take('<')) return this.enum();
    if (this.take('^')) {
      const levels = Number(this.match(NUMBER, 'a number of levels'));
      const name = this.around[this.around.length - levels];
      if (!(levels > 0) || name === undefined) this.fail('record that many levels up');
      return { kind: 'record', name: name! };
    }
    const word = this.match(WORD, 'a type');
    if (SCALARS.includes(word)) return { kind: 'scalar', scalar: word as Scalar };
    if (word === 'string' || word === 'bytes' || word === 'uuid' || word === 'decimal') {
      return { kind: word };
    }
    throw new RangeError(`a canonical text has the unknown type \`${word}\``);
  }

  record(depth: number): Type {
    const fields: Field[] = [];
    const name = `#${this.records.length}`;
    this.records.push({ name, fields });
    this.around.push(name);
    if (!this.take(')')) {
      do {
        const field = this.match(NAME, 'a field name');
        this.expect(':');
        fields.push({ name: field, type: this.type(depth + 1) });
      } while (this.take(','));
      this.expect(')');
    }
    this.around.pop();
    return { kind: 'record', name };
  }

  enum(): Type {
    const members: EnumType['members'] = [];
    const name = `#${this.enums.length}`;
    this.enums.push({ name, members });
    if (!this.take('>')) {
      do {
        const member = this.match(NAME, 'a member name');
        this.expect('=');
        members.push({ name: member, value: Number(this.match(NUMBER, 'a value')) });
      } while (this.take('|'));
      this.expect('>');
    }
    return { kind: 'enum', name };
  }
}
