// Owns data in words: the database and statements of a service, and the fields that outlive it, a
// line each, as `cell expand` and `cell inspect` show them.
import type { PersistedField, SqlManifest, SqlStatement, SqlValue } from '../host/schema/types.ts';
import type { Placed } from './3-negotiate/contract.ts';
import { excerptOf } from './4-emit/contributed-text.ts';

/** One line without what moves a terminal's cursor: modules are anybody's. */
const plain = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, ' ').trim();

/** "postgres, default, schema directory, migration 2, reads public.orders" */
export function databaseText({ engine, target, schema, migration, reads }: SqlManifest): string {
  const tables = migration.number === 0 ? 'no migration' : `migration ${migration.number}`;
  const more = reads.length === 0 ? '' : `, reads ${reads.join(', ')}`;
  return plain(`${engine}, ${target}, schema ${schema}, ${tables}${more}`);
}

/** Of each statement: id, `reads` or `writes`, text, `(text, int8) -> id text`. */
export function statementRows({ statements }: SqlManifest): string[][] {
  return statements.map((one) => [
    String(one.id),
    one.writes ? 'writes' : 'reads',
    plain(one.text),
    plain(typesText(one)),
  ]);
}

function typesText({ params, columns }: SqlStatement): string {
  const taken = params.length === 0 ? '' : `(${params.map(valueText).join(', ')})`;
  const given = columns.map((column) => `${column.name} ${valueText(column)}`).join(', ');
  return [taken, given === '' ? '' : `-> ${given}`].filter((part) => part !== '').join(' ');
}

const valueText = ({ type, encrypted }: SqlValue): string =>
  encrypted === undefined ? type : `${type} encrypted`;

/** Of each field that is stored: name, type. */
export function persistedRows(fields: readonly PersistedField[]): string[][] {
  return fields.map(({ field, canonical, key }) => [
    plain(field),
    plain(key === undefined ? canonical : `{${key}:${canonical}}, by key`),
  ]);
}

/** A contribution of data in words; '' for others. */
export function dataText({ kind, name, text, type, values }: Placed): string {
  if (kind === 'statement') return excerptOf(text);
  if (kind === 'database') return `${values[0]}, ${text}, schema ${name}`;
  if (kind === 'codec') return `${name}: ${type}`;
  return '';
}
