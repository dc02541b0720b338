// Owns which columns a statement gives, in order, and whether each can be null: outer joins, set
// operations, WITH, subqueries and RETURNING are followed. What is beyond it is a Doubt.
import type {
  CommonTableExpr,
  JoinExpr,
  Node,
  RangeVar,
  SelectStmt,
  WithClause,
} from 'libpg-query';
import { isOneRow, mayBeNull, prove } from './expressions.ts';
import {
  type Catalogue,
  type Column,
  copied,
  Doubt,
  type From,
  joined,
  namesOf,
  Scope,
  source,
} from './scope.ts';

/** A column of a result. `at`: byte where its expression begins; -1 = it came of a star. */
export interface Output extends Column {
  at: number;
}

/** The columns of a statement; null: in doubt. */
export function outputsOf(statement: Node, catalogue: Catalogue): Output[] | null {
  try {
    return new Reader(catalogue).statement(statement, null);
  } catch (error) {
    if (error instanceof Doubt || error instanceof RangeError) return null;
    throw error;
  }
}

class Reader {
  readonly #catalogue: Catalogue;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  statement(node: Node, outer: Scope | null): Output[] {
    if ('SelectStmt' in node) return this.#select(node.SelectStmt, outer);
    const scope = new Scope(outer);
    if ('InsertStmt' in node) {
      const { relation, withClause, returningClause } = node.InsertStmt;
      this.#withs(withClause, scope);
      scope.add(this.#table(relation, scope));
      return this.#targets(returningClause?.exprs, scope);
    }
    if ('DeleteStmt' in node) {
      const { relation, usingClause, whereClause, returningClause, withClause } = node.DeleteStmt;
      this.#withs(withClause, scope);
      scope.add(this.#table(relation, scope));
      for (const item of usingClause ?? []) scope.add(this.#from(item, scope));
      prove(whereClause, scope);
      return this.#targets(returningClause?.exprs, scope);
    }
    if ('UpdateStmt' in node) return this.#update(node.UpdateStmt, scope);
    if ('MergeStmt' in node) {
      // A row of RETURNING may be one that has no source, or none that stays.
      const { relation, returningClause, withClause } = node.MergeStmt;
      if (returningClause === undefined) return [];
      this.#withs(withClause, scope);
      void relation;
    }
    throw new Doubt();
  }

  #update(update: Extract<Node, { UpdateStmt: unknown }>['UpdateStmt'], scope: Scope): Output[] {
    const { relation, targetList, fromClause, whereClause, returningClause, withClause } = update;
    this.#withs(withClause, scope);
    const target = this.#table(relation, scope);
    const before = copied(target.star);
    scope.add(target);
    for (const item of fromClause ?? []) scope.add(this.#from(item, scope));
    prove(whereClause, scope);
    // RETURNING tells the new values: what the condition proved was the old one.
    for (const set of targetList ?? []) {
      const name = 'ResTarget' in set ? set.ResTarget.name : undefined;
      const at = before.findIndex((column) => column.name === name);
      const [now, was] = [target.star[at], before[at]];
      if (now !== undefined && was !== undefined) now.nullable = was.nullable;
    }
    return this.#targets(returningClause?.exprs, scope);
  }

  #select(select: SelectStmt, outer: Scope | null): Output[] {
    const scope = new Scope(outer);
    this.#withs(select.withClause, scope);
    if (select.op !== undefined && select.op !== 'SETOP_NONE') return this.#setOf(select, scope);
    if (select.valuesLists !== undefined) return this.#values(select.valuesLists, scope);
    for (const item of select.fromClause ?? []) scope.add(this.#from(item, scope));
    prove(select.whereClause, scope);
    const outputs = this.#targets(select.targetList, scope);
    const sets = (select.groupClause ?? []).some((node) => 'GroupingSet' in node);
    return sets ? outputs.map((one) => ({ ...one, nullable: true })) : outputs;
  }

  #setOf({ op, larg, rarg }: SelectStmt, scope: Scope): Output[] {
    if (larg === undefined || rarg === undefined) throw new Doubt();
    const left = this.#select(larg, scope);
    const right = this.#select(rarg, scope);
    if (left.length !== right.length) throw new Doubt();
    if (op === 'SETOP_EXCEPT') return left;
    return left.map((one, i) => ({
      ...one,
      nullable: one.nullable || (right[i]?.nullable ?? true),
    }));
  }

  #values(lists: readonly Node[], scope: Scope): Output[] {
    const rows = lists.map((list) => ('List' in list ? (list.List.items ?? []) : []));
    const [first = []] = rows;
    return first.map((_, i) => ({
      name: `column${i + 1}`,
      nullable: rows.some((row) => this.#null(row[i], scope)),
      at: -1,
    }));
  }

  #targets(targets: readonly Node[] | undefined, scope: Scope): Output[] {
    const outputs: Output[] = [];
    for (const target of targets ?? []) {
      if (!('ResTarget' in target)) throw new Doubt();
      const { val, name, location = 0 } = target.ResTarget;
      const star = val === undefined ? null : starOf(val);
      if (star === null) {
        outputs.push({ name: name ?? nameOf(val), nullable: this.#null(val, scope), at: location });
        continue;
      }
      const columns = star === '' ? scope.star : scope.of(star)?.columns;
      if (columns === undefined) throw new Doubt();
      outputs.push(...copied(columns).map((column) => ({ ...column, at: location })));
    }
    return outputs;
  }

  #null(node: Node | undefined, scope: Scope): boolean {
    return mayBeNull(node, scope, (select, outer) => {
      if (!isOneRow(select)) return true;
      return this.#select(select, outer)[0]?.nullable ?? true;
    });
  }

  #withs(clause: WithClause | undefined, scope: Scope): void {
    for (const node of clause?.ctes ?? []) {
      if (!('CommonTableExpr' in node)) throw new Doubt();
      this.#with(node.CommonTableExpr, clause?.recursive === true, scope);
    }
  }

