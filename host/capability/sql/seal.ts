// Owns encrypted values of statements: fields of arguments on their way in, fields of results on
// their way out. Drivers see ciphertext only, as PostgreSQL's text of a bytea; guests see none.
import type { SqlStatement } from '../../schema/types.ts';
import { type Cipher, CipherError } from './encryption.ts';
import { sizeAt } from './fields.ts';
import { RESULT_HEADER, type ResultBytes } from './result.ts';

/** Columns of one statement's parameters and results that are encrypted; null = as it is. */
export interface Sealed {
  params: (string | null)[];
  columns: (string | null)[];
}

/** null: the statement has nothing encrypted. */
export function sealedOf({ params, columns }: SqlStatement): Sealed | null {
  const of = (values: { encrypted?: string }[]): (string | null)[] =>
    values.map(({ encrypted }) => encrypted ?? null);
  const sealed = { params: of(params), columns: of(columns) };
  return [...sealed.params, ...sealed.columns].some((one) => one !== null) ? sealed : null;
}

/** The fields at [at, at + length), those that shall be encrypted. */
export function sealFields(
  cipher: Cipher,
  columns: readonly (string | null)[],
  bytes: Uint8Array,
  at: number,
  length: number,
): Buffer {
  const parts: Uint8Array[] = [];
  const end = at + length;
  for (let i = 0; at < end; i++) {
    const size = sizeAt(bytes, at);
    const next = at + 4 + Math.max(0, size);
    const column = columns[i] ?? null;
    if (column === null || size < 0) parts.push(bytes.subarray(at, next));
    else {
      const text = `\\x${cipher.encrypt(bytes.subarray(at + 4, next), column).toString('hex')}`;
      const head = Buffer.alloc(4);
      head.writeInt32LE(text.length);
      parts.push(head, Buffer.from(text, 'latin1'));
    }
    at = next;
  }
  return Buffer.concat(parts);
}

/** Decrypts a whole result in place: what is decrypted is shorter. Throws CipherError. */
export function openResult(
  cipher: Cipher,
  columns: readonly (string | null)[],
  result: ResultBytes,
): void {
  const { bytes } = result;
  const end = result.length;
  let from = RESULT_HEADER;
  let to = RESULT_HEADER;
  for (let i = 0; from < end; i++) {
    const size = sizeAt(bytes, from);
    const next = from + 4 + Math.max(0, size);
    const column = columns[i % columns.length];
    if (column === null || size < 0) {
      bytes.copyWithin(to, from, next);
      to += next - from;
    } else {
      const plain = cipher.decrypt(byteaAt(bytes, from + 4, next, column), column);
      to = bytes.writeInt32LE(plain.length, to);
      to += plain.copy(bytes, to);
    }
    from = next;
  }
  result.length = to;
}

/** The bytes of a bytea's text, `\x00ff`. */
function byteaAt(bytes: Buffer, from: number, to: number, column: string): Buffer {
  const hex = bytes.toString('latin1', from + 2, to);
  const raw = Buffer.from(hex, 'hex');
  if (bytes[from] === 0x5c && bytes[from + 1] === 0x78 && raw.length * 2 === hex.length) return raw;
  throw new CipherError(`\`${column}\` holds what was not encrypted here`);
}
