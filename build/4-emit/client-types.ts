// Owns how a schema's types, names and docs look in the generated TypeScript.

import type { Type } from '../../host/schema/types.ts';

const BIG = new Set(['i64', 'u64', 'instant', 'duration']);

/** The TypeScript type of a value. */
export function typeText(type: Type): string {
  switch (type.kind) {
    case 'scalar':
      if (type.scalar === 'bool') return 'boolean';
      return BIG.has(type.scalar) ? 'bigint' : 'number';
    case 'bytes':
      return 'Uint8Array';
    case 'enum':
    case 'record':
      return type.name;
    case 'list':
      return type.of.kind === 'nullable' ? `(${typeText(type.of)})[]` : `${typeText(type.of)}[]`;
    case 'map':
      return `Map<${typeText(type.key)}, ${typeText(type.value)}>`;
    case 'nullable':
      return `${typeText(type.of)} | null`;
    default:
      return 'string';
  }
}

/** A doc comment, or nothing. */
export function doc(text: string | undefined, indent: string): string[] {
  if (text === undefined || text.trim() === '') return [];
  const lines = text
    .replaceAll('*/', '* /')
    .trim()
    .split('\n')
    .map((line) => line.trimEnd());
  if (lines.length === 1) return [`${indent}/** ${lines[0]} */`];
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`];
}

/** A string literal. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}
