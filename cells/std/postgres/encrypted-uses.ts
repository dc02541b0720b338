// Owns the rule that an encrypted column is only ever stored and read as a whole: the database has
// nothing but ciphertext, in which no two rows are alike, so that comparing, sorting and computing
// would be wrong without a word.
import { Described, DescribedParameter } from "cell/database";
import { Column, Table } from "./model";
import { Planned } from "./schema";
import { tableOf } from "./statement";
import { Token, TokenKind } from "./tokens";

export class EncryptedUses {
  /** False: something was complained of. */
  sound: bool = true;

  constructor(
    private planned: Planned,
    private spot: Spot,
    private said: Described,
    private tokens: Token[],
  ) {
    for (let i = 0; i < said.tables.length; i++) {
      const table = tableOf(planned, said.tables[i].name + ".");
      if (!table) continue;
      for (let c = 0; c < table.columns.length; c++) {
        const column = table.columns[c];
        if (!column.encrypted) continue;
        this.check(column, said.tables[i].name + "." + column.name);
        if (said.tables[i].writes)
          this.checkStored(table, column, said.tables[i].name + "." + column.name);
      }
    }
  }

  /** Every mention of the column's name is one of the few that mean the column as a whole. */
  private check(column: Column, source: string): void {
    for (let i = 0; i < this.tokens.length; i++) {
      const token = this.tokens[i];
      if (!token.isName(column.name) || this.isSelected(token, source)) continue;
      if (this.isAlias(i) || this.isListed(i) || this.isAssigned(i)) continue;
      if (this.word(i + 1) == "is") continue;
      const what =
        "`" + column.name + "` is encrypted: the database cannot compare it or compute with it";
      this.complain(what, "select it as it is, and do that in the cell", token);
    }
  }

  /** What is stored there comes as a parameter: a literal would stand in it as it is. */
  private checkStored(table: Table, column: Column, source: string): void {
    const target = this.target(table, column);
    if (!target) return;
    const parameters = this.said.parameters;
    let isStored = false;
    for (let i = 0; i < parameters.length; i++) {
      if (parameters[i].assigned != source) continue;
      isStored = true;
      this.checkOnce(parameters[i], i + 1, column);
    }
    if (isStored || this.isNulled(target)) return;
    const what = "`" + column.name + "` is encrypted, and what is stored here is not";
    this.complain(what, "store a parameter of its own, `$1`, or null", target);
  }

  private checkOnce(parameter: DescribedParameter, number: i32, column: Column): void {
    let places = 0;
    for (let i = 0; i < this.tokens.length; i++) {
      const token = this.tokens[i];
      if (token.kind == TokenKind.Parameter && token.text == number.toString()) places++;
    }
    if (places < 2) return;
    const what =
      "$" + number.toString() + " is encrypted for `" + column.name + "`, and used elsewhere too";
    this.sound = false;
    this.spot.complainAt(
      what,
      "pass the value twice, as two parameters",
      "0",
      parameter.offset,
      parameter.length,
    );
  }

  /** The token at which a statement stores into the column; null: it does not. */
  private target(table: Table, column: Column): Token | null {
    const isInsert = this.said.kind == "insert";
    for (let i = 0; i < this.tokens.length; i++) {
      if (!this.tokens[i].isName(column.name)) continue;
      if (isInsert ? this.isListed(i) : this.isAssigned(i)) return this.tokens[i];
    }
    if (!isInsert) return null;
    // insert into users values (...): every column, by its place
    for (let i = 0; i + 1 < this.tokens.length; i++) {
      if (!this.tokens[i].isName(table.name)) continue;
      const next = this.word(i + 1);
      return next == "values" || next == "select" || next == "with" ? this.tokens[i] : null;
    }
    return null;
  }

  /** `set phone = null`; of a list of columns: every row is known by parameters alone. */
  private isNulled(target: Token): bool {
    const at = this.tokens.indexOf(target);
    return this.mark(at + 1) == "=" && this.word(at + 2) == "null";
  }

  /** It stands where a column of the result comes from. */
  private isSelected(token: Token, source: string): bool {
    const columns = this.said.columns;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      if (column.source != source || column.offset < 0) continue;
      if (token.start >= column.offset && token.end <= column.offset + column.length) return true;
    }
    return false;
  }

  /** `... as phone` */
  private isAlias(at: i32): bool {
    return this.word(at - 1) == "as";
  }

  /** In the list of columns of an insert: between `into table (` and its parenthesis. */
  private isListed(at: i32): bool {
    if (this.said.kind != "insert") return false;
    let i = at;
    while (i > 0 && (this.tokens[i].isMark(",") || isName(this.tokens[i]))) i--;
    if (i < 2 || !this.tokens[i].isMark("(")) return false;
    for (let back = i - 1; back >= 0 && i - back <= 6; back--) {
      if (this.word(back) == "into") return true;
    }
    return false;
  }

  /** `set phone = $1`, `phone = excluded.phone`, `phone = null`; and the word behind excluded. */
  private isAssigned(at: i32): bool {
    if (this.word(at - 2) == "excluded" && this.mark(at - 1) == ".") return true;
    const before = this.mark(at - 1) == "," || this.word(at - 1) == "set";
    if (!before || this.mark(at + 1) != "=") return false;
    const value = this.word(at + 2);
    if (value == "null" || value == "excluded") return true;
    return (
      at + 2 < this.tokens.length &&
      this.tokens[at + 2].kind == TokenKind.Parameter &&
      (at + 3 >= this.tokens.length || !this.isComputed(at + 3))
    );
  }

  /** The mark behind a stored parameter goes on computing. */
  private isComputed(at: i32): bool {
    const token = this.tokens[at];
    return (
      token.kind == TokenKind.Mark && !token.isMark(",") && !token.isMark(")") && !token.isMark(";")
    );
  }

  private word(at: i32): string {
    if (at < 0 || at >= this.tokens.length) return "";
    return this.tokens[at].kind == TokenKind.Word ? this.tokens[at].text : "";
  }

  private mark(at: i32): string {
    if (at < 0 || at >= this.tokens.length) return "";
    return this.tokens[at].kind == TokenKind.Mark ? this.tokens[at].text : "";
  }

  private complain(message: string, fix: string, token: Token): void {
    this.sound = false;
    this.spot.complainAt(message, fix, "0", token.start, token.end - token.start);
  }
}

function isName(token: Token): bool {
  return token.kind == TokenKind.Word || token.kind == TokenKind.Quoted;
}
