// Owns types where SQLite has none: of parameters and expressions, by what stands beside them. The
// names are those of PostgreSQL, as everywhere. What nobody can tell is text.
import type { Node } from 'libpg-query';
import { walk } from './outline.ts';
import { type Catalogue, namesOf } from './scope.ts';

/**
 * The type that a column was declared with: `timestamptz text` -> `timestamptz`, `int4 array text`
 * -> `int4[]`, `numeric text(10,2)` -> `numeric(10,2)`. The last word of others says how SQLite
 * keeps them.
 */
export function declaredType(declared: string): string {
  const lower = declared.toLowerCase().trim();
  const [, words = lower, size = ''] =
    /^(.*?)\s+(?:text|blob|int|integer|real)(\(.*\))?$/.exec(lower) ?? [];
  const type = NAMES.get(words) ?? words;
  return `${type.replace(/\s+array$/, '[]')}${size}`;
}

/** SQLite's own words, and those of SQL. */
const NAMES = new Map(
  Object.entries({
    ...{ integer: 'int8', int: 'int8', bigint: 'int8', real: 'float8', double: 'float8' },
    ...{ blob: 'bytea', boolean: 'bool', 'double precision': 'float8', '': 'text' },
  }),
);

/** Functions whose type does not depend on their arguments. */
const FUNCTIONS = new Map(
  Object.entries({
    ...{ count: 'int8', length: 'int8', total: 'float8', avg: 'float8', changes: 'int8' },
    ...{ lower: 'text', upper: 'text', trim: 'text', substr: 'text', replace: 'text' },
    ...{ printf: 'text', format: 'text', hex: 'text', typeof: 'text', group_concat: 'text' },
    ...{ date: 'text', time: 'text', datetime: 'text', strftime: 'text', concat: 'text' },
    ...{ random: 'int8', unixepoch: 'int8', instr: 'int8', row_number: 'int8', rank: 'int8' },
    ...{ dense_rank: 'int8', julianday: 'float8', randomblob: 'bytea', unicode: 'int8' },
  }),
);

/** Functions that have the type of their first argument. */
const SAME = new Set(['min', 'max', 'abs', 'sum', 'coalesce', 'ifnull', 'nullif', 'iif']);

export class Types {
  readonly #statement: Node;
  readonly #catalogue: Catalogue;
  /** Tables that the text names, by name and alias. */
  readonly #tables = new Map<string, string>();
  readonly #parameters = new Map<number, string>();

  constructor(statement: Node, catalogue: Catalogue) {
    this.#statement = statement;
    this.#catalogue = catalogue;
    walk(statement, (tag, body) => {
      if (tag === 'RangeVar') this.#table(body);
      else if (/^(?:Insert|Update|Delete)Stmt$/.test(tag)) this.#table(body.relation as never);
    });
    walk(statement, (tag, body) => this.#learn(tag, body));
  }

  /** Of `$number`. */
  parameter(number: number): string {
    return this.#parameters.get(number) ?? 'text';
  }

  /** Of a result's column that is no column of a table. */
  output(index: number): string {
    const targets = targetsOf(this.#statement);
    const target = targets[index];
    const value = target !== undefined && 'ResTarget' in target ? target.ResTarget.val : undefined;
    return this.#of(value) ?? 'text';
  }

  #table(body: Record<string, unknown>): void {
    const name = String(body.relname ?? '');
    const alias = (body.alias as { aliasname?: string } | undefined)?.aliasname;
    this.#tables.set(alias ?? name, name);
  }

  #column(names: readonly string[]): string | null {
    const column = names.at(-1);
    const of = names.at(-2);
    const tables = of === undefined ? [...this.#tables.values()] : [this.#tables.get(of) ?? of];
    for (const table of tables) {
      const found = this.#catalogue('', table)?.columns.find(({ name }) => name === column);
      if (found !== undefined) return found.type;
    }
    return null;
  }

  /** The type of an expression; null: it does not tell. */
  #of(node: Node | undefined): string | null {
    if (node === undefined) return null;
    if ('ColumnRef' in node) return this.#column(namesOf(node.ColumnRef.fields) ?? []);
    if ('TypeCast' in node) {
      const name = namesOf(node.TypeCast.typeName?.names)?.at(-1);
      return name === undefined ? null : declaredType(name);
    }
    if ('A_Const' in node) {
      const { ival, fval, boolval } = node.A_Const;
      if (ival !== undefined) return 'int8';
      if (fval !== undefined) return 'float8';
      return boolval !== undefined ? 'bool' : 'text';
    }
    if ('CoalesceExpr' in node) return this.#first(node.CoalesceExpr.args);
    if ('FuncCall' in node) {
      const name = namesOf(node.FuncCall.funcname)?.at(-1) ?? '';
      if (!SAME.has(name)) return FUNCTIONS.get(name) ?? null;
      const type = this.#first(node.FuncCall.args);
      return name === 'sum' ? widened(type) : type;
    }
    if ('A_Expr' in node) {
      const operator = namesOf(node.A_Expr.name)?.at(-1) ?? '';
      if (operator === '||') return 'text';
      if (!/^[-+*/%]$/.test(operator)) return 'bool';
      return widened(this.#of(node.A_Expr.lexpr) ?? this.#of(node.A_Expr.rexpr));
    }
    const isTest = 'BoolExpr' in node || 'NullTest' in node || 'BooleanTest' in node;
    if (isTest) return 'bool';
    if ('CaseExpr' in node) {
      const results = (node.CaseExpr.args ?? []).map((one) =>
        'CaseWhen' in one ? one.CaseWhen.result : undefined,
      );
      return this.#first([...results, node.CaseExpr.defresult]);
    }
    if ('SubLink' in node) {
      if (node.SubLink.subLinkType !== 'EXPR_SUBLINK') return 'bool';
      const { subselect } = node.SubLink;
      const [only] = subselect === undefined ? [] : targetsOf(subselect);
      return only !== undefined && 'ResTarget' in only ? this.#of(only.ResTarget.val) : null;
    }
    return null;
  }

  #first(nodes: readonly (Node | undefined)[] | undefined): string | null {
    for (const node of nodes ?? []) {
      const type = this.#of(node);
      if (type !== null) return type;
    }
    return null;
  }

