// Owns DESCRIBE on PostgreSQL: what each text would do in a database that has just the tables of a
// model. They are made in a schema of their own, inside a transaction that is rolled back, so that
// nothing of the user's is locked or seen; the server types and judges the texts, libpg-query says
// where things stand in them, and nullable columns come of both.
import { randomBytes } from 'node:crypto';
import { nearest } from '../../../host/schema/nearest.ts';
import { adminError } from '../../database/admin.ts';
import type { Connection, DatabaseError } from '../../database/connection.ts';
import { quoted } from '../../database/roles.ts';
import { judge as judgeReach } from '../sql/judge.ts';
import { type Relations, readRelations, readTypes } from './catalogue.ts';
import type { Described, DescribedParameter, DescribedText, Refused } from './contract.ts';
import { DESCRIBE_CHARS } from './contract.ts';
import { type Outline, outlineOf } from './outline.ts';
import { type Output, outputsOf } from './outputs.ts';
import { type Probed, probe } from './probe.ts';
import { loadParser, refused, Syntax } from './syntax.ts';

/** A text on its way through. */
interface Asked {
  syntax: Syntax;
  outline: Outline | null;
}

/**
 * Describes `texts` as those of `schema`, whose tables `ddl` makes. The connection is in a
 * transaction that the caller rolls back. Rejects with AdminError when the tables cannot be made.
 */
export async function describePostgres(
  connection: Connection,
  schema: string,
  ddl: string,
  texts: readonly string[],
): Promise<Described[]> {
  await loadParser();
  const scratch = `cell_scratch_${randomBytes(8).toString('hex')}`;
  await makeScratch(connection, scratch, ddl);
  const asked = texts.map((text): Asked => {
    const syntax = new Syntax(text);
    const { statement } = syntax;
    return { syntax, outline: statement === null ? null : outlineOf(statement) };
  });
  const named = asked.flatMap(({ outline }) => outline?.tables ?? []);
  const relations = await readRelations(connection, { schema, scratch }, named);
  const judged = asked.map((one) => judge(one));
  const open = asked.filter((_, i) => judged[i] === null);
  const probed = await probe(
    connection,
    open.map(({ syntax }) => unqualified(syntax, schema)),
  );
  const types = await readTypes(connection, probed);
  const answers = open.map((one, i) => {
    const said = probed[i] as Probed;
    if (!said.ok) return explain(one.syntax, said.error, relations);
    const described = compose(one, said, relations, types);
    return described.ok ? (beyond(one.syntax, described, schema) ?? described) : described;
  });
  return judged.map((wrong) => wrong ?? (answers.shift() as Described));
}

