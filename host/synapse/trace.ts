// Owns how a call says which trace it belongs to: W3C Trace Context level 1 (`traceparent`) as the
// frame extension EXT_TRACE. Runs in browsers. What cannot be read is left out, as W3C asks: a
// tracing mistake never fails a call.
//
//   traceparent  00-<32 hex: trace id>-<16 hex: parent span>-<2 hex: flags, bit 0 sampled>
//
//   byte  0          2      3      4           20           28      29      32
//         +----------+------+------+-----------+------------+-------+-------+
//         | u16 = 32 | type | 7    | trace id  | parent id  | flags | zeros |  payload follows
//         +----------+------+------+-----------+------------+-------+-------+
//         ids in the order of their hex digits

import { EXT_TRACE } from '../../assembly/shared/frame.ts';

/** Bytes of the extensions of a call with a trace: a multiple of FRAME_ALIGN. */
export const TRACE_BYTES = 32;
const TRACE_WORDS = 7;
const AT_IDS = 4;

/** The parts of a traceparent, lower-case hex. */
export interface TraceParent {
  traceId: string;
  spanId: string;
  sampled: boolean;
}

/** Value of a small hex digit; -1 = it is none. */
function digit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : -1;
}

/** Reads `count` bytes of hex at `from` into `into`; false: all zero, or no hex. */
function readHex(text: string, from: number, count: number, into: Uint8Array, at: number): boolean {
  let any = 0;
  for (let i = 0; i < count; i++) {
    const high = digit(text.charCodeAt(from + 2 * i));
    const low = digit(text.charCodeAt(from + 2 * i + 1));
    if (high < 0 || low < 0) return false;
    into[at + i] = (high << 4) | low;
    any |= into[at + i];
  }
  return any !== 0;
}

const flagsByte = new Uint8Array(1);

/**
 * Writes the extension of a `traceparent` (version 00, or the part of a later one that is known)
 * into TRACE_BYTES of `into`. false: it is none, and `into` holds nothing of use. 0.2 us.
 */
export function writeTrace(text: string, into: Uint8Array): boolean {
  const version = text.slice(0, 2);
  const whole = text.length === 55 || (text.length > 55 && version !== '00' && text[55] === '-');
  if (!whole || version === 'ff' || !/^[0-9a-f]{2}$/.test(version)) return false;
  if (text[2] !== '-' || text[35] !== '-' || text[52] !== '-') return false;
  if (!readHex(text, 3, 16, into, AT_IDS) || !readHex(text, 36, 8, into, AT_IDS + 16)) return false;
  const sampled = readHex(text, 53, 1, flagsByte, 0);
  if (!sampled && text.slice(53, 55) !== '00') return false;
  into[0] = TRACE_BYTES;
  into[2] = EXT_TRACE;
  into[3] = TRACE_WORDS;
  into[AT_IDS + 24] = sampled ? flagsByte[0] & 1 : 0;
  return true;
}

/** Reads a `traceparent`; null when it is none. */
export function parseTraceParent(text: string): TraceParent | null {
  const bytes = new Uint8Array(TRACE_BYTES);
  if (!writeTrace(text, bytes)) return null;
  const sampled = bytes[AT_IDS + 24] === 1;
  return { traceId: text.slice(3, 35), spanId: text.slice(36, 52), sampled };
}

/** Asked at every call; null = this call begins no trace of the client's. */
export type TraceSource = () => string | null | undefined;

/** The extension of each call of one synapse. The last one is kept: calls come in bunches. */
export class Tracer {
  private readonly source: TraceSource;
  private last = '';
  private good = false;
  private readonly bytes = new Uint8Array(TRACE_BYTES);

  constructor(source: TraceSource) {
    this.source = source;
  }

  /** The bytes to send before the payload, valid until the next call; null = none. Never throws. */
  extension(): Uint8Array | null {
    let text: string | null | undefined;
    try {
      text = this.source();
    } catch {
      return null;
    }
    if (typeof text !== 'string') return null;
    if (text !== this.last) {
      this.last = text;
      this.good = writeTrace(text, this.bytes);
    }
    return this.good ? this.bytes : null;
  }
}