  #set(node: Node | undefined, type: string | null): void {
    if (node === undefined || type === null || !('ParamRef' in node)) return;
    const number = node.ParamRef.number ?? 0;
    if (!this.#parameters.has(number)) this.#parameters.set(number, type);
  }

  /** What stands beside a parameter says its type. */
  #learn(tag: string, body: Record<string, unknown>): void {
    if (tag === 'TypeCast') {
      const { arg } = body as { arg?: Node };
      this.#set(arg, this.#of({ TypeCast: body } as Node));
    } else if (tag === 'A_Expr') {
      const { lexpr, rexpr } = body as { lexpr?: Node; rexpr?: Node };
      const items = rexpr !== undefined && 'List' in rexpr ? (rexpr.List.items ?? []) : [rexpr];
      const known = this.#of(lexpr) ?? this.#first(items);
      this.#set(lexpr, known);
      for (const item of items) this.#set(item, known);
    } else if (tag === 'CoalesceExpr') {
      const { args } = body as { args?: Node[] };
      for (const arg of args ?? []) this.#set(arg, this.#first(args));
    } else if (tag === 'SelectStmt') {
      const { limitCount, limitOffset } = body as { limitCount?: Node; limitOffset?: Node };
      this.#set(limitCount, 'int8');
      this.#set(limitOffset, 'int8');
    } else if (tag === 'InsertStmt') this.#learnInsert(body as never);
    else if (tag === 'UpdateStmt') this.#learnUpdate(body as never);
  }

  #learnInsert(insert: Extract<Node, { InsertStmt: unknown }>['InsertStmt']): void {
    const relation = this.#catalogue('', insert.relation?.relname ?? '');
    const select = insert.selectStmt;
    if (relation === undefined || select === undefined || !('SelectStmt' in select)) return;
    const names = insert.cols?.map((one) => ('ResTarget' in one ? one.ResTarget.name : ''));
    for (const list of select.SelectStmt.valuesLists ?? []) {
      const items = 'List' in list ? (list.List.items ?? []) : [];
      items.forEach((item, i) => {
        const name = names === undefined ? relation.columns[i]?.name : names[i];
        const column = relation.columns.find((one) => one.name === name);
        this.#set(item, column?.type ?? null);
      });
    }
  }

  #learnUpdate(update: Extract<Node, { UpdateStmt: unknown }>['UpdateStmt']): void {
    const relation = this.#catalogue('', update.relation?.relname ?? '');
    for (const set of update.targetList ?? []) {
      if (!('ResTarget' in set)) continue;
      const column = relation?.columns.find(({ name }) => name === set.ResTarget.name);
      this.#set(set.ResTarget.val, column?.type ?? null);
    }
  }
}

/** SQLite computes with 64 bits, and with doubles. */
function widened(type: string | null): string | null {
  if (type === null) return null;
  if (/^int\d$/.test(type)) return 'int8';
  return type === 'float4' ? 'float8' : type;
}

function targetsOf(statement: Node): Node[] {
  if ('SelectStmt' in statement) return statement.SelectStmt.targetList ?? [];
  if ('InsertStmt' in statement) return statement.InsertStmt.returningClause?.exprs ?? [];
  if ('UpdateStmt' in statement) return statement.UpdateStmt.returningClause?.exprs ?? [];
  if ('DeleteStmt' in statement) return statement.DeleteStmt.returningClause?.exprs ?? [];
  return [];
}