  #with(
    { ctename = '', aliascolnames, ctequery }: CommonTableExpr,
    deep: boolean,
    scope: Scope,
  ): void {
    if (ctequery === undefined) throw new Doubt();
    const names = namesOf(aliascolnames) ?? [];
    const first =
      deep && 'SelectStmt' in ctequery && ctequery.SelectStmt.op === 'SETOP_UNION'
        ? ctequery.SelectStmt.larg
        : undefined;
    const outputs =
      first === undefined ? this.statement(ctequery, scope) : this.#select(first, scope);
    const columns = outputs.map(({ name, nullable }, i) => ({
      name: names[i] ?? name,
      // What a recursive part adds is not followed.
      nullable: nullable || first !== undefined,
    }));
    scope.withs.set(ctename, columns);
  }

  #from(node: Node, scope: Scope): From {
    if ('RangeVar' in node) return this.#table(node.RangeVar, scope);
    if ('JoinExpr' in node) return this.#join(node.JoinExpr, scope);
    if ('RangeSubselect' in node) {
      const { subquery, alias, lateral } = node.RangeSubselect;
      if (subquery === undefined) throw new Doubt();
      const inner = this.statement(subquery, lateral === true ? scope : beneath(scope));
      const names = namesOf(alias?.colnames) ?? [];
      const columns = inner.map(({ name, nullable }, i) => ({ name: names[i] ?? name, nullable }));
      return source(alias?.aliasname ?? '', columns);
    }
    if ('RangeFunction' in node) {
      const { alias, functions, ordinality, coldeflist } = node.RangeFunction;
      if (coldeflist !== undefined || functions?.length !== 1) throw new Doubt();
      const name = functionName(functions[0] as Node);
      const names = namesOf(alias?.colnames) ?? [];
      const only = { name: names[0] ?? alias?.aliasname ?? name, nullable: true };
      if (name === 'generate_series') only.nullable = false;
      const count = { name: names[1] ?? 'ordinality', nullable: false };
      return source(alias?.aliasname ?? name, ordinality === true ? [only, count] : [only]);
    }
    if ('RangeTableSample' in node && node.RangeTableSample.relation !== undefined) {
      return this.#from(node.RangeTableSample.relation, scope);
    }
    throw new Doubt();
  }

  #join(
    { jointype, isNatural, larg, rarg, usingClause, quals, alias }: JoinExpr,
    scope: Scope,
  ): From {
    if (larg === undefined || rarg === undefined || isNatural === true || alias !== undefined) {
      throw new Doubt();
    }
    const left = this.#from(larg, scope);
    // What stands to the right may look to the left, when it says LATERAL.
    const beside = new Scope(scope);
    beside.add(left);
    const right = this.#from(rarg, beside);
    const from = joined(left, right, jointype ?? 'JOIN_INNER', namesOf(usingClause) ?? []);
    if (jointype === undefined || jointype === 'JOIN_INNER') {
      const both = new Scope(scope);
      both.add(from);
      prove(quals, both);
    }
    return from;
  }

  #table(range: RangeVar | undefined, scope: Scope): From {
    const { schemaname = '', relname = '', alias } = range ?? {};
    const names = namesOf(alias?.colnames) ?? [];
    const renamed = (columns: Column[]): Column[] =>
      columns.map(({ name, nullable }, i) => ({ name: names[i] ?? name, nullable }));
    const shown = alias?.aliasname ?? relname;
    const common = schemaname === '' ? scope.withs.get(relname) : undefined;
    if (common !== undefined) return source(shown, renamed(common));
    const relation = this.#catalogue(schemaname, relname);
    if (relation === undefined) throw new Doubt();
    const columns = relation.columns.map(({ name, notNull }) => ({ name, nullable: !notNull }));
    return source(shown, renamed(columns));
  }
}

/** What a subquery of FROM sees: WITH queries, and what is around the statement; not its FROM. */
function beneath(scope: Scope): Scope {
  const seen = new Scope(scope.outer);
  for (const [name, columns] of scope.withs) seen.withs.set(name, columns);
  return seen;
}

/** `*` -> '', `u.*` -> 'u'; null: no star. */
function starOf(node: Node): string | null {
  if (!('ColumnRef' in node)) return null;
  const names = namesOf(node.ColumnRef.fields) ?? [];
  return names.at(-1) === '*' ? (names.at(-2) ?? '') : null;
}

/** How PostgreSQL calls an expression without a name. */
function nameOf(node: Node | undefined): string {
  if (node === undefined) return '?column?';
  if ('ColumnRef' in node) return namesOf(node.ColumnRef.fields)?.at(-1) ?? '?column?';
  if ('FuncCall' in node) return namesOf(node.FuncCall.funcname)?.at(-1) ?? '?column?';
  if ('TypeCast' in node) {
    const inner = nameOf(node.TypeCast.arg);
    return inner === '?column?' ? (namesOf(node.TypeCast.typeName?.names)?.at(-1) ?? inner) : inner;
  }
  if ('CoalesceExpr' in node) return 'coalesce';
  if ('CaseExpr' in node) return 'case';
  if ('SubLink' in node && node.SubLink.subLinkType === 'EXISTS_SUBLINK') return 'exists';
  return '?column?';
}

function functionName(node: Node): string {
  const [call] = 'List' in node ? (node.List.items ?? []) : [node];
  if (call === undefined || !('FuncCall' in call)) throw new Doubt();
  return namesOf(call.FuncCall.funcname)?.at(-1) ?? '';
}
