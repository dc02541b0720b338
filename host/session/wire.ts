// Owns the shapes of HELLO, WELCOME and the error record, and whole frames that carry them. The
// kernel makes every other frame; nothing here runs per call.

import {
  AT_CALL,
  AT_EXTRA,
  AT_FLAGS,
  AT_KIND,
  AT_LENGTH,
  AT_ROUTE,
  FRAME_ALIGN,
  HEADER_BYTES,
  KIND_ERROR,
  KIND_HELLO,
  KIND_WELCOME,
} from '../../assembly/shared/frame.ts';
import { HELLO_METHODS } from '../../assembly/shared/limits.ts';
import { decodeRecord, encodeRecord, NO_TYPES } from '../schema/dynamic.ts';
import type { Field, Scalar, Type } from '../schema/types.ts';

const string: Type = { kind: 'string' };
const scalar = (name: Scalar): Type => ({ kind: 'scalar', scalar: name });
const nullable = (of: Type): Type => ({ kind: 'nullable', of });
const listOf = (name: string): Type => ({ kind: 'list', of: { kind: 'record', name } });

const TYPES = {
  enums: [],
  records: [
    {
      name: 'HelloMethod',
      fields: [
        { name: 'name', type: string },
        { name: 'fingerprint', type: scalar('u64') },
        { name: 'text', type: nullable(string) },
      ],
    },
    {
      name: 'WelcomeMethod',
      fields: [
        { name: 'route', type: scalar('u32') },
        { name: 'verdict', type: scalar('u32') },
        { name: 'why', type: nullable(string) },
      ],
    },
  ],
};

const HELLO: Field[] = [
  { name: 'version', type: scalar('u32') },
  { name: 'agent', type: string },
  { name: 'token', type: nullable(string) },
  { name: 'methods', type: listOf('HelloMethod') },
];

const WELCOME: Field[] = [
  { name: 'version', type: scalar('u32') },
  { name: 'subject', type: string },
  { name: 'expires', type: nullable(scalar('instant')) },
  { name: 'messageBytes', type: scalar('u32') },
  { name: 'creditBytes', type: scalar('u32') },
  { name: 'methods', type: listOf('WelcomeMethod') },
];

const ERROR: Field[] = [
  { name: 'message', type: string },
  { name: 'type', type: nullable(string) },
  { name: 'details', type: nullable({ kind: 'bytes' }) },
];

export interface HelloMethod {
  name: string;
  fingerprint: bigint;
  text: string | null;
}
export interface Hello {
  version: number;
  agent: string;
  token: string | null;
  methods: HelloMethod[];
}

export const VERDICT_OK = 0;
export const VERDICT_UNKNOWN = 1;
export const VERDICT_TEXT = 2;
export const VERDICT_INCOMPATIBLE = 3;
/** To callers without a token, of every method that is not public, there or not. */
export const VERDICT_TOKEN = 4;

export interface WelcomeMethod {
  route: number;
  verdict: number;
  why: string | null;
}
export interface Welcome {
  version: number;
  subject: string;
  /** Unix microseconds; null for anonymous sessions. */
  expires: bigint | null;
  messageBytes: number;
  creditBytes: number;
  methods: WelcomeMethod[];
}

export interface ErrorRecord {
  message: string;
  type: string | null;
  details: Uint8Array | null;
}

/** A HELLO that cannot be read. `message` may be told to whoever sent it. */
export class HelloError extends Error {
  override name = 'HelloError';
}

/** One whole frame: header, payload, zero padding. `extra` is AT_EXTRA. */
export function frame(
  kind: number,
  call: number,
  word: number,
  extra: number,
  payload: Uint8Array,
): Uint8Array {
  const size = Math.ceil((HEADER_BYTES + payload.length) / FRAME_ALIGN) * FRAME_ALIGN;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(AT_LENGTH, payload.length, true);
  view.setUint8(AT_KIND, kind);
  view.setUint16(AT_ROUTE, word, true);
  view.setUint32(AT_CALL, call, true);
  view.setUint32(AT_EXTRA, extra, true);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** An ERROR frame with an error record. `extra`: retry after, ms; in a farewell the close code. */
export function errorFrame(call: number, status: number, message: string, extra = 0): Uint8Array {
  const record = encodeRecord(NO_TYPES, ERROR, { message, type: null, details: null });
  return frame(KIND_ERROR, call, status, extra, record);
}

/** The error record of an ERROR whose reason is 0. RangeError when malformed. */
export function decodeError(payload: Uint8Array): ErrorRecord {
  return decodeRecord<ErrorRecord>(NO_TYPES, ERROR, payload);
}

/** A whole HELLO. TypeError naming the field that does not fit. */
export function helloFrame(call: number, hello: Hello): Uint8Array {
  return frame(KIND_HELLO, call, 0, 0, encodeRecord(TYPES, HELLO, { ...hello }));
}

/** A whole WELCOME with the call id of its HELLO. */
export function welcomeFrame(call: number, welcome: Welcome): Uint8Array {
  return frame(KIND_WELCOME, call, 0, 0, encodeRecord(TYPES, WELCOME, { ...welcome }));
}

/** The payload of a WELCOME. RangeError when malformed. */
export function decodeWelcome(payload: Uint8Array): Welcome {
  return decodeRecord<Welcome>(TYPES, WELCOME, payload);
}

/** Header of the frame that `bytes` begins with. Needs HEADER_BYTES bytes. */
export function frameHeader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    length: view.getUint32(AT_LENGTH, true),
    kind: view.getUint8(AT_KIND),
    flags: view.getUint8(AT_FLAGS),
    word: view.getUint16(AT_ROUTE, true),
    call: view.getUint32(AT_CALL, true),
    extra: view.getUint32(AT_EXTRA, true),
  };
}

/**
 * Reads a message that must be exactly one HELLO frame. HelloError says what is wrong; nothing is
 * read outside `bytes`, and the result owns its memory.
 */
export function readHello(bytes: Uint8Array): { call: number; hello: Hello } {
  if (bytes.length < HEADER_BYTES)
    throw new HelloError('the first message is shorter than a frame');
  const { length, kind, flags, word, call, extra } = frameHeader(bytes);
  if (kind !== KIND_HELLO) throw new HelloError('the first message must be HELLO');
  const size = Math.ceil((HEADER_BYTES + length) / FRAME_ALIGN) * FRAME_ALIGN;
  if (size !== bytes.length) throw new HelloError('HELLO must be one whole frame and stand alone');
  if (flags !== 0 || word !== 0 || extra !== 0) throw new HelloError('HELLO has unknown flags');
  if (bytes.subarray(HEADER_BYTES + length).some((byte) => byte !== 0)) {
    throw new HelloError('HELLO is padded with something else than zeros');
  }
  let hello: Hello;
  try {
    hello = decodeRecord<Hello>(TYPES, HELLO, bytes.slice(HEADER_BYTES, HEADER_BYTES + length));
  } catch (error) {
    if (error instanceof RangeError) throw new HelloError(`HELLO is malformed: ${error.message}`);
    throw error;
  }
  if (hello.methods.length > HELLO_METHODS) {
    throw new HelloError(`HELLO may name at most ${HELLO_METHODS} methods`);
  }
  return { call, hello };
}
