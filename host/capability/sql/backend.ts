// Owns PostgreSQL's messages as bytes (protocol 3.0,
// https://www.postgresql.org/docs/18/protocol-message-formats.html): what a statement sends, and
// the fields of what comes back. Pure: no socket, no state of a connection.
import { sizeAt } from './fields.ts';
import type { ServerError } from './sqlstate.ts';

/** Types of messages of the server that are looked at. */
export const ROW = 0x44; // D
export const ROW_DESCRIPTION = 0x54; // T
export const NO_DATA = 0x6e; // n
export const COMPLETE = 0x43; // C
export const EMPTY = 0x49; // I
export const ERROR = 0x45; // E
export const READY = 0x5a; // Z
export const COPY_IN = 0x47; // G
export const COPY_OUT = 0x48; // H
export const COPY_BOTH = 0x57; // W

/** Bytes of a message's head: its type, and its length without the type. */
export const HEAD = 5;

/** Writes messages of one turn into memory that is used again when the turn has ended. */
export class FrontMessages {
  bytes = Buffer.allocUnsafeSlow(4096);
  length = 0;
  private start = 0;

  reset(): void {
    this.length = 0;
    if (this.bytes.length > 1 << 18) this.bytes = Buffer.allocUnsafeSlow(4096);
  }

  private room(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const bytes = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
  }

  private begin(type: number, most: number): void {
    this.room(most + HEAD);
    this.bytes[this.length] = type;
    this.start = this.length + 1;
    this.length += HEAD;
  }

  private end(): void {
    this.bytes.writeUInt32BE(this.length - this.start, this.start);
  }

  private name(text: string): void {
    this.length += this.bytes.write(text, this.length);
    this.bytes[this.length++] = 0;
  }

  /** Parse: the server finds the types of parameters. */
  parse(name: string, text: string): void {
    this.begin(0x50, 3 * (name.length + text.length) + 4);
    this.name(name);
    this.name(text);
    this.length = this.bytes.writeUInt16BE(0, this.length);
    this.end();
  }

  describeStatement(name: string): void {
    this.begin(0x44, 3 * name.length + 2);
    this.bytes[this.length++] = 0x53;
    this.name(name);
    this.end();
  }

  /** Bind to the nameless portal; all is text. Fields as of contract.ts, checked by the caller. */
  bind(name: string, source: Uint8Array, at: number, size: number, count: number): void {
    this.begin(0x42, 3 * name.length + size + 12);
    const { bytes } = this;
    bytes[this.length++] = 0;
    this.name(name);
    let to = this.length;
    bytes[to] = 0; // no format codes: text
    bytes[to + 1] = 0;
    bytes[to + 2] = count >>> 8;
    bytes[to + 3] = count;
    to += 4;
    const end = at + size;
    while (at < end) {
      const length = sizeAt(source, at);
      bytes[to] = length >>> 24;
      bytes[to + 1] = length >>> 16;
      bytes[to + 2] = length >>> 8;
      bytes[to + 3] = length;
      at += 4;
      to += 4;
      if (length <= 0) continue;
      if (length <= 48) for (let i = 0; i < length; i++) bytes[to + i] = source[at + i];
      else bytes.set(source.subarray(at, at + length), to);
      at += length;
      to += length;
    }
    bytes[to] = 0; // results: text
    bytes[to + 1] = 0;
    this.length = to + 2;
    this.end();
  }

  /** Execute of the nameless portal, all rows. */
  execute(): void {
    this.begin(0x45, 5);
    for (let i = 0; i < 5; i++) this.bytes[this.length++] = 0;
    this.end();
  }

  /** The end of what a turn asks: the server answers it with ReadyForQuery. */
  sync(): void {
    this.begin(0x53, 0);
    this.end();
  }

  /** A simple query: nothing of it comes from a guest. */
  query(text: string): void {
    this.begin(0x51, 3 * text.length + 1);
    this.name(text);
    this.end();
  }

  /** Close of a prepared statement; no error when there is none. */
  closeStatement(name: string): void {
    this.begin(0x43, 3 * name.length + 2);
    this.bytes[this.length++] = 0x53;
    this.name(name);
    this.end();
  }

  terminate(): void {
    this.begin(0x58, 0);
    this.end();
  }
}

/** The text that ends with a zero byte at `at`, and the place after it. */
function nameAt(bytes: Buffer, at: number): { text: string; next: number } {
  const end = bytes.indexOf(0, at);
  return { text: bytes.toString('utf8', at, end), next: end + 1 };
}

/** Body of an ErrorResponse at [at, to). */
export function errorOf(bytes: Buffer, at: number, to: number): ServerError {
  const found: Record<string, string> = {};
  while (at < to && bytes[at] !== 0) {
    const key = String.fromCharCode(bytes[at]);
    const { text, next } = nameAt(bytes, at + 1);
    if (next === 0) break;
    found[key] = text;
    at = next;
  }
  const { C = 'XX000', V = 'ERROR', M = '', t = '', c = '', n = '' } = found;
  return {
    ...{ code: C, fatal: V === 'FATAL' || V === 'PANIC' },
    ...{ message: M, table: t, column: c, constraint: n },
  };
}

/** Names in a RowDescription with the body [at, to); null: it is none. */
export function columnsOf(bytes: Buffer, at: number, to: number): string[] | null {
  if (to - at < 2) return null;
  const count = bytes.readUInt16BE(at);
  const names: string[] = [];
  at += 2;
  for (let i = 0; i < count; i++) {
    const { text, next } = nameAt(bytes, at);
    at = next + 18;
    if (next === 0 || at > to) return null;
    names.push(text);
  }
  return at === to ? names : null;
}

/** Rows that a command tag tells of: `INSERT 0 5`, `SELECT 100`; none: 0. */
export function affectedOf(bytes: Buffer, at: number, to: number): number {
  let count = 0;
  let scale = 1;
  for (let i = to - 2; i >= at; i--) {
    const digit = bytes[i] - 48;
    if (digit < 0 || digit > 9) break;
    count += digit * scale;
    scale *= 10;
  }
  return Math.min(count, 0xffffffff);
}
