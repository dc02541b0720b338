// Owns how a schema's types look in AssemblyScript, and what the emitters of the guest's codec need
// to know of each other.

import { type Layout, layoutOf, recordNamed } from '../../host/schema/layout.ts';
import type { Schema, Type } from '../../host/schema/types.ts';

/** Where the functions of a guest codec come from. */
export interface GuestFunctions {
  readonly schema: Schema;
  /** Values can nest without end: records are counted. */
  readonly counted: boolean;
  reader(type: Type): string;
  writer(type: Type): string;
  measurer(type: Type): string;
  member(name: string): string;
}

const NAMED: Partial<Record<Type['kind'], string>> = {
  string: 'string',
  bytes: 'Uint8Array',
  uuid: '_Uuid',
  decimal: '_Decimal',
};

/** The AssemblyScript type of a value. Error for a nullable number, which the language lacks. */
export function guestType(type: Type): string {
  switch (type.kind) {
    case 'scalar':
      if (type.scalar === 'instant') return '_Instant';
      return type.scalar === 'duration' ? '_Duration' : type.scalar;
    case 'enum':
    case 'record':
      return type.name;
    case 'list':
      return `Array<${guestType(type.of)}>`;
    case 'map':
      return `Map<${guestType(type.key)}, ${guestType(type.value)}>`;
    case 'nullable':
      if (isNumber(type.of))
        throw new Error(`AssemblyScript has no nullable ${guestType(type.of)}`);
      return `${guestType(type.of)} | null`;
    default:
      return NAMED[type.kind]!;
  }
}

/** True for types that are plain numbers in AssemblyScript. Instant and Duration are classes. */
export function isNumber(type: Type): boolean {
  if (type.kind === 'enum') return true;
  return type.kind === 'scalar' && type.scalar !== 'instant' && type.scalar !== 'duration';
}

/** A record of the schema, laid out. */
export function guestLayout(names: GuestFunctions, record: string): Layout {
  return layoutOf(recordNamed(names.schema, record).fields);
}

/** A place: `p`, or `p + 8`. */
export const place = (p: string, offset: number): string => (offset === 0 ? p : `${p} + ${offset}`);

/** The rest of a load or store at `p + offset`: its immediate offset. */
export const behind = (offset: number): string => (offset === 0 ? '' : `, ${offset}`);
