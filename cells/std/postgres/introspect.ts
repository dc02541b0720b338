// Owns the model of a database: what its catalogue says of the cell's own schema, and of tables of
// others that are named. Reads only; the target is reached through `cell:database`.
import { CatalogueRows, Database } from "cell/database";
import { Column, ForeignKey, Index, Model, Table } from "./model";
import { shortType } from "./types";

/** $1: the own schema; $2: other tables, as an array of `schema.table`. */
const WHICH: string = "(n.nspname = $1 or n.nspname || '.' || c.relname = any($2::text[]))";

const COLUMNS: string =
  `
select case when n.nspname = $1 then '' else n.nspname end, c.relname, c.relkind = any('{r,p}'),
  a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
  coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '')
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relkind in ('r', 'p', 'v', 'm', 'f') and ` +
  WHICH +
  `
order by n.nspname, c.relname, a.attnum`;

/** Partial indexes and those over expressions have no columns here: they are somebody else's. */
const INDEXES: string =
  `
select case when n.nspname = $1 then '' else n.nspname end, c.relname, ic.relname, i.indisunique,
  i.indisprimary, i.indpred is null and i.indexprs is null and i.indisvalid,
  pg_catalog.string_agg(a.attname, pg_catalog.chr(10) order by k.n),
  pg_catalog.string_agg((i.indoption[k.n - 1] & 1)::text, '' order by k.n)
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_class ic on ic.oid = i.indexrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral pg_catalog.unnest(i.indkey::int2[]) with ordinality as k(attnum, n)
left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
where k.n <= i.indnkeyatts and ` +
  WHICH +
  `
group by 1, 2, 3, 4, 5, 6
order by 1, 2, 3`;

const KEYS: string = `
select c.relname, k.conname, case when m.nspname = $1 then '' else m.nspname end, f.relname,
  k.confdeltype, k.confupdtype,
  (select pg_catalog.string_agg(a.attname, pg_catalog.chr(10) order by u.n)
    from pg_catalog.unnest(k.conkey) with ordinality as u(attnum, n)
    join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum),
  (select pg_catalog.string_agg(a.attname, pg_catalog.chr(10) order by u.n)
    from pg_catalog.unnest(k.confkey) with ordinality as u(attnum, n)
    join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.attnum)
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class f on f.oid = k.confrelid
join pg_catalog.pg_namespace m on m.oid = f.relnamespace
where k.contype = 'f' and n.nspname = $1
order by 1, 2`;

/** Tables of `schema` (with schema "") and those of `others`, "public.orders". */
export function introspect(database: Database, schema: string, others: string[]): Model {
  const model = new Model();
  const which: (string | null)[] = [schema, arrayOf(others)];
  takeColumns(model, database.query(COLUMNS, which));
  if (model.tables.length == 0) return model;
  takeIndexes(model, database.query(INDEXES, which));
  takeKeys(model, database.query(KEYS, [schema] as (string | null)[]));
  model.sort();
  return model;
}

/** Texts as an array of PostgreSQL: `{"public.orders"}`. */
function arrayOf(texts: string[]): string {
  const items: string[] = [];
  for (let i = 0; i < texts.length; i++) {
    items.push('"' + texts[i].replaceAll("\\", "\\\\").replaceAll('"', '\\"') + '"');
  }
  return "{" + items.join(",") + "}";
}

function takeColumns(model: Model, rows: CatalogueRows): void {
  let table: Table | null = null;
  for (let r = 0; r < rows.count; r++) {
    const schema = rows.text(r, 0);
    const name = rows.text(r, 1);
    if (!table || table.schema != schema || table.name != name) {
      table = new Table(name);
      table.schema = schema;
      table.existing = !rows.isTrue(r, 2);
      model.tables.push(table);
    }
    const column = new Column(rows.text(r, 3), shortType(rows.text(r, 4)));
    column.nullable = !rows.isTrue(r, 5);
    column.preset = rows.text(r, 6);
    table.columns.push(column);
  }
}

function takeIndexes(model: Model, rows: CatalogueRows): void {
  for (let r = 0; r < rows.count; r++) {
    const table = model.table(rows.text(r, 1), rows.text(r, 0));
    if (!table) continue;
    const plain = rows.isTrue(r, 5);
    const columns: string[] = plain ? rows.text(r, 6).split("\n") : [];
    if (rows.isTrue(r, 4)) {
      table.primaryKey = columns;
      continue;
    }
    const index = new Index();
    index.name = rows.text(r, 2);
    index.unique = plain && rows.isTrue(r, 3);
    index.columns = columns;
    const orders = rows.text(r, 7);
    for (let c = 0; c < columns.length; c++) index.descending.push(orders.charAt(c) == "1");
    table.indexes.push(index);
  }
}

function takeKeys(model: Model, rows: CatalogueRows): void {
  for (let r = 0; r < rows.count; r++) {
    const table = model.table(rows.text(r, 0));
    if (!table) continue;
    const key = new ForeignKey();
    key.name = rows.text(r, 1);
    key.schema = rows.text(r, 2);
    key.table = rows.text(r, 3);
    key.onDelete = ruleOf(rows.text(r, 4));
    key.onUpdate = ruleOf(rows.text(r, 5));
    key.columns = rows.text(r, 6).split("\n");
    key.references = rows.text(r, 7).split("\n");
    table.foreignKeys.push(key);
  }
}

/** Letters of pg_constraint. */
export function ruleOf(letter: string): string {
  if (letter == "c") return "cascade";
  if (letter == "r") return "restrict";
  if (letter == "n") return "set null";
  return letter == "d" ? "set default" : "";
}
