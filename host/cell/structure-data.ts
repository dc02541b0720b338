// Owns the structural check of what a manifest says of data: the statements of `sql` and the fields
// of `persisted`. A cell names a statement by its id, and a host prepares what the manifest has for
// it, so an id that is not its text's is refused here. Reads no SQL: host/capability/sql does.
import {
  PERSISTED_FIELDS,
  SQL_READS,
  SQL_SCHEMA,
  SQL_TARGET,
  STATEMENT_CHARS,
  STATEMENT_COLUMNS,
  STATEMENT_PARAMS,
  STATEMENTS,
} from '../schema/sql-limits.ts';
import { statementId } from '../schema/statement-id.ts';
import { bad, flag, integer, list, name, object, text } from './parts.ts';

const TABLE = /^[^.\s]{1,63}\.[^.\s]{1,63}$/;
/** Characters of a canonical text: those of a method's. */
const CANONICAL = 65_536;

/** Checks `$.sql`. Throws ModuleError with a path. */
export function checkSql(value: unknown): void {
  const sql = object(value, '$.sql');
  if (sql.engine !== 'postgres' && sql.engine !== 'sqlite') {
    bad('$.sql.engine', 'postgres or sqlite');
  }
  const target = text(sql.target, '$.sql.target', 600);
  if (!SQL_TARGET.test(target)) bad('$.sql.target', 'default, env:NAME or file:path');
  if ((sql.engine === 'sqlite') !== target.startsWith('file:')) {
    bad('$.sql.target', 'a file of sqlite, or a server of postgres');
  }
  if (!SQL_SCHEMA.test(text(sql.schema, '$.sql.schema', 64))) {
    bad('$.sql.schema', 'a name of a schema');
  }
  for (const [i, entry] of list(sql.reads, '$.sql.reads', SQL_READS).entries()) {
    const path = `$.sql.reads[${i}]`;
    if (!TABLE.test(text(entry, path, 128))) bad(path, 'a table with its schema');
  }
  const migration = object(sql.migration, '$.sql.migration');
  integer(migration.number, '$.sql.migration.number', 0, 999_999_999);
  text(migration.hash, '$.sql.migration.hash', 128);
  let before = -1;
  for (const [i, entry] of list(sql.statements, '$.sql.statements', STATEMENTS).entries()) {
    const id = checkStatement(entry, `$.sql.statements[${i}]`);
    if (id <= before) bad(`$.sql.statements[${i}].id`, 'ids in ascending order');
    before = id;
  }
}

function checkStatement(value: unknown, path: string): number {
  const statement = object(value, path);
  const said = text(statement.text, `${path}.text`, STATEMENT_CHARS);
  const sound = said.trim() !== '' && !said.includes('\0') && said.isWellFormed();
  if (!sound) bad(`${path}.text`, 'a statement in Unicode without NUL');
  const id = integer(statement.id, `${path}.id`, 0, 0xffffffff);
  if (id !== statementId(said)) bad(`${path}.id`, `${statementId(said)}, the id of its text`);
  flag(statement.writes, `${path}.writes`);
  for (const [i, entry] of list(statement.params, `${path}.params`, STATEMENT_PARAMS).entries()) {
    checkValue(object(entry, `${path}.params[${i}]`), `${path}.params[${i}]`);
  }
  const columns = list(statement.columns, `${path}.columns`, STATEMENT_COLUMNS);
  for (const [i, entry] of columns.entries()) {
    const column = object(entry, `${path}.columns[${i}]`);
    text(column.name, `${path}.columns[${i}].name`, 256);
    checkValue(column, `${path}.columns[${i}]`);
  }
  return id;
}

function checkValue(value: Record<string, unknown>, path: string): void {
  if (text(value.type, `${path}.type`, 128) === '') bad(`${path}.type`, 'a type');
  if (value.encrypted === undefined) return;
  if (text(value.encrypted, `${path}.encrypted`, 256) === '') {
    bad(`${path}.encrypted`, 'schema.table.column');
  }
}

/** Checks `$.persisted`. Throws ModuleError with a path. */
export function checkPersisted(value: unknown): void {
  const seen = new Set<string>();
  for (const [i, entry] of list(value, '$.persisted', PERSISTED_FIELDS).entries()) {
    const path = `$.persisted[${i}]`;
    const field = object(entry, path);
    const own = name(field.field, `${path}.field`);
    if (seen.has(own)) bad(`${path}.field`, `a name of its own, not \`${own}\` again`);
    seen.add(own);
    if (field.kind !== 'map' && field.kind !== 'value') bad(`${path}.kind`, 'map or value');
    text(field.canonical, `${path}.canonical`, CANONICAL);
    if ((field.kind === 'map') !== (field.key !== undefined))
      bad(`${path}.key`, 'the key of a map');
    if (field.key !== undefined) text(field.key, `${path}.key`, CANONICAL);
  }
}
