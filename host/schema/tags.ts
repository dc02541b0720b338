// Owns which types a tag's parameters may have (`account:{id}`), and how the kernel reads each from
// an argument record (STEP_* of assembly/shared/layout.ts). Types that have no one text (floats,
// bytes, lists, records) are none: build and host ask here.

import {
  FIELD_NULLABLE,
  STEP_BOOL,
  STEP_I8,
  STEP_I16,
  STEP_I32,
  STEP_I64,
  STEP_STRING,
  STEP_U8,
  STEP_U16,
  STEP_U32,
  STEP_U64,
  STEP_UUID,
} from '../../assembly/shared/layout.ts';
import type { Scalar, Type } from './types.ts';

const SCALAR_STEPS: Record<Scalar, number | null> = {
  bool: STEP_BOOL,
  i8: STEP_I8,
  u8: STEP_U8,
  i16: STEP_I16,
  u16: STEP_U16,
  i32: STEP_I32,
  u32: STEP_U32,
  i64: STEP_I64,
  u64: STEP_U64,
  instant: STEP_I64,
  duration: STEP_I64,
  f32: null,
  f64: null,
};

/** STEP_* | FIELD_NULLABLE of a type inside an argument record; null: it has no text for a tag. */
export function tagStep(type: Type): number | null {
  switch (type.kind) {
    case 'scalar':
      return SCALAR_STEPS[type.scalar];
    case 'enum':
      return STEP_U32;
    case 'string':
    case 'decimal':
      return STEP_STRING;
    case 'uuid':
      return STEP_UUID;
    case 'nullable': {
      const step = type.of.kind === 'nullable' ? null : tagStep(type.of);
      return step === null ? null : step | FIELD_NULLABLE;
    }
    default:
      return null;
  }
}

/** Whether a parameter of this type may stand in a tag. */
export function tagParameter(type: Type): boolean {
  return tagStep(type) !== null;
}
