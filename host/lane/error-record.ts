// Owns the writing of an error record {message, type: null, details: null} where no codec is at
// hand: in a lane, straight into shared memory. Layout by VALUES rules 1 to 3:
//
//   0 textStart = 32 | 4 rootSize = 24 | 8 message: offset 1, n | 16 type: 0, 0 | 24 details: 0, 0
//   32 zero byte | message, UTF-8

const FIXED = 32;
const encoder = new TextEncoder();

/** The longest message in bytes; longer ones are cut. */
export const MESSAGE_MAX = 2048;
/** Room that any record needs. */
export const RECORD_MAX = FIXED + 1 + MESSAGE_MAX;

/** The message as UTF-8, cut at MESSAGE_MAX bytes but never inside a character. */
export function messageBytes(message: string): Uint8Array {
  const bytes = encoder.encode(message);
  if (bytes.length <= MESSAGE_MAX) return bytes;
  let end = MESSAGE_MAX;
  while ((bytes[end] & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

/** Bytes of the record for `message` (as messageBytes gave it). */
export function recordBytes(message: Uint8Array): number {
  return FIXED + 1 + message.length;
}

/** Writes the record at `at`, 4-aligned. Returns its bytes; the room must be there. */
export function writeRecord(view: DataView, at: number, message: Uint8Array): number {
  const words = [FIXED, FIXED - 8, 1, message.length, 0, 0, 0, 0];
  for (const [i, word] of words.entries()) view.setUint32(at + 4 * i, word, true);
  view.setUint8(at + FIXED, 0);
  new Uint8Array(view.buffer, view.byteOffset + at + FIXED + 1).set(message);
  return recordBytes(message);
}

/** The message of a record that a cell made, at most MESSAGE_MAX bytes of it; null: malformed. */
export function readMessage(record: Uint8Array): string | null {
  if (record.length < 16) return null;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const from = view.getUint32(0, true) + view.getUint32(8, true);
  const length = view.getUint32(12, true);
  if (from > record.length || length > record.length - from) return null;
  const raw = record.slice(from, from + Math.min(length, MESSAGE_MAX));
  return new TextDecoder().decode(raw);
}
