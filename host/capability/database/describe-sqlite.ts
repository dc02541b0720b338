// Owns DESCRIBE on SQLite: the tables of a model are made in memory, SQLite prepares each text
// there, and libpg-query reads the structure of those that it can read. Types are those that the
// columns were declared with; of an expression they follow from its parts.
import { DatabaseSync, type StatementColumnMetadata } from 'node:sqlite';
import { INVALID_ARGUMENT } from '../../../assembly/shared/status.ts';
import { nearest } from '../../../host/schema/nearest.ts';
import { AdminError } from '../../database/admin.ts';
import { DESCRIBE_CHARS, type Described, type Refused } from './contract.ts';
import { parameter, tablesOf } from './describe.ts';
import { type Outline, outlineOf } from './outline.ts';
import { outputsOf } from './outputs.ts';
import type { Catalogue, Relation } from './scope.ts';
import { declaredType, Types } from './sqlite-types.ts';
import { loadParser, refused, Syntax } from './syntax.ts';

/** Describes `texts` as those of `schema`, whose tables `ddl` makes. Rejects with AdminError. */
export async function describeSqlite(
  schema: string,
  ddl: string,
  texts: readonly string[],
): Promise<Described[]> {
  await loadParser();
  const database = new DatabaseSync(':memory:');
  try {
    database.exec(ddl);
  } catch (error) {
    database.close();
    throw new AdminError(
      INVALID_ARGUMENT,
      `making the tables of this source: ${(error as Error).message}`,
    );
  }
  try {
    const relations = new Tables(database, schema);
    return texts.map((text) => describeOne(database, relations, new Syntax(text)));
  } finally {
    database.close();
  }
}

/** The tables of the database in memory. */
class Tables {
  readonly #all: Relation[];

  constructor(database: DatabaseSync, schema: string) {
    const names = database
      .prepare("select name from sqlite_schema where type in ('table', 'view') order by name")
      .all() as { name: string }[];
    const info = database.prepare(
      'select name, type, "notnull" as n, pk from pragma_table_info(?)',
    );
    this.#all = names.map(({ name }) => {
      const rows = info.all(name) as { name: string; type: string; n: number; pk: number }[];
      // A rowid table takes null in a key that is no integer; the DDL says not null beside.
      const only = rows.filter(({ pk }) => pk > 0).length === 1;
      const columns = rows.map((row) => ({
        name: row.name,
        type: declaredType(row.type),
        notNull: row.n === 1 || (only && row.pk === 1 && /^integer$/i.test(row.type)),
      }));
      return { schema, name, columns };
    });
  }

  readonly find: Catalogue = (_schema, name) =>
    this.#all.find((one) => one.name.toLowerCase() === name.toLowerCase());

  get columnNames(): string[] {
    return this.#all.flatMap(({ columns }) => columns.map(({ name }) => name));
  }

  get tableNames(): string[] {
    return this.#all.map(({ name }) => name);
  }
}

function describeOne(database: DatabaseSync, tables: Tables, syntax: Syntax): Described {
  const { text, statement, kind, wrong } = syntax;
  if (text.length > DESCRIBE_CHARS) {
    return refused(`a statement has no more than ${DESCRIBE_CHARS} characters`, '54000');
  }
  if (wrong !== null) return wrong;
  let columns: StatementColumnMetadata[];
  try {
    columns = database.prepare(text).columns();
  } catch (error) {
    return explain(syntax, (error as Error).message, tables);
  }
  if (statement === null || kind === null) {
    return refused(
      'SQLite takes this text, but it is not written as PostgreSQL would read it, which is how ' +
        'texts are checked',
      '42601',
    );
  }
  const outline = outlineOf(statement);
  const types = new Types(statement, tables.find);
  const outputs = outputsOf(statement, tables.find);
  const same = outputs?.length === columns.length ? outputs : null;
  return {
    ok: true,
    kind,
    writes: outline.writes,
    parameters: parameters(syntax, outline, tables, types),
    columns: columns.map(({ name, column, table, type }, i) => {
      const at = same?.[i]?.at;
      const place = at === undefined || at < 0 ? NOWHERE : syntax.expressionAt(syntax.unitAt(at));
      const relation = table === null ? undefined : tables.find('', table);
      const source =
        relation === undefined || column === null
          ? ''
          : `${relation.schema}.${relation.name}.${column}`;
      const { offset, length } = place;
      const shownType = type === null ? types.output(i) : declaredType(type);
      return {
        ...{ name, type: shownType, source },
        ...{ nullable: same?.[i]?.nullable ?? true, offset, length },
      };
    }),
    tables: tablesOf(outline, tables),
  };
}

const NOWHERE = { offset: -1, length: 0 };

function parameters(
  syntax: Syntax,
  outline: Outline,
  tables: Tables,
  types: Types,
): Extract<Described, { ok: true }>['parameters'] {
  const count = Math.max(0, ...outline.places.keys());
  return Array.from({ length: count }, (_, i) =>
    parameter(syntax, outline, tables, i + 1, types.parameter(i + 1)),
  );
}

/** What SQLite complains of, by its words; the name is the last group. */
const COMPLAINTS: readonly { words: RegExp; sqlstate: string }[] = [
  { words: /^no such column: (.+?)(?: - should .*)?$/, sqlstate: '42703' },
  { words: /^table \S+ has no column named (.+)$/, sqlstate: '42703' },
  { words: /^no such table: (.+)$/, sqlstate: '42P01' },
  { words: /^ambiguous column name: (.+)$/, sqlstate: '42702' },
  { words: /^no such function: (.+)$/, sqlstate: '42883' },
  { words: /^near "(.+)": syntax error$/, sqlstate: '42601' },
];

/** SQLite names what it does not know, not where it stands. */
function explain(syntax: Syntax, message: string, tables: Tables): Refused {
  for (const { words, sqlstate } of COMPLAINTS) {
    const name = words.exec(message)?.[1];
    if (name === undefined) continue;
    const last = (name.split('.').at(-1) as string).replaceAll('"', '');
    const known =
      sqlstate === '42703' ? tables.columnNames : sqlstate === '42P01' ? tables.tableNames : [];
    return refused(message, sqlstate, placeOf(syntax, name, last), nearest(last, known) ?? '');
  }
  return refused(message, /syntax|incomplete input/.test(message) ? '42601' : '42000');
}

function placeOf(
  { tokens, text }: Syntax,
  name: string,
  last: string,
): { offset: number; length: number } {
  const plain = (token: string): string => token.replace(/^"(.*)"$/s, '$1').toLowerCase();
  const i = tokens.findIndex((token) => plain(token.text) === last.toLowerCase());
  const token = tokens[i];
  if (token === undefined) {
    const at = text.indexOf(name);
    return at < 0 ? NOWHERE : { offset: at, length: name.length };
  }
  return { offset: token.start, length: token.end - token.start };
}
