// Owns the parameters of one statement: which type of AssemblyScript each takes, so that the
// compiler judges the user's own expressions, and what the manifest says of it.
import { Described, DescribedParameter } from "cell/database";
import { Column } from "./model";
import { Planned } from "./schema";
import { columnOf, tableOf, valueOfSource } from "./statement";
import { Token, TokenKind } from "./tokens";
import { fieldTypesFor } from "./types";

const COMPARING: string[] = ["=", "<>", "!=", "<", ">", "<=", ">="];

export class Parameters {
  /** "p1: string, p2: i64" */
  written: string = "";
  /** Statements that put them into `args`. */
  puts: string = "";
  /** For the manifest, by number. */
  values: string[] = [];
  /** False: something was complained of. */
  sound: bool = true;

  constructor(
    private planned: Planned,
    private spot: Spot,
    private said: Described,
    private tokens: Token[],
  ) {
    const count = said.parameters.length;
    const given = spot.args.count - 1;
    if (given != count) this.miscounted(given, count);
    for (let i = 0; i < count && this.sound; i++) {
      const parameter = said.parameters[i];
      const type = this.typeOf(parameter, i + 1);
      const name = "p" + (i + 1).toString();
      this.written += (i == 0 ? "" : ", ") + name + ": " + type;
      this.puts += "  args.put<" + type + ">(" + name + ");\n";
      this.values.push(valueOfSource(planned, parameter.type, parameter.assigned));
    }
  }

  private miscounted(given: i32, count: i32): void {
    this.sound = false;
    const has = count == 1 ? "has 1 parameter" : "has " + count.toString() + " parameters";
    const message =
      "this statement " +
      has +
      ", and " +
      given.toString() +
      (given == 1 ? " is" : " are") +
      " given";
    if (given > count) {
      const path = (count + 1).toString();
      return this.spot.error(message, "remove it, or name $" + path + " in the text", path);
    }
    const missing = "$" + (given + 1).toString();
    const fix = "pass " + missing + " behind the text";
    const parameter = this.said.parameters[given];
    this.spot.complainAt(message, fix, "0", parameter.offset, parameter.length);
  }

  private typeOf(parameter: DescribedParameter, number: i32): string {
    const assigned = columnOf(this.planned, parameter.assigned);
    if (assigned) return assigned.fieldType + (parameter.notNull ? "" : nullOf(assigned.fieldType));
    const own = this.ownType(parameter.type, this.comparedWith(number));
    return this.mayBeNull(number) ? own + nullOf(own) : own;
  }

  /** Numbers are taken as wide as they come: what is out of range the database refuses. */
  private ownType(type: string, compared: Column | null): string {
    if (compared && compared.fieldType == "u64") return "u64";
    if (compared && type == "uuid" && compared.fieldType == "string") return "string";
    const fitting = fieldTypesFor(type);
    if (fitting == "i16" || fitting == "i32") return "i64";
    if (fitting == "f32") return "f64";
    return fitting == "" ? "string" : fitting;
  }

  /** The column that stands beside `$number` in a comparison; null = none does. */
  private comparedWith(number: i32): Column | null {
    const tokens = this.tokens;
    for (let i = 0; i < tokens.length; i++) {
      if (!this.isParameter(i, number)) continue;
      if (i >= 2 && COMPARING.includes(tokens[i - 1].text)) {
        const found = this.columnNamed(tokens[i - 2]);
        if (found) return found;
      }
      if (i + 2 < tokens.length && COMPARING.includes(tokens[i + 1].text)) {
        const last = i + 4 < tokens.length && tokens[i + 3].isMark(".") ? i + 4 : i + 2;
        const found = this.columnNamed(tokens[last]);
        if (found) return found;
      }
      const listed = this.listedWith(i);
      if (listed) return listed;
    }
    return null;
  }

  /** `column in ($1, $2)`, `column between $1 and $2`. */
  private listedWith(at: i32): Column | null {
    const tokens = this.tokens;
    let i = at - 1;
    while (
      i > 0 &&
      (tokens[i].isMark(",") || tokens[i].isWord("and") || tokens[i].kind == TokenKind.Parameter)
    )
      i--;
    if (i >= 2 && tokens[i].isMark("(") && tokens[i - 1].isWord("in")) i--;
    else if (i < 1 || !tokens[i].isWord("between")) return null;
    if (i >= 2 && tokens[i - 1].isWord("not")) i--;
    return i >= 1 ? this.columnNamed(tokens[i - 1]) : null;
  }

  /** The column of that name in one of the statement's tables; null when there are several. */
  private columnNamed(token: Token): Column | null {
    let found: Column | null = null;
    if (token.kind != TokenKind.Word && token.kind != TokenKind.Quoted) return null;
    const tables = this.said.tables;
    for (let i = 0; i < tables.length; i++) {
      const table = tableOf(this.planned, tables[i].name + ".");
      const column = table ? table.column(token.text) : null;
      if (!column) continue;
      if (found && found.fieldType != column.fieldType) return null;
      found = column;
    }
    return found;
  }

  /** `$1 is null`, `is distinct from $1`, `coalesce($1, ..)`: a null has a meaning there. */
  private mayBeNull(number: i32): bool {
    const tokens = this.tokens;
    for (let i = 0; i < tokens.length; i++) {
      if (!this.isParameter(i, number)) continue;
      let next = i + 1;
      if (next + 1 < tokens.length && tokens[next].isMark("::")) next += 2;
      if (next < tokens.length && tokens[next].isWord("is")) return true;
      if (i >= 2 && tokens[i - 1].isWord("from") && tokens[i - 2].isWord("distinct")) return true;
      if (i >= 2 && tokens[i - 1].isMark("(") && tokens[i - 2].isWord("coalesce")) return true;
    }
    return false;
  }

  private isParameter(at: i32, number: i32): bool {
    const token = this.tokens[at];
    return token.kind == TokenKind.Parameter && token.text == number.toString();
  }
}

/** Numbers, bools and enums have no null: they begin with a small letter, or are the user's. */
function nullOf(type: string): string {
  if (type.endsWith("]") || type.endsWith(">")) return " | null";
  return ["string", "Uint8Array", "Instant", "Duration", "Uuid", "Decimal"].includes(type)
    ? " | null"
    : "";
}
