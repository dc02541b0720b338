// Owns what the catalogue of a PostgreSQL server says of tables and types that texts name: one
// query for all of them.
import type { Connection } from '../../database/connection.ts';
import type { Named } from './outline.ts';
import type { Probed } from './probe.ts';
import type { Catalogue, Relation } from './scope.ts';

/** The cell's schema, and the one that stands for it. */
export interface Schemas {
  schema: string;
  scratch: string;
}

/** Tables of the scratch schema, and those of others that texts name. */
export class Relations {
  readonly #schemas: Schemas;
  readonly #byName = new Map<string, Relation>();
  readonly #byNumber = new Map<number, Relation>();
  /** Place of a column within its relation, by its number in the table. */
  readonly #columns = new Map<string, number>();

  constructor(schemas: Schemas) {
    this.#schemas = schemas;
  }

  add(oid: number, relation: Relation, attribute: number, column: Relation['columns'][0]): void {
    const known = this.#byNumber.get(oid) ?? relation;
    this.#byNumber.set(oid, known);
    this.#byName.set(`${relation.schema}.${relation.name}`, known);
    this.#columns.set(`${oid}.${attribute}`, known.columns.length);
    known.columns.push(column);
  }

  /** A name without a schema: of the cell, else PostgreSQL's own. */
  readonly find: Catalogue = (schema, name) =>
    schema === ''
      ? (this.#byName.get(`${this.#schemas.schema}.${name}`) ??
        this.#byName.get(`pg_catalog.${name}`))
      : this.#byName.get(`${schema}.${name}`);

  /** `schema.table.column`; '' for what is no column. */
  source(oid: number, attribute: number): string {
    const relation = this.#byNumber.get(oid);
    const column = relation?.columns[this.#columns.get(`${oid}.${attribute}`) ?? -1];
    return relation === undefined || column === undefined
      ? ''
      : `${relation.schema}.${relation.name}.${column.name}`;
  }

  *columnNames(): Iterable<string> {
    for (const { columns } of this.#byName.values()) for (const { name } of columns) yield name;
  }

  *tableNames(): Iterable<string> {
    for (const { schema, name } of this.#byName.values()) {
      yield schema === this.#schemas.schema ? name : `${schema}.${name}`;
    }
  }
}

const READ = `select c.oid, n.nspname, c.relname, a.attnum, a.attname,
  a.attnotnull or coalesce(t.typnotnull, false), pg_catalog.format_type(a.atttypid, null)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_catalog.pg_type t on t.oid = a.atttypid and t.typtype = 'd'
where c.relkind in ('r', 'p', 'v', 'm', 'f') and (n.nspname = $1
  or (n.nspname, c.relname) in (
    select s, r from rows from (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]))
      x (s, r)))
order by c.oid, a.attnum`;

/** Reads what the scratch schema has, and the tables of others among `named`. */
export async function readRelations(
  connection: Connection,
  schemas: Schemas,
  named: readonly Named[],
): Promise<Relations> {
  const { schema, scratch } = schemas;
  const others = named
    .filter((one) => one.schema !== schema)
    .map((one) => ({ ...one, schema: one.schema === '' ? 'pg_catalog' : one.schema }));
  const rows = await connection.rows(READ, [
    scratch,
    arrayOf(others.map((one) => one.schema)),
    arrayOf(others.map(({ name }) => name)),
  ]);
  const relations = new Relations(schemas);
  for (const [oid, space, table, attribute, column, notNull, type] of rows) {
    const own = space === scratch ? schema : (space ?? '');
    const relation = { schema: own, name: table ?? '', columns: [] };
    relations.add(Number(oid), relation, Number(attribute), {
      ...{ name: column ?? '', type: type ?? '', notNull: notNull === 't' },
    });
  }
  return relations;
}

const TYPES = `select t.oid, case when e.oid is null then coalesce(b.typname, t.typname)
  else e.typname || '[]' end
from pg_catalog.pg_type t
left join pg_catalog.pg_type e on e.oid = t.typelem and t.typcategory = 'A'
left join pg_catalog.pg_type b on b.oid = t.typbasetype and t.typtype = 'd'
where t.oid = any ($1::oid[])`;

/** Short names of all types that the server has named: `int8`, `text[]`; of a domain its base. */
export async function readTypes(
  connection: Connection,
  probed: readonly Probed[],
): Promise<Map<number, string>> {
  const oids = new Set<number>();
  for (const one of probed) {
    if (!one.ok) continue;
    for (const oid of one.parameters) oids.add(oid);
    for (const { dataTypeID } of one.fields) oids.add(dataTypeID);
  }
  if (oids.size === 0) return new Map();
  const rows = await connection.rows(TYPES, [`{${[...oids].join(',')}}`]);
  return new Map(rows.map(([oid, name]) => [Number(oid), name ?? '']));
}

/** The text of an array of texts. */
const arrayOf = (texts: readonly string[]): string =>
  `{${texts.map((text) => `"${text.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`;
