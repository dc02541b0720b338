// Owns one call of `query`, `queryOne` or `execute`: what the database said of its text is compared
// with what the source says, and the function is written that stands for it.
import { Described } from "cell/database";
import { nearestOf, suggestion } from "../auth/nearest";
import { EncryptedUses } from "./encrypted-uses";
import { Parameters } from "./parameters";
import { argsFor } from "./member-text";
import { RowReader } from "./row-reader";
import { Planned } from "./schema";
import { idOf, Statement, valueOfSource } from "./statement";
import { Token, tokensOf } from "./tokens";

/** Codes of PostgreSQL for names that are not there. */
const NO_COLUMN: string = "42703";
const NO_TABLE: string = "42P01";
/** Of what a host would refuse to serve. */
const NO_RIGHT: string = "42501";
const SDK: string[] = ["SqlArgs", "SqlRows", "sqlRun", "atMostOne"];

export class CallCheck {
  private text: string;
  private tokens: Token[] = [];
  private sound: bool = true;

  constructor(
    private planned: Planned,
    private spot: Spot,
    private said: Described,
  ) {
    this.text = spot.args.text("0");
    this.tokens = tokensOf(this.text);
  }

  /** Complains, or contributes the statement and the function. */
  add(): void {
    if (!this.said.ok) return this.refused();
    this.checkKind();
    this.checkTables();
    if (this.sound)
      this.sound = new EncryptedUses(this.planned, this.spot, this.said, this.tokens).sound;
    const parameters = new Parameters(this.planned, this.spot, this.said, this.tokens);
    if (!parameters.sound) this.sound = false;
    if (!this.sound) return;
    const reader = new RowReader(this.planned, this.spot, this.said);
    const isExecute = this.spot.use.name == "execute";
    const body = isExecute ? "  return <i64>rows.affected;\n" : reader.readers();
    if (reader.sound) this.contribute(parameters, reader.result, body);
  }

  private contribute(parameters: Parameters, result: string, body: string): void {
    const said = this.said;
    const statement = new Statement(said.writes);
    const names: string[] = [];
    for (let i = 0; i < parameters.values.length; i++) statement.take(parameters.values[i]);
    for (let i = 0; i < said.columns.length; i++) {
      const column = said.columns[i];
      names.push(column.name);
      statement.give(column.name, valueOfSource(this.planned, column.type, column.source));
    }
    statement.tell(this.spot, this.text);
    this.spot.importNames("sql", SDK);
    const told = said.columns.length.toString() + ", " + quote(names.join("\n"));
    const begin = argsFor(parameters.values.length) + parameters.puts;
    this.spot.contribute(
      "call",
      "",
      `function $name(${parameters.written}): ${result} {
${begin}  const rows = sqlRun(${idOf(this.text)}, args, ${told});
${body}}`,
    );
  }

  // ---- what the database refuses

  private refused(): void {
    const said = this.said;
    const name = said.offset < 0 ? "" : this.text.substring(said.offset, said.offset + said.length);
    const bare = name.substring(name.lastIndexOf(".") + 1).replaceAll('"', "");
    let message = said.message;
    let fix = said.hint == "" ? "correct the text at the mark" : said.hint;
    if (said.sqlstate == NO_RIGHT && said.hint == "") {
      fix = "leave it out: a cell reads its own tables and those it declares, and computes";
    } else if (said.sqlstate == NO_COLUMN && bare != "") {
      message = "there is no column `" + bare + "`";
      fix = suggestion(bare, this.columnNames());
    } else if (said.sqlstate == NO_TABLE && bare != "") {
      message = "there is no table `" + name + "`";
      const meant = nearestOf(bare, this.tableNames());
      const declared = `.table({ name: ${quote(bare)}, existing: true })`;
      if (meant != "") fix = "did you mean " + quote(this.written(meant)) + "?";
      else fix = "declare it: a class with @" + this.planned.ns + declared;
    }
    this.spot.complainAt(message, fix, "0", said.offset, said.length);
    this.sound = false;
  }

  private columnNames(): string[] {
    const names: string[] = [];
    const tables = this.planned.model.tables;
    let isNamed = false;
    for (let pass = 0; pass < 2 && !isNamed; pass++) {
      for (let i = 0; i < tables.length; i++) {
        if (pass == 0 && !this.mentions(tables[i].name)) continue;
        isNamed = true;
        for (let c = 0; c < tables[i].columns.length; c++) names.push(tables[i].columns[c].name);
      }
    }
    return names;
  }

  private mentions(name: string): bool {
    for (let i = 0; i < this.tokens.length; i++) if (this.tokens[i].isName(name)) return true;
    return false;
  }

  private tableNames(): string[] {
    const names: string[] = [];
    const tables = this.planned.model.tables;
    for (let i = 0; i < tables.length; i++) names.push(tables[i].name);
    return names;
  }

  /** A table as a statement names it: those of others with their schema. */
  private written(table: string): string {
    const tables = this.planned.model.tables;
    let written = table;
    for (let i = 0; i < tables.length; i++) {
      if (tables[i].name != table) continue;
      if (tables[i].schema == "") return table;
      written = tables[i].schema + "." + table;
    }
    return written;
  }

  // ---- what it may do

  private checkKind(): void {
    const said = this.said;
    const use = this.spot.use;
    const ns = "`" + use.ns + ".";
    const gives = said.columns.length > 0;
    if (use.name == "execute") {
      if (gives)
        this.wrong(
          ns + "execute` gives no rows, and this statement has some",
          "use " + ns + "query`",
        );
      if (use.types.length > 0)
        this.wrong(ns + "execute` takes no type", "remove <" + use.types.join(", ") + ">");
      return;
    }
    if (!gives) {
      const fix = "use " + ns + "execute`" + (said.writes ? ", or add `returning ...`" : "");
      return this.wrong("this statement gives no rows", fix);
    }
    if (use.types.length == 1) return;
    const fix = "write " + ns + use.name + "<User>(...)`, with a class or a type of its one column";
    this.wrong("the type of the rows is not said", fix);
  }

  private checkTables(): void {
    for (let i = 0; i < this.said.tables.length; i++) {
      const named = this.said.tables[i];
      const dot = named.name.indexOf(".");
      const schema = named.name.substring(0, dot);
      const name = named.name.substring(dot + 1);
      const isOwn = schema == this.planned.schema;
      const table = this.planned.model.table(name, isOwn ? "" : schema);
      if (table && !(table.existing && named.writes)) continue;
      const shown = isOwn ? name : named.name;
      if (schema.startsWith("pg_") || schema == "information_schema") {
        const what = "`" + shown + "` is the database's own";
        this.wrong(what, "leave it out: a cell reads its own tables, and those it declares", name);
        continue;
      }
      if (table) {
        const fix = "a table with `existing` is only read: leave changes to the cell that owns it";
        this.wrong("`" + shown + "` is not this cell's to change", fix, name);
      } else {
        const fix =
          "declare it: a class with @" +
          this.planned.ns +
          ".table({ name: " +
          quote(name) +
          ", schema: " +
          quote(schema) +
          ", existing: true })";
        this.wrong("`" + shown + "` is no table of this cell", fix, name);
      }
    }
  }

  /** At the name in the text when it stands there, else at the text. */
  private wrong(message: string, fix: string, name: string = ""): void {
    this.sound = false;
    for (let i = 0; name != "" && i < this.tokens.length; i++) {
      const token = this.tokens[i];
      if (!token.isName(name)) continue;
      return this.spot.complainAt(message, fix, "0", token.start, token.end - token.start);
    }
    this.spot.error(message, fix, "0");
  }
}
