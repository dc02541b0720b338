// Owns the judgement whether a statement stays within what its cell owns: one statement that reads
// or changes rows, of tables of its own schema or granted ones, without functions that reach
// further (forbidden.ts). The text is parsed by PostgreSQL's own parser and refused when in doubt;
// it is never run here. Roles in the database are the second fence, where the login may make them.
import { loadModule, parseSync } from 'libpg-query';
import { isForbiddenFunction, isForbiddenType, SEQUENCES } from './forbidden.ts';

/** What a cell may reach. */
export interface Reach {
  /** The schema that it owns. */
  schema: string;
  /** Tables (and functions) of others that it may read, `public.orders`. */
  reads: readonly string[];
}

/** `fault`: why the statement is refused, for people; null = it is not. */
export interface Judgement {
  fault: string | null;
  /** It changes rows or sequences. */
  writes: boolean;
}

type Node = { [key: string]: unknown };

const STATEMENTS = ['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'];
const MAY = 'a cell may select, insert, update, delete and merge';
/** Nodes deeper than that are refused: JavaScript's stack is not for guests to fill. */
const DEPTH = 600;

/** Loads the parser, once: 70 ms. */
export async function loadJudge(): Promise<void> {
  await loadModule();
}

/** Judges one text; `loadJudge` has resolved. Never throws. */
export function judge(text: string, reach: Reach): Judgement {
  const walk = new Walk(reach);
  try {
    const { stmts = [] } = parseSync(text) as unknown as { stmts?: { stmt: Node }[] };
    if (stmts.length !== 1) {
      return { fault: `it is ${stmts.length} statements; ${MAY}, one at a time`, writes: true };
    }
    const kind = Object.keys(stmts[0].stmt)[0];
    if (!STATEMENTS.includes(kind)) return { fault: `${kindOf(kind)}: ${MAY}`, writes: true };
    walk.visit(stmts[0].stmt, 0);
    walk.end();
    return { fault: null, writes: walk.writes };
  } catch (error) {
    const fault = error instanceof Refused ? error.message : `it cannot be read: ${said(error)}`;
    return { fault, writes: true };
  }
}

const said = (error: unknown): string =>
  error instanceof RangeError ? 'it is nested too deeply' : String((error as Error).message);

/** `CopyStmt` -> `it is a copy statement`. */
function kindOf(node: string): string {
  const words = node.replace(/Stmt$/, '').replace(/([a-z])([A-Z])/g, '$1 $2');
  return `it is a ${words.toLowerCase()} statement`;
}

class Refused extends Error {}

/** The name in a list of String nodes: its last part, and its schema, '' = none was written. */
function nameOf(list: unknown): { schema: string; name: string; parts: number } {
  const parts = (list as { String?: { sval?: string } }[]).map((p) => p.String?.sval ?? '');
  return { name: parts.at(-1) ?? '', schema: parts.at(-2) ?? '', parts: parts.length };
}

class Walk {
  writes = false;
  private readonly reach: Reach;
  /** A table of others is read; rows are locked. */
  private foreign = '';
  private locks = false;
  /** Names of functions in FROM: `f.g` of such an `f` is the call g(f). */
  private readonly scalars = new Set<string>();
  private readonly fields: [of: string, name: string][] = [];

  constructor(reach: Reach) {
    this.reach = reach;
  }

  /** What can only be said of the whole. */
  end(): void {
    for (const [of, name] of this.fields) {
      if (this.scalars.has(of) || this.scalars.has('')) this.field(name);
    }
    if (!this.locks || this.foreign === '') return;
    throw new Refused(`it locks rows, and reads ${this.foreign}, which is not its own`);
  }

