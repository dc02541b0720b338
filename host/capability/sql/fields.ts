// Owns the reading of fields: `i32 length (-1 = null), bytes`, one after the other, little-endian.
// What is read here came from a guest and may lie about every length.

/** How many fields [at, at + length) of `bytes` holds, or -1 when they do not end there. */
export function countFields(bytes: Uint8Array, at: number, length: number): number {
  const end = at + length;
  let count = 0;
  while (at < end) {
    if (end - at < 4) return -1;
    const size = sizeAt(bytes, at);
    at += 4;
    count++;
    if (size === -1) continue;
    if (size < 0 || size > end - at) return -1;
    at += size;
  }
  return count;
}

/** The length of the field at `at`: -1 = null. */
export function sizeAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** The place (0, 1 ...) of the first field that has a zero byte; -1: none has. */
export function fieldWithNul(bytes: Uint8Array, at: number, length: number): number {
  const end = at + length;
  for (let field = 0; at < end; field++) {
    const size = sizeAt(bytes, at);
    at += 4;
    if (size <= 0) continue;
    if (hasNul(bytes, at, at + size)) return field;
    at += size;
  }
  return -1;
}

function hasNul(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from > 64) return bytes.subarray(from, to).includes(0);
  for (let i = from; i < to; i++) if (bytes[i] === 0) return true;
  return false;
}

/** The fields as text; null where they are. */
export function readFields(bytes: Uint8Array, at: number, length: number): (string | null)[] {
  const end = at + length;
  const fields: (string | null)[] = [];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  while (at < end) {
    const size = sizeAt(bytes, at);
    at += 4;
    fields.push(size < 0 ? null : buffer.toString('utf8', at, at + size));
    at += Math.max(0, size);
  }
  return fields;
}

/** Fields of these texts. */
export function writeFields(values: readonly (string | Uint8Array | null)[]): Uint8Array {
  const parts = values.flatMap((value) => {
    const head = Buffer.alloc(4);
    const body = value === null ? null : typeof value === 'string' ? Buffer.from(value) : value;
    head.writeInt32LE(body?.length ?? -1);
    return body === null ? [head] : [head, body];
  });
  return Buffer.concat(parts);
}
