// Owns the small parts of generated text: names of parameters, types as they are written, how an
// object is made whose fields are all set.
import { Column } from "./model";

/** Words that cannot be the name of a parameter. */
const WORDS: string =
  " break case catch class const continue default delete do else enum export extends" +
  " false finally for function if import in instanceof is keyof let new null return" +
  " super switch this throw true try type typeof var void while with yield ";

/** Type of a column's field as it is written: "string | null". */
export function writtenType(column: Column): string {
  return column.nullable ? column.fieldType + " | null" : column.fieldType;
}

/** Names of columns in the database. */
export function namesOf(columns: Column[]): string[] {
  const names: string[] = [];
  for (let i = 0; i < columns.length; i++) names.push(columns[i].name);
  return names;
}

/** What a parameter for the column is called: as its field, where that can be. */
export function parameterOf(column: Column): string {
  return WORDS.includes(" " + column.field + " ") ? column.field + "_" : column.field;
}

/** Whether a type is one of whole numbers. */
export function isWhole(type: string): bool {
  return ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"].includes(type);
}

/** Statement that makes room for `count` arguments. */
export function argsFor(count: i32): string {
  return `  const args = new SqlArgs(${count});\n`;
}

/** Statement that adds a field's value; `left`: null where it says nothing. */
export function putOf(column: Column, value: string, left: bool): string {
  return `  args.${left ? "putOrDefault" : "put"}<${writtenType(column)}>(${value});\n`;
}

/** Statements that make `row`, an object of `name` whose fields are all set behind them. */
export function newRow(name: string, firstField: string): string {
  const raw = `changetype<${name}>(__new(offsetof<${name}>(), idof<${name}>()))`;
  const isFirst = `offsetof<${name}>(${quote(firstField)}) == 0`;
  return `  const row: ${name} = ${isFirst} ? ${raw} : new ${name}();\n`;
}
