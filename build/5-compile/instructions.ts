// Owns the shape of wasm instructions: how long each is, so that calls can be found in a body.
// Knows what asc emits (MVP, sign extension, bulk memory, saturating conversions, SIMD, threads);
// anything else is an error, upon which the caller must assume the worst.
import type { ByteReader } from './module-bytes.ts';

export type Call = { kind: 'call'; target: number } | { kind: 'indirect'; type: number };

/**
 * The calls of one function body; `reader` stands behind its locals. Throws on an unknown opcode.
 */
export function callsIn(reader: ByteReader): Call[] {
  const calls: Call[] = [];
  while (!reader.done) {
    const op = reader.byte();
    if (op === 0x10 || op === 0x12) {
      calls.push({ kind: 'call', target: reader.leb() });
    } else if (op === 0x11 || op === 0x13) {
      calls.push({ kind: 'indirect', type: reader.leb() });
      reader.leb();
    } else {
      skip(op, reader);
    }
  }
  return calls;
}

/** Immediates by opcode: l = LEB, b = byte, 4 and 8 = bytes, m = memory argument. */
function skip(op: number, reader: ByteReader): void {
  if (op >= 0x45 && op <= 0xc4) return;
  if (op >= 0x28 && op <= 0x3e) return memoryArgument(reader);
  if (op >= 0x20 && op <= 0x26) return void reader.leb();
  switch (op) {
    case 0x00:
    case 0x01:
    case 0x05:
    case 0x0b:
    case 0x0f:
    case 0x1a:
    case 0x1b:
    case 0xd1:
      return;
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x0c:
    case 0x0d:
    case 0x3f:
    case 0x40:
    case 0x41:
    case 0x42:
    case 0xd0:
    case 0xd2:
      return void reader.leb();
    case 0x43:
      return reader.skip(4);
    case 0x44:
      return reader.skip(8);
    case 0x0e:
    case 0x1c: {
      const extra = op === 0x0e ? 1 : 0;
      for (let n = reader.leb() + extra; n > 0; n--) reader.leb();
      return;
    }
    case 0xfc:
      return skipMisc(reader.leb(), reader);
    case 0xfd:
      return skipVector(reader.leb(), reader);
    case 0xfe:
      return skipAtomic(reader.leb(), reader);
    default:
      throw new RangeError(`unknown opcode 0x${op.toString(16)}`);
  }
}

function memoryArgument(reader: ByteReader): void {
  // Bit 6 of the alignment: a memory index follows.
  if (reader.leb() & 64) reader.leb();
  reader.leb();
}

function skipMisc(op: number, reader: ByteReader): void {
  if (op <= 7) return;
  const lebs: Record<number, number> = {
    8: 2,
    9: 1,
    10: 2,
    11: 1,
    12: 2,
    13: 1,
    14: 2,
    15: 1,
    16: 1,
    17: 1,
  };
  if (!(op in lebs)) throw new RangeError(`unknown opcode 0xfc ${op}`);
  for (let n = lebs[op]; n > 0; n--) reader.leb();
}

function skipVector(op: number, reader: ByteReader): void {
  if (op <= 11 || op === 92 || op === 93) return memoryArgument(reader);
  if (op === 12 || op === 13) return reader.skip(16);
  if (op >= 21 && op <= 34) return reader.skip(1);
  if (op >= 84 && op <= 91) {
    memoryArgument(reader);
    return reader.skip(1);
  }
  if (op > 275) throw new RangeError(`unknown opcode 0xfd ${op}`);
}

function skipAtomic(op: number, reader: ByteReader): void {
  if (op === 3) return reader.skip(1);
  if (op > 78) throw new RangeError(`unknown opcode 0xfe ${op}`);
  memoryArgument(reader);
}
