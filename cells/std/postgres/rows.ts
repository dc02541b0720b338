// Owns what a table gives to its class: insert, update, delete, find, findBy.., all, count. Every
// statement is fixed when the cell is built, and values are only ever its parameters. What a class
// declares itself is left to it.
import { presetSql } from "./ddl";
import { Column, Table } from "./model";
import { argsFor, isWhole, namesOf, newRow, parameterOf, putOf, writtenType } from "./member-text";
import { quoted, quotedAll, quotedTable } from "./names";
import { Planned } from "./schema";
import { idOf, Statement, valueOf } from "./statement";

/** Rows that `all` and `findBy..` give unless more are asked for. */
const MOST_ROWS: string = "1000";
const SDK: string[] = ["SqlArgs", "SqlRows", "sqlRun", "atMostOne"];

/** Contributes the members of every table's class. */
export function addRows(planning: Planning, planned: Planned): void {
  const tables = planned.model.tables;
  for (let i = 0; i < tables.length; i++) {
    const spot = tables[i].spot;
    if (spot && tables[i].columns.length > 0) new Rows(planned, tables[i], spot).add();
  }
}

class Rows {
  private made: string[] = [];
  private key: Column[] = [];
  private others: Column[] = [];

  constructor(
    private planned: Planned,
    private table: Table,
    private spot: Spot,
  ) {
    for (let i = 0; i < table.primaryKey.length; i++) {
      const column = table.column(table.primaryKey[i]);
      if (column) this.key.push(column);
    }
    for (let i = 0; i < table.columns.length; i++) {
      const column = table.columns[i];
      if (!table.primaryKey.includes(column.name)) this.others.push(column);
    }
  }

  add(): void {
    const keyed = this.key.length > 0;
    this.spot.importNames("sql", SDK);
    this.reader();
    if (!this.table.existing) this.insert();
    if (keyed && !this.table.existing) {
      if (this.others.length > 0) this.update();
      this.remove();
    }
    if (keyed) this.find();
    this.all();
    this.count();
    this.finders();
    if (keyed) return;
    const what = "`" + this.table.className + "` has no primary key, so it gets no find";
    const rest = this.table.existing ? "" : ", update and delete";
    this.spot.warn(what + rest, "mark a field with @" + this.planned.ns + ".primaryKey");
  }

  // ---- the members

  private reader(): void {
    const columns = this.table.columns;
    // Every field is set, so no initializer runs; a class that inherits others' fields is made as
    // its constructor says.
    let reads = "";
    for (let i = 0; i < columns.length; i++) {
      reads += `  row.${columns[i].field} = rows.get<${writtenType(columns[i])}>();\n`;
    }
    const row = newRow(this.type, columns[0].field);
    const head = `private static $read(rows: SqlRows): ${this.type} {\n`;
    const text = `${head}${row}${reads}  return row;\n}`;
    this.member("$read", text, true);
  }

