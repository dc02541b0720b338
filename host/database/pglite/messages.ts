// Owns the frames of PostgreSQL's protocol 3.0 as the embedded server reads and writes them: cuts a
// byte stream into messages, and makes those that the server says itself. Never judges a text.
//
//   startup   u32 length | u32 version or request code | name \0 value \0 ... \0
//   message   u8 type | u32 length, itself included | body                         big-endian
//
// (PostgreSQL manual, "Message Formats")

/** Bytes of one message. Threat: memory. The largest statement that cells may make is far below. */
export const MESSAGE_BYTES = 64 << 20;
/** Bytes of a startup packet, as in PostgreSQL itself. */
export const STARTUP_BYTES = 10_000;

export const PROTOCOL = 3 << 16;
export const CANCEL = 80877102;
export const SSL = 80877103;
export const GSS = 80877104;

/** Types of messages, by the names of the manual. Those with a `B` come from the server. */
export const T = {
  ...{ bind: 0x42, close: 0x43, describe: 0x44, execute: 0x45, flush: 0x48, parse: 0x50 },
  ...{ query: 0x51, sync: 0x53, terminate: 0x58, functionCall: 0x46 },
  ...{ copyData: 0x64, copyDone: 0x63, copyFail: 0x66 },
  ...{ errorB: 0x45, parseB: 0x31, closeB: 0x33, readyB: 0x5a, commandB: 0x43 },
  ...{ statusB: 0x53, rowB: 0x44, noticeB: 0x4e },
} as const;

/** A client that does not speak the protocol. */
export class ProtocolError extends Error {}

/** Cuts what comes in. `startup` until the first packet that is no request for encryption. */
export class Incoming {
  #parts: Buffer[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
  }

  /** The next startup packet, without its length; null: not here yet. */
  startup(): Buffer | null {
    if (this.#bytes < 8) return null;
    const length = this.#whole().readUInt32BE(0);
    if (length < 8 || length > STARTUP_BYTES) throw new ProtocolError('invalid startup packet');
    return this.#take(length)?.subarray(4) ?? null;
  }

  /** The next message, whole; null: not here yet. */
  message(): Buffer | null {
    if (this.#bytes < 5) return null;
    const length = this.#head().readUInt32BE(1);
    if (length < 4 || length > MESSAGE_BYTES) throw new ProtocolError('invalid message length');
    return this.#take(length + 1);
  }

  /** At least the first five bytes: a large message is joined once, when it is complete. */
  #head(): Buffer {
    const [first] = this.#parts;
    return first !== undefined && first.length >= 5 ? first : this.#whole();
  }

  #whole(): Buffer {
    if (this.#parts.length !== 1) this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0] as Buffer;
  }

  #take(length: number): Buffer | null {
    if (this.#bytes < length) return null;
    const whole = this.#whole();
    const rest = whole.subarray(length);
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    return whole.subarray(0, length);
  }
}

/** Hands every message of `bytes` to `each`: its type, the whole of it. */
export function eachMessage(bytes: Buffer, each: (type: number, whole: Buffer) => void): void {
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    each(bytes[at] as number, bytes.subarray(at, end));
    at = end;
  }
}

/** The bytes of a message around its body. */
export function message(type: number, ...body: Buffer[]): Buffer {
  const length = body.reduce((sum, part) => sum + part.length, 4);
  const head = Buffer.alloc(5);
  head[0] = type;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, ...body]);
}

/** Text with its end. */
export const text = (value: string): Buffer => Buffer.from(`${value}\0`);

/** The text that begins at `from`, and where the next thing begins. */
export function textAt(bytes: Buffer, from: number): { value: string; next: number } {
  const end = bytes.indexOf(0, from);
  if (end < 0) throw new ProtocolError('a text without an end');
  return { value: bytes.toString('utf8', from, end), next: end + 1 };
}

export const query = (sql: string): Buffer => message(T.query, text(sql));
export const sync = (): Buffer => message(T.sync);
export const closeStatement = (name: string): Buffer =>
  message(T.close, Buffer.from('S'), text(name));

/** ReadyForQuery. Status: I idle, T in a transaction, E in one that failed. */
export const ready = (status: string): Buffer => message(T.readyB, Buffer.from(status));

/** What a server tells of an error. Fatal: the connection ends with it. */
export interface Told {
  fatal?: boolean;
  /** SQLSTATE. */
  code: string;
  message: string;
  hint?: string;
}

/** ErrorResponse. */
export function errorMessage({ fatal = false, code, message: words, hint }: Told): Buffer {
  const severity = fatal ? 'FATAL' : 'ERROR';
  const fields = [`S${severity}`, `V${severity}`, `C${code}`, `M${words}`];
  if (hint !== undefined) fields.push(`H${hint}`);
  return message(T.errorB, ...fields.map(text), Buffer.from([0]));
}

/** Fields of an ErrorResponse or NoticeResponse, by letter. */
export function errorFields(whole: Buffer): Map<string, string> {
  const fields = new Map<string, string>();
  for (let at = 5; at < whole.length && whole[at] !== 0; ) {
    const letter = String.fromCharCode(whole[at] as number);
    const { value, next } = textAt(whole, at + 1);
    fields.set(letter, value);
    at = next;
  }
  return fields;
}

/** The texts of a DataRow; null for NULL. */
export function rowTexts(whole: Buffer): (string | null)[] {
  const texts: (string | null)[] = [];
  let at = 7;
  for (let left = whole.readUInt16BE(5); left > 0; left--) {
    const length = whole.readInt32BE(at);
    at += 4;
    texts.push(length < 0 ? null : whole.toString('utf8', at, at + length));
    at += Math.max(length, 0);
  }
  return texts;
}

/** AuthenticationOk, what drivers want to know of a server, the key of cancel requests. */
export function greeting(parameters: Map<string, string>, pid: number, secret: number): Buffer {
  const key = Buffer.alloc(8);
  key.writeInt32BE(pid, 0);
  key.writeInt32BE(secret, 4);
  const told = [...parameters].map(([name, value]) => message(T.statusB, text(name), text(value)));
  return Buffer.concat([message(0x52, Buffer.alloc(4)), ...told, message(0x4b, key), ready('I')]);
}

/** NegotiateProtocolVersion: the server speaks 3.0 and none of the options. */
export function negotiate(options: string[]): Buffer {
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(0, 0);
  numbers.writeUInt32BE(options.length, 4);
  return message(0x76, numbers, ...options.map(text));
}
