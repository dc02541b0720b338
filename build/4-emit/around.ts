// Owns what may stand around a method: which declarations have a place for it, what a wrap's text
// has to do, what a message can show. Judges single things; gathering is gatherer.ts.
import type { ClassShape, MethodShape } from '../1-read/shapes.ts';

/** Names by which a wrap's text calls what it stands around, answers for it, or ends the call. */
export const ANSWERING = new Set(
  '$proceed $attempt result fail throw return abort unreachable'.split(' '),
);
export const SILENT =
  'its text neither calls what it stands around ($proceed, $attempt) nor sets `result` nor fails';

export const PROCEED =
  'write `$proceed;` in the text of the wrap, where the method is to run; when the cell is not ' +
  'yours, tell its authors';

/** What helps where a contribution has no place. */
export const MOVE = 'move the decorator to a declaration that it is made for, or remove it';

/** Why nothing can stand around a method; null: it can. */
export function oddity(method: MethodShape, owner: ClassShape): string | null {
  if (method.form !== 'method') return 'it stands on no plain method';
  if (method.body === null) return `\`${method.name}\` has no body`;
  if (method.typeParameters !== null) return `\`${method.name}\` has type parameters`;
  if (owner.typeParameters !== null) return `\`${owner.name}\` has type parameters`;
  return null;
}

/** Values that a message can show. */
const TEXTS = new Set(
  'bool boolean i8 u8 i16 u16 i32 u32 i64 u64 f32 f64 string Uuid Decimal'.split(' '),
);
export const HOLE = /\{([A-Za-z_$][\w$]*)\}/g;

/** The first hole of a message that no parameter fills; null: there is none. */
export function unknownHole(message: string, method: MethodShape): string | null {
  for (const [, name] of message.matchAll(HOLE)) {
    const type = method.params.find((p) => p.name === name)?.type;
    if (type?.kind !== 'name' || type.nullable || !TEXTS.has(type.name)) return name;
  }
  return null;
}
