// Owns what the client says and hears beside calls: HELLO out, WELCOME and errors in. The shapes
// themselves are host/session/wire.ts, one definition for both ends.

import { PROTOCOL_VERSION } from '../../assembly/shared/frame.ts';
import { HELLO_BYTES, HELLO_METHODS } from '../../assembly/shared/limits.ts';
import { INVALID_ARGUMENT, UNKNOWN } from '../../assembly/shared/status.ts';
import { decodeError, decodeWelcome, helloFrame, type Welcome } from '../session/wire.ts';
import type { MethodRef } from './contract.ts';
import { CellError, statusName } from './error.ts';
import { reasonText } from './reasons.ts';

/** Bytes of a HELLO beside its agent, token and methods: header, root record, areas. */
const HELLO_FIXED = 128;
/** Bytes of one method beside its name and text: the record and two terminators to be safe. */
const METHOD_FIXED = 32;

const utf8 = new TextEncoder();
const bytesOf = (text: string): number => utf8.encode(text).length;

/**
 * Splits methods into HELLOs that the host accepts (HELLO_BYTES, HELLO_METHODS). `alone`: methods
 * whose text is too long for any HELLO. INVALID_ARGUMENT when the token leaves no room.
 */
export function splitHello(
  methods: MethodRef[],
  asked: number[],
  withText: boolean,
  agent: string,
  token: string | null,
): { parts: number[][]; alone: number[] } {
  const fixed = HELLO_FIXED + bytesOf(agent) + (token === null ? 0 : bytesOf(token));
  const parts: number[][] = [];
  const alone: number[] = [];
  if (fixed > HELLO_BYTES) {
    const text = `the token is too long: HELLO may have ${HELLO_BYTES} bytes`;
    throw new CellError(INVALID_ARGUMENT, text, { unsent: true });
  }
  let part: number[] = [];
  let size = fixed;
  for (const method of asked) {
    const { name, text } = methods[method];
    const need = METHOD_FIXED + bytesOf(name) + (withText ? bytesOf(text) : 0);
    if (fixed + need > HELLO_BYTES) {
      alone.push(method);
      continue;
    }
    if (size + need > HELLO_BYTES || part.length === HELLO_METHODS) {
      parts.push(part);
      part = [];
      size = fixed;
    }
    part.push(method);
    size += need;
  }
  if (part.length > 0 || parts.length === 0) parts.push(part);
  return { parts, alone };
}

/** One HELLO frame, padded. It is a message of its own. */
export function writeHello(
  id: number,
  agent: string,
  token: string | null,
  methods: MethodRef[],
  withText: boolean,
): Uint8Array {
  const asked = methods.map(({ name, fingerprint, text }) => {
    return { name, fingerprint, text: withText ? text : null };
  });
  return helloFrame(id, { version: PROTOCOL_VERSION, agent, token, methods: asked });
}

/** Reads WELCOME. RangeError when it is malformed or of another protocol version. */
export function readWelcome(payload: Uint8Array): Welcome {
  const welcome = decodeWelcome(payload);
  if (welcome.version !== PROTOCOL_VERSION) {
    const ours = `this client speaks version ${PROTOCOL_VERSION}`;
    throw new RangeError(`the host speaks version ${welcome.version} of the protocol, ${ours}`);
  }
  return welcome;
}

/**
 * An ERROR frame as an error. `method`: null when it answers no call; `what` says so. Never
 * throws.
 */
export function readError(
  code: number,
  retryAfterMs: number,
  payload: Uint8Array,
  method: string | null,
  what: string = method ?? 'the host',
): CellError {
  const status = code & 0xff;
  const reason = code >> 8;
  const parts = { method: method ?? undefined, reason, retryAfterMs };
  if (reason !== 0) {
    const { text, fix } = reasonText(reason);
    return new CellError(status, `${what}: ${text}; ${fix}`, parts);
  }
  try {
    const { message, type, details } = decodeError(payload);
    const words = message === '' ? statusName(status) : message;
    const text = method === null ? `${what}: ${words}` : words;
    return new CellError(status, text, { ...parts, type, details });
  } catch (cause) {
    const text = `${what}: ${statusName(status)}, and its message is malformed`;
    return new CellError(status || UNKNOWN, text, { ...parts, cause });
  }
}