/** What a host will refuse to serve is told while the cell is built. */
function beyond(
  { text, tokens }: Syntax,
  { tables }: DescribedText,
  schema: string,
): Refused | null {
  const { fault } = judgeReach(text, { schema, reads: tables.map(({ name }) => name) });
  if (fault === null) return null;
  const [, name] = /`(?:[^`]*\.)?([^`.]+)`/.exec(fault) ?? [];
  const token = tokens.find((one) => one.text.toLowerCase() === name);
  const place = { offset: token?.start ?? -1, length: token ? token.end - token.start : 0 };
  return refused(fault, '42501', place);
}

/** One message: a server may be far away. */
async function makeScratch(connection: Connection, scratch: string, ddl: string): Promise<void> {
  const schema = quoted(scratch);
  const path = `set local search_path = ${schema}, pg_temp`;
  try {
    await connection.run(`create schema ${schema}; ${path};\n${ddl}`);
  } catch (error) {
    throw adminError(error, 'making the tables of this source');
  }
}

function judge({ syntax }: Asked): Refused | null {
  const { text } = syntax;
  if (text.length > DESCRIBE_CHARS) {
    return refused(`a statement has no more than ${DESCRIBE_CHARS} characters`, '54000');
  }
  const nul = text.indexOf('\0');
  if (nul >= 0) {
    return refused('PostgreSQL takes no character U+0000', '22021', { offset: nul, length: 1 });
  }
  return syntax.wrong;
}

/**
 * The text with its own schema's name blanked out: `directory.users` is `users` of the scratch
 * schema, at the same place.
 */
function unqualified({ text, tokens }: Syntax, schema: string): string {
  if (!text.includes(schema)) return text;
  let plain = text;
  tokens.forEach((token, i) => {
    const names = token.text === schema || token.text === quoted(schema);
    const point = tokens[i + 1];
    if (!names || point?.text !== '.' || tokens[i - 1]?.text === '.') return;
    // `directory.id` may be a column of a table that has the schema's name.
    if (tokens[i + 3]?.text !== '.' && !FOLLOWS.has(tokens[i - 1]?.text.toLowerCase() ?? ''))
      return;
    plain =
      plain.slice(0, token.start) + ' '.repeat(point.end - token.start) + plain.slice(point.end);
  });
  return plain;
}

/** What stands before the name of a table. */
const FOLLOWS = new Set(['from', 'join', 'into', 'update', 'using', 'only', ',']);

/** A server's complaint, at its place in the text. */
function explain(syntax: Syntax, error: DatabaseError, relations: Relations): Refused {
  const { message, sqlstate, position } = error;
  let place = { offset: -1, length: 0 };
  if (position >= 0) {
    place = syntax.wordAt(syntax.unitAtCharacter(position));
    if (sqlstate === '42703') place = lastName(syntax, place);
  } else {
    place = mentioned(syntax, message);
  }
  return refused(message, sqlstate, place, hintOf(error, syntax, place, relations));
}

/** Of `u.email` the column. */
function lastName(
  { tokens }: Syntax,
  { offset, length }: { offset: number; length: number },
): { offset: number; length: number } {
  const last = tokens.findLast(({ start, end }) => start >= offset && end <= offset + length);
  return last === undefined
    ? { offset, length }
    : { offset: last.start, length: last.end - last.start };
}

/** Without a position: the parameter that the message names. */
function mentioned({ tokens }: Syntax, message: string): { offset: number; length: number } {
  const [name] = /\$\d+/.exec(message) ?? [];
  const token = tokens.find(({ text }) => text === name);
  if (token === undefined) return { offset: -1, length: 0 };
  return { offset: token.start, length: token.end - token.start };
}

/** The name to write instead, where one is near; else what the server says. */
function hintOf(
  { hint, sqlstate }: DatabaseError,
  { text }: Syntax,
  { offset, length }: { offset: number; length: number },
  relations: Relations,
): string {
  const [, offered] =
    /reference the (?:column|table alias) "(?:[^"]*\.)?([^".]+)"/.exec(hint) ?? [];
  if (offered !== undefined) return offered;
  const word =
    text
      .slice(offset, offset + length)
      .split('.')
      .at(-1)
      ?.replaceAll('"', '') ?? '';
  if (offset < 0 || word === '') return hint;
  if (sqlstate === '42703') return nearest(word, relations.columnNames()) ?? hint;
  if (sqlstate === '42P01') return nearest(word, relations.tableNames()) ?? hint;
  return hint;
}

function compose(
  { syntax, outline }: Asked,
  { parameters, fields }: Extract<Probed, { ok: true }>,
  relations: Relations,
  types: ReadonlyMap<number, string>,
): Described {
  const { statement, kind } = syntax;
  if (statement === null || outline === null || kind === null) {
    return refused('the server takes this text, but its syntax is not known here', '0A000');
  }
  const typeOf = (oid: number): string => types.get(oid) ?? 'unknown';
  const outputs = matching(outputsOf(statement, relations.find), fields.length);
  const columns = fields.map(({ name, dataTypeID, tableID, columnID }, i) => {
    const output = outputs?.[i];
    const { offset, length } =
      output === undefined || output.at < 0
        ? { offset: -1, length: 0 }
        : syntax.expressionAt(syntax.unitAt(output.at));
    const type = typeOf(dataTypeID);
    const source = relations.source(tableID, columnID);
    return { name, type, source, nullable: output?.nullable ?? true, offset, length };
  });
  return {
    ok: true,
    kind,
    writes: outline.writes,
    parameters: parameters.map((oid, i) =>
      parameter(syntax, outline, relations, i + 1, typeOf(oid)),
    ),
    columns,
    tables: tablesOf(outline, relations),
  };
}

/** The columns as they were read, when the server counts as many. */
const matching = (outputs: Output[] | null, count: number): Output[] | null =>
  outputs !== null && outputs.length === count ? outputs : null;

/**
 * The parameter `$number` of a text, of a type that the database gave it: where it first stands,
 * and the column that it is assigned to.
 */
export function parameter(
  syntax: Syntax,
  outline: Outline,
  relations: Pick<Relations, 'find'>,
  number: number,
  type: string,
): DescribedParameter {
  const at = outline.places.get(number);
  const { offset, length } =
    at === undefined ? { offset: -1, length: 0 } : syntax.wordAt(syntax.unitAt(at));
  let assigned = '';
  let notNull = false;
  for (const one of outline.assigned) {
    if (one.number !== number) continue;
    const relation = relations.find(one.schema, one.table);
    const column =
      typeof one.column === 'number'
        ? relation?.columns[one.column]
        : relation?.columns.find(({ name }) => name === one.column);
    if (relation === undefined || column === undefined) continue;
    if (assigned === '') assigned = `${relation.schema}.${relation.name}.${column.name}`;
    notNull ||= column.notNull;
  }
  return { type, assigned, notNull, offset, length };
}

/** The tables that a text names, each once: `schema.table`, and whether it is written. */
export function tablesOf(
  { tables }: Outline,
  relations: Pick<Relations, 'find'>,
): DescribedText['tables'] {
  const found = new Map<string, boolean>();
  for (const { schema, name, writes } of tables) {
    const relation = relations.find(schema, name);
    const full =
      relation === undefined ? `${schema}.${name}` : `${relation.schema}.${relation.name}`;
    found.set(full, (found.get(full) ?? false) || writes);
  }
  return [...found].map(([name, writes]) => ({ name, writes }));
}
