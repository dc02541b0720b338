// Owns a cell that does nothing but turn values into fields of `cell:sql` and back, for the tests
// of the text format: one method a type and direction. No database, no host.
import { emitGuestCodec } from '../../build/4-emit/guest-codec.ts';
import { guestType } from '../../build/4-emit/guest-types.ts';
import { decodeResult, encodeArguments } from '../../host/schema/dynamic.ts';
import type { Method, Schema, Type } from '../../host/schema/types.ts';
import { compileGuest, type Guest, PREAMBLE, startGuest } from '../values/guests.ts';

const scalar = (name: string): Type => ({ kind: 'scalar', scalar: name }) as Type;
const list = (of: Type): Type => ({ kind: 'list', of });
const orNull = (of: Type): Type => ({ kind: 'nullable', of });
const STRING: Type = { kind: 'string' };
const BYTES: Type = { kind: 'bytes' };
const UUID: Type = { kind: 'uuid' };
const DECIMAL: Type = { kind: 'decimal' };

/** Every type that a field can have, by a name for tests. */
export const TYPES: Record<string, Type> = {
  bool: scalar('bool'),
  i8: scalar('i8'),
  u8: scalar('u8'),
  i16: scalar('i16'),
  u16: scalar('u16'),
  i32: scalar('i32'),
  u32: scalar('u32'),
  i64: scalar('i64'),
  u64: scalar('u64'),
  f32: scalar('f32'),
  f64: scalar('f64'),
  string: STRING,
  bytes: BYTES,
  instant: scalar('instant'),
  duration: scalar('duration'),
  uuid: UUID,
  decimal: DECIMAL,
  'string | null': orNull(STRING),
  'instant | null': orNull(scalar('instant')),
  'bool[]': list(scalar('bool')),
  'i32[]': list(scalar('i32')),
  'u64[]': list(scalar('u64')),
  'f64[]': list(scalar('f64')),
  'string[]': list(STRING),
  '(string | null)[]': list(orNull(STRING)),
  'string[] | null': orNull(list(STRING)),
  'instant[]': list(scalar('instant')),
  'duration[]': list(scalar('duration')),
  'uuid[]': list(UUID),
  'decimal[]': list(DECIMAL),
  'bytes[]': list(BYTES),
};

const method = (index: number, name: string, of: Type, result: Type): Method => ({
  name,
  index,
  params: [{ name: 'value', type: of }],
  result,
  tier: 'pure',
  access: { public: false, anyRole: [], scopes: [] },
  canonical: '',
  fingerprint: '',
});

function schemaOf(): Schema {
  const methods = Object.values(TYPES).flatMap((type, i) => [
    method(2 * i, `write${i}`, type, BYTES),
    method(2 * i + 1, `read${i}`, BYTES, type),
  ]);
  return { version: 1, service: 'Text', cell: 'text', methods, records: [], enums: [] };
}

/** Methods behind those of the types: what bare texts of PostgreSQL's become. */
function entryOf(schema: Schema): string {
  const codec = emitGuestCodec(schema);
  const serves = codec.methods.map(({ read, args, write }, i) => {
    const type = guestType(Object.values(TYPES)[i >> 1] as Type);
    const [value] = args;
    const work =
      i % 2 === 0
        ? [
            `const fields = new SqlArgs(1).put<${type}>(${value});`,
            'const result = new Uint8Array(fields.bytes);',
            'memory.copy(result.dataStart, fields.at, fields.bytes);',
          ]
        : [
            `const rows = new SqlRows(${value}.dataStart, ${value}.length, 1, "column");`,
            `const result = rows.get<${type}>();`,
          ];
    const lines = [read, ...work, write].join('\n  ');
    return `function serve${i}(ptr: usize, len: usize): i64 {\n  ${lines}\n}`;
  });
  const cases = schema.methods.map((_, i) => `    case ${i}: return serve${i}(ptr, len);`);
  return [
    PREAMBLE,
    'import { SqlArgs, SqlRows } from "cell/sql";',
    codec.text,
    ...serves,
    'export function handle(method: u32, ptr: usize, len: usize): i64 {',
    '  switch (method) {',
    ...cases,
    '    default: return 0;',
    '  }',
    '}',
    '',
  ].join('\n');
}

/** The running cell. */
export class TextGuest {
  readonly #guest: Guest;
  readonly #schema: Schema;
  readonly #names = Object.keys(TYPES);

  private constructor(guest: Guest, schema: Schema) {
    this.#guest = guest;
    this.#schema = schema;
  }

  static async start(runtime: 'arena' | 'collect' = 'arena'): Promise<TextGuest> {
    const schema = schemaOf();
    return new TextGuest(startGuest(await compileGuest(entryOf(schema), runtime)), schema);
  }

  /** The text of a value; null for null. GuestFailure when it is refused. */
  write(type: string, value: unknown): string | null {
    const field = Buffer.from(this.#call(type, 0, value) as Uint8Array);
    const bytes = field.readInt32LE(0);
    if (bytes < 0) return null;
    if (field.length !== 4 + bytes) throw new Error('a field of another length than it says');
    return field.subarray(4).toString('utf8');
  }

  /** The value of a text that a database has written. */
  read(type: string, text: string | Uint8Array | null): unknown {
    return this.readResult(type, resultOf([text], 1));
  }

  /** The value of the first field of a result, as it stands. */
  readResult(type: string, result: Uint8Array): unknown {
    return this.#call(type, 1, result);
  }

  #call(type: string, direction: 0 | 1, value: unknown): unknown {
    const index = 2 * this.#names.indexOf(type) + direction;
    const made = this.#schema.methods[index];
    if (made === undefined) throw new Error(`no type ${type}`);
    const payload = encodeArguments(this.#schema, made, [value]);
    return decodeResult(this.#schema, made, this.#guest.call(index, payload));
  }
}

/** A result of the host: fields row by row. */
export function resultOf(fields: (string | Uint8Array | null)[], columns: number): Uint8Array {
  const rows = columns === 0 ? 0 : fields.length / columns;
  const head = Buffer.alloc(12);
  head.writeUInt32LE(rows, 0);
  head.writeUInt32LE(rows, 4);
  head.writeUInt32LE(columns, 8);
  const parts = fields.map((field) => {
    const bytes = field === null ? Buffer.alloc(0) : Buffer.from(field as string);
    const length = Buffer.alloc(4);
    length.writeInt32LE(field === null ? -1 : bytes.length);
    return Buffer.concat([length, bytes]);
  });
  return Buffer.concat([head, ...parts]);
}