  private insert(): void {
    const columns = this.table.columns;
    const statement = new Statement(true);
    const marks: string[] = [];
    const returned: Column[] = [];
    let puts = "";
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      const mark = "$" + statement.take(this.valueOf(column));
      const left = this.isLeft(column);
      marks.push(left ? this.orElse(mark, column, presetSql(column.preset, this.isSqlite)) : mark);
      if (left) returned.push(column);
      puts += putOf(column, "this." + column.field, left);
    }
    const names = quotedAll(namesOf(columns));
    let text = `insert into ${this.name} (${names}) values (${marks.join(", ")})`;
    if (returned.length > 0) text += " returning " + quotedAll(namesOf(returned));
    this.gives(statement, returned);
    const run = this.run(statement, text, returned);
    let end = `  ${run};\n`;
    if (returned.length > 0) end = `  const rows = ${run};\n`;
    for (let i = 0; i < returned.length; i++) {
      const column = returned[i];
      end += `  this.${column.field} = rows.get<${writtenType(column)}>();\n`;
    }
    const begin = argsFor(columns.length) + puts;
    this.member(
      "insert",
      `/** Adds this as a new row. */\ninsert(): void {\n${begin}${end}}`,
      false,
    );
  }

  private update(): void {
    const statement = new Statement(true);
    const sets: string[] = [];
    let puts = "";
    for (let i = 0; i < this.others.length; i++) {
      const column = this.others[i];
      const name = quoted(column.name);
      const mark = "$" + statement.take(this.valueOf(column));
      // An instant that is not set has nothing to say: what is there stays.
      const kept = this.isLeft(column) && !column.nullable;
      sets.push(name + " = " + (kept ? this.orElse(mark, column, name) : mark));
      puts += putOf(column, "this." + column.field, kept);
    }
    const text = `update ${this.name} set ${sets.join(", ")}` + this.where(statement);
    const begin = argsFor(this.table.columns.length) + puts + this.putKey("this.");
    const run = this.run(statement, text, []);
    this.member(
      "update",
      `/** Writes all fields to the row with this key; false when there is none. */
update(): bool {
${begin}  return ${run}.affected != 0;
}`,
      false,
    );
  }

  private remove(): void {
    const statement = new Statement(true);
    const run = this.run(statement, `delete from ${this.name}` + this.where(statement), []);
    const doc = "/** Removes the row with this key; false when there is none. */";
    const begin = argsFor(this.key.length);
    const end = `  return ${run}.affected != 0;\n}`;
    const own = `${doc}\ndelete(): bool {\n${begin}${this.putKey("this.")}${end}`;
    this.member("delete", own, false);
    const head = `${doc}\nstatic delete(${this.parameters(this.key)}): bool {\n`;
    this.member("delete", head + begin + this.putKey("") + end, true);
  }

  private find(): void {
    const statement = new Statement(false);
    const one = this.one(statement, this.select() + this.where(statement));
    this.member(
      "find",
      `/** The row with this key; null when there is none. */
static find(${this.parameters(this.key)}): ${this.type} | null {
${argsFor(this.key.length)}${this.putKey("")}${one}}`,
      true,
    );
  }

  private all(): void {
    const statement = new Statement(false);
    const text = this.select() + this.ordered() + " limit $" + statement.take("int8");
    this.member(
      "all",
      `/** All rows by their key; at most \`limit\`. */
static all(limit: i32 = ${MOST_ROWS}): ${this.type}[] {
${argsFor(1)}${this.many(statement, text, "limit")}}`,
      true,
    );
  }

  private count(): void {
    const statement = new Statement(false);
    statement.give("count", "int8");
    const text = "select count(*) as count from " + this.name;
    statement.tell(this.spot, text);
    this.member(
      "count",
      `/** How many rows there are. */
static count(): i64 {
  const rows = sqlRun(${idOf(text)}, new SqlArgs(), 1, "count");
  return rows.count ? rows.get<i64>() : 0;
}`,
      true,
    );
  }

  /** By each column that an index or a foreign key begins with. */
  private finders(): void {
    const table = this.table;
    const named: string[] = [];
    for (let i = 0; i < table.indexes.length; i++) named.push(table.indexes[i].columns[0]);
    for (let i = 0; i < table.foreignKeys.length; i++) named.push(table.foreignKeys[i].columns[0]);
    for (let i = 0; i < table.columns.length; i++) {
      const column = table.columns[i];
      const isKey = this.key.length == 1 && this.key[0] === column;
      if (named.includes(column.name) && !isKey && !column.encrypted) this.finder(column);
    }
  }

  private finder(column: Column): void {
    const statement = new Statement(false);
    const mark = "$" + statement.take(this.valueOf(column));
    const where = this.select() + ` where ${quoted(column.name)} = ${mark}`;
    const field = column.field;
    const name = "findBy" + field.charAt(0).toUpperCase() + field.substring(1);
    const param = parameterOf(column);
    const put = `  args.put<${column.fieldType}>(${param});\n`;
    if (this.table.isUnique([column.name])) {
      const one = this.one(statement, where);
      this.member(
        name,
        `/** The row with this ${field}; null when there is none. */
static ${name}(${param}: ${column.fieldType}): ${this.type} | null {
${argsFor(1)}${put}${one}}`,
        true,
      );
      return;
    }
    const limit = param == "limit" ? "most" : "limit";
    const text = where + this.ordered() + " limit $" + statement.take("int8");
    const many = this.many(statement, text, limit);
    this.member(
      name,
      `/** The rows with this ${field}, by their key; at most \`${limit}\`. */
static ${name}(${param}: ${column.fieldType}, ${limit}: i32 = ${MOST_ROWS}): ${this.type}[] {
${argsFor(2)}${put}${many}}`,
      true,
    );
  }

  // ---- their parts

  /** The class. */
  private get type(): string {
    return this.table.className;
  }

  private get isSqlite(): bool {
    return this.planned.engine == "sqlite";
  }

  private get name(): string {
    return quotedTable(this.table.schema, this.table.name);
  }

  private select(): string {
    return "select " + quotedAll(namesOf(this.table.columns)) + " from " + this.name;
  }

  private ordered(): string {
    return this.key.length == 0 ? "" : " order by " + quotedAll(namesOf(this.key));
  }

  private where(statement: Statement): string {
    const parts: string[] = [];
    for (let i = 0; i < this.key.length; i++) {
      const mark = "$" + statement.take(this.valueOf(this.key[i]));
      parts.push(quoted(this.key[i].name) + " = " + mark);
    }
    return " where " + parts.join(" and ");
  }

  /** Whether the database's default may stand instead of what the object has. */
  private isLeft(column: Column): bool {
    if (column.preset == "" || column.encrypted) return false;
    const type = column.fieldType;
    if (column.nullable || type == "Instant" || type == "Uuid") return true;
    const isKey = this.table.primaryKey.includes(column.name);
    return isKey && (type == "string" || isWhole(type));
  }

  /** `otherwise` where the parameter is null. PostgreSQL is told the type: it would guess. */
  private orElse(mark: string, column: Column, otherwise: string): string {
    const typed = this.isSqlite ? mark : mark + "::" + column.type;
    return "coalesce(" + typed + ", " + otherwise + ")";
  }

  /** What the manifest says of a value of the column. */
  private valueOf(column: Column): string {
    return valueOf(this.planned, this.table, column);
  }

  private parameters(columns: Column[]): string {
    const parts: string[] = [];
    for (let i = 0; i < columns.length; i++) {
      parts.push(parameterOf(columns[i]) + ": " + columns[i].fieldType);
    }
    return parts.join(", ");
  }

  private putKey(from: string): string {
    let puts = "";
    for (let i = 0; i < this.key.length; i++) {
      const column = this.key[i];
      const value = from == "" ? parameterOf(column) : from + column.field;
      puts += `  args.put<${column.fieldType}>(${value});\n`;
    }
    return puts;
  }

  /** Says what a statement gives back. */
  private gives(statement: Statement, columns: Column[]): void {
    for (let i = 0; i < columns.length; i++) {
      statement.give(columns[i].name, this.valueOf(columns[i]));
    }
  }

  /** Contributes the statement; the expression that runs it with `args`. */
  private run(statement: Statement, text: string, columns: Column[]): string {
    statement.tell(this.spot, text);
    const fields: string[] = [];
    for (let i = 0; i < columns.length; i++) fields.push(columns[i].field);
    return `sqlRun(${idOf(text)}, args, ${columns.length}, ${quote(fields.join("\n"))})`;
  }

  private one(statement: Statement, text: string): string {
    const columns = this.table.columns;
    this.gives(statement, columns);
    return `  const rows = ${this.run(statement, text, columns)};
  return atMostOne(rows) ? ${this.type}.$read(rows) : null;
`;
  }

  private many(statement: Statement, text: string, limit: string): string {
    const columns = this.table.columns;
    this.gives(statement, columns);
    return `  args.put<i32>(max(${limit}, 0));
  const rows = ${this.run(statement, text, columns)};
  const list = new Array<${this.type}>(rows.count);
  for (let i = 0; i < rows.count; i++) list[i] = ${this.type}.$read(rows);
  return list;
`;
  }

  private member(name: string, text: string, isStatic: bool): void {
    const members = this.spot.site.members;
    for (let i = 0; i < members.length; i++) {
      const member = members[i];
      if (member.name != name || member.isStatic != isStatic) continue;
      if (member.kind != "field") return;
      const fix =
        "call the field another name; @" + this.planned.ns + ".column({ name }) keeps its column";
      this.spot.error("`" + name + "` is a method that the table gives to its class", fix);
      return;
    }
    this.spot.contribute("member", name, text);
  }
}