  visit(value: unknown, depth: number): void {
    if (depth > DEPTH) throw new Refused('it is nested too deeply');
    if (Array.isArray(value)) {
      for (const item of value) this.visit(item, depth + 1);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        this.look(key, inner as Node);
        this.visit(inner, depth + 1);
      }
    }
  }

  private look(key: string, node: Node): void {
    if (/^[A-Z][A-Za-z]*Stmt$/.test(key)) this.statement(key);
    switch (key) {
      case 'RangeVar':
        return this.table(node, false);
      case 'relation':
        // Bare in statements that change rows; a wrapped one is looked at as a RangeVar.
        return this.table(node, true);
      case 'FuncCall':
        return this.call(node.funcname, node.args);
      case 'A_Indirection':
        return this.indirection(node.indirection);
      case 'ColumnRef':
        return this.column(node.fields);
      case 'RangeFunction':
        this.scalars.add((node.alias as { aliasname?: string } | undefined)?.aliasname ?? '');
        return;
      case 'RangeTableSample':
        return this.call(node.method, []);
      case 'typeName':
      case 'TypeName':
        return this.type(node.names);
      case 'name':
      case 'operName':
      case 'useOp':
      case 'collname':
        if (Array.isArray(node)) this.named(node, key === 'collname' ? 'collation' : 'operator');
        return;
      case 'lockingClause':
        this.locks = true;
        return;
      case 'intoClause':
        throw new Refused(`it makes a table (select into); ${MAY}`);
      case 'CurrentOfExpr':
        throw new Refused('it names a cursor, and cells have none');
      default:
    }
  }

  private statement(kind: string): void {
    if (!STATEMENTS.includes(kind)) throw new Refused(`${kindOf(kind)}: ${MAY}`);
    if (kind !== 'SelectStmt') this.writes = true;
  }

  private table(node: Node, written: boolean): void {
    const { catalogname, schemaname, relname } = node as Record<string, string | undefined>;
    const { schema, reads } = this.reach;
    if (relname === undefined) return;
    if (catalogname !== undefined)
      throw new Refused(`it names another database, \`${catalogname}\``);
    if (schemaname === undefined) {
      // The server looks into pg_catalog first, whatever the search path says.
      if (!/^pg_/i.test(relname)) return;
      throw new Refused(`it reads the server's own table \`${relname}\``);
    }
    if (schemaname === schema) return;
    const full = `${schemaname}.${relname}`;
    if (written) throw new Refused(`it changes ${full}, which is not in its schema \`${schema}\``);
    if (!reads.includes(full)) {
      // A schema is its cell's name, with `_` for `-`.
      const cell = schema.includes('_') ? `'${schema.replaceAll('_', '-')}'` : schema;
      const grant = `grants: { ${cell}: { sql: { read: ['${full}'] } } }`;
      throw new Refused(`it reads ${full}, which is not granted; in cell.config.ts: ${grant}`);
    }
    this.foreign = full;
  }

  private call(list: unknown, args: unknown): void {
    const { schema, name, parts } = nameOf(list);
    this.own(schema, name, parts, 'function');
    if (schema === this.reach.schema) return;
    if (isForbiddenFunction(name)) throw new Refused(`it calls \`${name}\`, which no cell may`);
    if (!SEQUENCES.has(name)) return;
    if (name !== 'currval') this.writes = true;
    if (!ownSequence(args, this.reach.schema)) {
      throw new Refused(`it calls \`${name}\` of a sequence that is not its own`);
    }
  }

  /** `(x).f`: PostgreSQL calls f(x) where x has no such field. */
  private indirection(list: unknown): void {
    for (const { String: part } of (list ?? []) as { String?: { sval?: string } }[]) {
      if (part?.sval !== undefined) this.field(part.sval);
    }
  }

  /** `a.f`: rows are looked at only as a whole, and nothing that is forbidden takes a row. */
  private column(list: unknown): void {
    const { schema, name } = nameOf(list ?? []);
    if (schema !== '') this.fields.push([schema, name]);
  }

  private field(name: string): void {
    if (!isForbiddenFunction(name) && !SEQUENCES.has(name)) return;
    throw new Refused(`it calls \`${name}\` as a field, which no cell may`);
  }

  private type(list: unknown): void {
    const { schema, name, parts } = nameOf(list ?? []);
    this.own(schema, name, parts, 'type');
    if (isForbiddenType(name)) throw new Refused(`it casts to \`${name}\`, which no cell may`);
  }

  private named(list: unknown, what: string): void {
    const { schema, name, parts } = nameOf(list);
    this.own(schema, name, parts, what);
  }

  /** Things that code of the server stands behind are the server's, the cell's, or granted. */
  private own(schema: string, name: string, parts: number, what: string): void {
    if (parts > 2) throw new Refused(`it names the ${what} \`${name}\` of another database`);
    if (schema === '' || schema === 'pg_catalog' || schema === this.reach.schema) return;
    const full = `${schema}.${name}`;
    if (this.reach.reads.includes(full)) return;
    throw new Refused(`it uses the ${what} ${full}, which is not granted (sql.read)`);
  }
}

/** Whether the first argument is a literal name of a sequence in `schema`, or without a schema. */
function ownSequence(args: unknown, schema: string): boolean {
  const [first] = (args ?? []) as { A_Const?: { sval?: { sval?: string } } }[];
  const name = first?.A_Const?.sval?.sval;
  if (name === undefined) return false;
  const [, own, sequence] = /^(?:"?([a-z0-9_$]+)"?\.)?"?([A-Za-z0-9_$]+)"?$/.exec(name) ?? [];
  return sequence !== undefined && !/^pg_/i.test(sequence) && (own === undefined || own === schema);
}
