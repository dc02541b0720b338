// Owns the SQL of a service: every statement and the database that its macros named, judged and
// gathered into `manifest.sql`. Reads no SQL: the cell that contributed it has.
import {
  SQL_READS,
  SQL_SCHEMA,
  SQL_TARGET,
  STATEMENT_CHARS,
  STATEMENT_COLUMNS,
  STATEMENT_PARAMS,
  STATEMENTS,
} from '../../host/schema/sql-limits.ts';
import { statementId } from '../../host/schema/statement-id.ts';
import type { SqlManifest, SqlStatement, SqlValue } from '../../host/schema/types.ts';
import type { Placed } from '../3-negotiate/contract.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { excerptOf } from './contributed-text.ts';
import { originOf } from './origin.ts';

/** `text[]`, `timestamp with time zone`, `numeric(20,0)`; what is encrypted behind `=`. */
const VALUE = /^([^:=]{1,128})(?:=([\s\S]{1,256}))?$/;
/** Name and value of a column. Lazy: an alias in quotes may hold a colon. */
const COLUMN = /^([\s\S]{0,256}?):([^:=]{1,128}(?:=[\s\S]{1,256})?)$/;
const READ = /^[^.\s]{1,63}\.[^.\s]{1,63}$/;

/** Gathers what macros say of SQL. */
export class Statements {
  readonly #findings: Findings;
  readonly #byId = new Map<number, { statement: SqlStatement; from: Placed }>();
  #database: { of: Omit<SqlManifest, 'statements'>; from: Placed } | null = null;
  /** What says a database or statement that is not taken; null: none. */
  readonly #refuse: (one: Placed, reason: string, fix?: string) => void;

  constructor(findings: Findings, refuse: (one: Placed, reason: string, fix?: string) => void) {
    this.#findings = findings;
    this.#refuse = refuse;
  }

  /** A contribution of kind `statement`. */
  statement(one: Placed): void {
    const statement = this.#read(one);
    if (statement === null) return;
    const known = this.#byId.get(statement.id);
    if (known === undefined) {
      if (this.#byId.size < STATEMENTS) this.#byId.set(statement.id, { statement, from: one });
      else this.#refuse(one, `a service has at most ${STATEMENTS} statements`, DIVIDE);
      return;
    }
    const { macro, source, at } = originOf(one);
    const texts = [known.statement.text, statement.text].map(excerptOf);
    if (known.statement.text !== statement.text) {
      const holes = { macro, other: `@${known.from.macro}`, first: texts[0], second: texts[1] };
      this.#findings.report('CELL4110', source, at, { ...holes, id: statement.id });
    } else if (JSON.stringify(known.statement) !== JSON.stringify(statement)) {
      const holes = { macro, other: `@${known.from.macro}`, statement: texts[0] };
      this.#findings.report('CELL4111', source, at, holes);
    }
  }

  /** A contribution of kind `database`: one a service, however often it is said. */
  database(one: Placed): void {
    const [engine, number, hash, ...reads] = one.values;
    const wrong =
      (engine !== 'postgres' && engine !== 'sqlite' && `\`${engine}\` is no engine`) ||
      (!/^\d{1,9}$/.test(number ?? '') && `\`${number}\` is no number of a migration`) ||
      (!/^[\w:-]{0,128}$/.test(hash ?? ' ') && `\`${hash}\` is no hash of a migration`) ||
      (!SQL_SCHEMA.test(one.name) && `\`${one.name}\` is no name of a schema`) ||
      (!SQL_TARGET.test(one.text) && `\`${one.text}\` is no place of a database`) ||
      ((engine === 'sqlite') !== one.text.startsWith('file:') &&
        `a database of ${engine} is not at \`${one.text}\``) ||
      (reads.length > SQL_READS && `it reads ${reads.length} tables; ${SQL_READS} are the most`) ||
      reads.filter((table) => !READ.test(table)).map((table) => `\`${table}\` is no table`)[0];
    if (wrong) return this.#refuse(one, wrong);
    const of: Omit<SqlManifest, 'statements'> = {
      engine: engine as SqlManifest['engine'],
      target: one.text,
      schema: one.name,
      reads: [...new Set(reads)].sort(),
      migration: { number: Number(number), hash },
    };
    const known = this.#database;
    if (known === null) this.#database = { of, from: one };
    else if (JSON.stringify(known.of) !== JSON.stringify(of)) {
      const { macro, source, at } = originOf(one);
      const what = `the database of the service`;
      this.#findings.report('CELL4063', source, at, { macro, what, other: `@${known.from.macro}` });
    }
  }

  /** null: the service has no database. A statement without one is reported. */
  manifest(): SqlManifest | null {
    if (this.#database === null) {
      for (const { from, statement } of this.#byId.values()) {
        const { macro, cell, source, at } = originOf(from);
        const holes = { macro, cell, statement: excerptOf(statement.text) };
        this.#findings.report('CELL4112', source, at, holes);
      }
      return null;
    }
    const statements = [...this.#byId.values()].map((one) => one.statement);
    return { ...this.#database.of, statements: statements.sort((a, b) => a.id - b.id) };
  }

  #read(one: Placed): SqlStatement | null {
    const { text, values } = one;
    const [params = -1, writes = -1] = one.numbers;
    const isCount = Number.isInteger(params) && params >= 0 && params <= values.length;
    const columns = isCount ? values.length - params : 0;
    const wrong =
      (text.length > STATEMENT_CHARS &&
        `a statement has ${text.length} characters; ${STATEMENT_CHARS} are the most`) ||
      (/\0/.test(text) && 'a statement with a NUL in it') ||
      (!text.isWellFormed() && 'a statement that is no Unicode') ||
      (!isCount && `a statement with ${params} parameters in ${values.length} values`) ||
      (writes !== 0 && writes !== 1 && 'a statement that does not say whether it writes') ||
      (params > STATEMENT_PARAMS && `${params} parameters; ${STATEMENT_PARAMS} are the most`) ||
      (columns > STATEMENT_COLUMNS && `${columns} columns; ${STATEMENT_COLUMNS} are the most`);
    if (wrong) {
      this.#refuse(one, wrong);
      return null;
    }
    const odd =
      values.slice(0, params).find((value) => !VALUE.test(value)) ??
      values.slice(params).find((value) => !COLUMN.test(value));
    if (odd !== undefined) {
      this.#refuse(one, `\`${odd}\` is no type of a value`);
      return null;
    }
    return {
      id: statementId(text),
      text,
      writes: writes === 1,
      params: values.slice(0, params).map(valueOf),
      columns: values.slice(params).map((value) => {
        const [, name, rest] = COLUMN.exec(value) as RegExpExecArray;
        return { name, ...valueOf(rest) };
      }),
    };
  }
}

const DIVIDE = 'divide the service: its cells call each other';

function valueOf(text: string): SqlValue {
  const [, type, encrypted] = VALUE.exec(text) as RegExpExecArray;
  return encrypted === undefined ? { type } : { type, encrypted };
}
