// Owns the check, the writing and the reading of one scalar, and the ranges of the integers.
// Used by the interpreting codec and by JSON; generated codecs inline the same rules.

import type { Scalar } from './types.ts';

/** Smallest and largest value of each integer that TypeScript holds as a number. */
export const NUMBER_RANGE: Partial<Record<Scalar, readonly [number, number]>> = {
  i8: [-0x80, 0x7f],
  u8: [0, 0xff],
  i16: [-0x8000, 0x7fff],
  u16: [0, 0xffff],
  i32: [-0x80000000, 0x7fffffff],
  u32: [0, 0xffffffff],
};

const I64 = [-(1n << 63n), (1n << 63n) - 1n] as const;

/** Smallest and largest value of each integer that TypeScript holds as a bigint. */
export const BIGINT_RANGE: Partial<Record<Scalar, readonly [bigint, bigint]>> = {
  i64: I64,
  u64: [0n, (1n << 64n) - 1n],
  instant: I64,
  duration: I64,
};

/** True when `value` can be written as `scalar` without losing anything (f32 rounds). */
export function isScalar(scalar: Scalar, value: unknown): boolean {
  if (scalar === 'bool') return typeof value === 'boolean';
  if (scalar === 'f32' || scalar === 'f64') return typeof value === 'number';
  const range = NUMBER_RANGE[scalar];
  if (range !== undefined) {
    return (
      Number.isInteger(value) && (value as number) >= range[0] && (value as number) <= range[1]
    );
  }
  const [low, high] = BIGINT_RANGE[scalar]!;
  return typeof value === 'bigint' && value >= low && value <= high;
}

/** Writes a checked scalar at `at`, little-endian. NaN has one form (VALUES rule 8). */
export function writeScalar(view: DataView, at: number, scalar: Scalar, value: unknown): void {
  const n = value as number;
  switch (scalar) {
    case 'bool':
      return view.setUint8(at, value === true ? 1 : 0);
    case 'i8':
      return view.setInt8(at, n);
    case 'u8':
      return view.setUint8(at, n);
    case 'i16':
      return view.setInt16(at, n, true);
    case 'u16':
      return view.setUint16(at, n, true);
    case 'i32':
      return view.setInt32(at, n, true);
    case 'u32':
      return view.setUint32(at, n, true);
    case 'f32':
      return n !== n ? view.setUint32(at, 0x7fc00000, true) : view.setFloat32(at, n, true);
    case 'f64':
      view.setFloat64(at, n, true);
      if (n !== n) view.setBigUint64(at, 0x7ff8000000000000n, true);
      return;
    case 'u64':
      return view.setBigUint64(at, value as bigint, true);
    default:
      return view.setBigInt64(at, value as bigint, true);
  }
}

/** Reads a scalar. RangeError for a bool that is neither 0 nor 1. */
export function readScalar(view: DataView, at: number, scalar: Scalar): boolean | number | bigint {
  switch (scalar) {
    case 'bool': {
      const byte = view.getUint8(at);
      if (byte > 1) throw new RangeError(`a bool is ${byte}`);
      return byte === 1;
    }
    case 'i8':
      return view.getInt8(at);
    case 'u8':
      return view.getUint8(at);
    case 'i16':
      return view.getInt16(at, true);
    case 'u16':
      return view.getUint16(at, true);
    case 'i32':
      return view.getInt32(at, true);
    case 'u32':
      return view.getUint32(at, true);
    case 'f32':
      return view.getFloat32(at, true);
    case 'f64':
      return view.getFloat64(at, true);
    case 'u64':
      return view.getBigUint64(at, true);
    default:
      return view.getBigInt64(at, true);
  }
}
