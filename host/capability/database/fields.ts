// Owns the form of questions and answers: a sequence of fields. Reading trusts nothing.
import { INVALID_ARGUMENT } from '../../../assembly/shared/status.ts';
import { AdminError } from '../../database/admin.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

const malformed = (): AdminError => new AdminError(INVALID_ARGUMENT, 'a malformed question');

/** Reads fields in turn. Throws AdminError where they are not as they should be. */
export class Fields {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get more(): boolean {
    return this.#at < this.#bytes.length;
  }

  textOrNull(): string | null {
    const room = this.#bytes.length - this.#at;
    if (room < 4) throw malformed();
    const length = this.#view.getInt32(this.#at, true);
    if (length < -1 || length > room - 4) throw malformed();
    this.#at += 4;
    if (length < 0) return null;
    const from = this.#at;
    this.#at += length;
    try {
      return decoder.decode(this.#bytes.subarray(from, this.#at));
    } catch {
      throw malformed();
    }
  }

  text(): string {
    const text = this.textOrNull();
    if (text === null) throw malformed();
    return text;
  }

  /** A whole number from 0 on. */
  number(): number {
    const text = this.text();
    if (!/^\d{1,9}$/.test(text)) throw malformed();
    return Number(text);
  }

  /** As many texts as the field before them says, no more than `most`. */
  texts(most: number): string[] {
    const count = this.number();
    if (count > most) throw new AdminError(INVALID_ARGUMENT, `more than ${most} texts`);
    return Array.from({ length: count }, () => this.text());
  }

  /** All that are left. */
  rest(): (string | null)[] {
    const rest: (string | null)[] = [];
    while (this.more) rest.push(this.textOrNull());
    return rest;
  }

  end(): void {
    if (this.more) throw malformed();
  }
}

/** The bytes of an answer. */
export function encodeFields(fields: readonly (string | null)[]): Uint8Array<ArrayBuffer> {
  const parts = fields.map((field) => (field === null ? null : encoder.encode(field)));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + (part?.length ?? 0), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setInt32(at, part === null ? -1 : part.length, true);
    at += 4;
    if (part === null) continue;
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
