// Owns statements as the build hears of them: a contribution that becomes a row of the module's
// manifest. Code names it by a number.
import { Column, Table } from "./model";
import { Planned } from "./schema";

/** The number of a statement, as code writes it: FNV-1a, 32 bits, over its UTF-8. */
export function idOf(text: string): string {
  const bytes = String.UTF8.encode(text);
  const at = changetype<usize>(bytes);
  let hash: u32 = 2166136261;
  for (let i = 0; i < bytes.byteLength; i++) hash = (hash ^ load<u8>(at + i)) * 16777619;
  return hash.toString();
}

/** What the manifest says of a value of a column: "text", or "bytea=directory.users.phone". */
export function valueOf(planned: Planned, table: Table, column: Column): string {
  if (!column.encrypted) return column.type;
  const schema = table.schema == "" ? planned.schema : table.schema;
  const name = column.sealed == "" ? table.name + "." + column.name : column.sealed;
  return column.type + "=" + schema + "." + name;
}

/** One statement while it is put together. */
export class Statement {
  private params: string[] = [];
  private columns: string[] = [];

  constructor(private writes: bool) {}

  /** A parameter of this type; its number. */
  take(value: string): string {
    this.params.push(value);
    return this.params.length.toString();
  }

  /** A column of the result. */
  give(name: string, value: string): void {
    this.columns.push(name + ":" + value);
  }

  /** Contributes it. One text is one statement: what was said of it first stands. */
  tell(spot: Spot, text: string): void {
    const said = spot.plan.contributions;
    let known = -1;
    for (let i = 0; i < said.length && known < 0; i++) {
      if (said[i].kind == "statement" && said[i].text == text) known = i;
    }
    const made = spot.contribute("statement", "", text);
    made.values = known < 0 ? this.params.concat(this.columns) : said[known].values;
    made.numbers = known < 0 ? [<f64>this.params.length, this.writes ? 1 : 0] : said[known].numbers;
  }
}

/** The column of the model that a database calls `schema.table.column`; null = none of ours. */
export function columnOf(planned: Planned, source: string): Column | null {
  const table = tableOf(planned, source);
  return table ? table.column(source.substring(source.lastIndexOf(".") + 1)) : null;
}

/** Its table. */
export function tableOf(planned: Planned, source: string): Table | null {
  if (source == "") return null;
  const first = source.indexOf(".");
  const last = source.lastIndexOf(".");
  if (first < 0 || first == last) return null;
  const schema = source.substring(0, first);
  const name = source.substring(first + 1, last);
  return planned.model.table(name, schema == planned.schema ? "" : schema);
}

/** `valueOf` of the column that a value comes from or goes to; else its type alone. */
export function valueOfSource(planned: Planned, type: string, source: string): string {
  const column = columnOf(planned, source);
  const table = tableOf(planned, source);
  return column && table && column.encrypted ? valueOf(planned, table, column) : type;
}
