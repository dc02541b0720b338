// Owns whether an expression can be null, as PostgreSQL's own operators and functions are. In
// doubt it can: what is unknown here is nullable.
import type { A_Expr, FuncCall, Node, SelectStmt } from 'libpg-query';
import { namesOf, type Scope } from './scope.ts';

/** Whether the first column of a subquery that gives just one row can be null. */
export type SubqueryNull = (select: SelectStmt, scope: Scope) => boolean;

/** Null exactly when an argument is. */
const STRICT = new Set([
  ...['lower', 'upper', 'initcap', 'length', 'char_length', 'character_length', 'octet_length'],
  ...['btrim', 'ltrim', 'rtrim', 'trim', 'lpad', 'rpad', 'left', 'right', 'repeat', 'reverse'],
  ...['replace', 'translate', 'substr', 'split_part', 'starts_with', 'strpos', 'md5'],
  ...['position', 'overlay', 'ascii', 'chr', 'quote_literal', 'quote_ident', 'to_hex', 'encode'],
  ...['abs', 'ceil', 'ceiling', 'floor', 'round', 'trunc', 'sign', 'sqrt', 'power', 'exp', 'ln'],
  ...['mod', 'div', 'gcd', 'lcm', 'date_trunc', 'to_char', 'timezone'],
  ...['make_date', 'make_interval', 'cardinality', 'sha256', 'sha512', 'decode', 'date_bin'],
]);
/** Never null. */
const NEVER = new Set([
  ...['count', 'now', 'clock_timestamp', 'statement_timestamp', 'transaction_timestamp'],
  ...['timeofday', 'gen_random_uuid', 'uuidv4', 'uuidv7', 'random', 'concat', 'concat_ws', 'pi'],
  ...['row_number', 'rank', 'dense_rank', 'percent_rank', 'cume_dist', 'version'],
  ...['json_build_object', 'jsonb_build_object', 'json_build_array', 'jsonb_build_array'],
  ...['num_nulls', 'num_nonnulls', 'pg_backend_pid', 'txid_current', 'quote_nullable'],
]);
/** Operators that are null exactly when an operand is. Not those of JSON, arrays and ranges. */
const OPERATORS = new Set([
  ...['+', '-', '*', '/', '%', '^', '||', '=', '<>', '!=', '<', '>', '<=', '>='],
  ...['~~', '!~~', '~~*', '!~~*', '~', '~*', '!~', '!~*', '&', '|', '<<', '>>', '@', '|/'],
]);

const unqualified = (names: string[] | null): string => {
  if (names === null) return '';
  if (names.length === 2 && names[0] === 'pg_catalog') return names[1] as string;
  return names.length === 1 ? (names[0] as string) : '';
};

/** Can `node` be null in `scope`? */
export function mayBeNull(node: Node | undefined, scope: Scope, sub: SubqueryNull): boolean {
  if (node === undefined) return true;
  const any = (nodes: readonly Node[] | undefined): boolean =>
    (nodes ?? []).some((one) => mayBeNull(one, scope, sub));
  if ('ColumnRef' in node) {
    const names = namesOf(node.ColumnRef.fields);
    return names === null || (scope.find(names)?.nullable ?? true);
  }
  if ('A_Const' in node) return node.A_Const.isnull === true;
  if ('TypeCast' in node) return mayBeNull(node.TypeCast.arg, scope, sub);
  if ('CollateClause' in node) return mayBeNull(node.CollateClause.arg, scope, sub);
  if ('FuncCall' in node) return callMayBeNull(node.FuncCall, any);
  if ('A_Expr' in node) return operatorMayBeNull(node.A_Expr, scope, sub);
  if ('BoolExpr' in node) return any(node.BoolExpr.args);
  if ('CoalesceExpr' in node) {
    return (node.CoalesceExpr.args ?? []).every((one) => mayBeNull(one, scope, sub));
  }
  if ('MinMaxExpr' in node) {
    return (node.MinMaxExpr.args ?? []).every((one) => mayBeNull(one, scope, sub));
  }
  if ('CaseExpr' in node) {
    const { args, defresult } = node.CaseExpr;
    const results = (args ?? []).map((one) =>
      'CaseWhen' in one ? one.CaseWhen.result : undefined,
    );
    return [...results, defresult].some((one) => mayBeNull(one, scope, sub));
  }
  if ('SQLValueFunction' in node) return node.SQLValueFunction.op === 'SVFOP_CURRENT_SCHEMA';
  if ('SubLink' in node) {
    const { subLinkType, subselect } = node.SubLink;
    if (subLinkType === 'EXISTS_SUBLINK' || subLinkType === 'ARRAY_SUBLINK') return false;
    const one = subLinkType === 'EXPR_SUBLINK' && subselect !== undefined;
    return !(one && 'SelectStmt' in subselect && !sub(subselect.SelectStmt, scope));
  }
  return !(
    'NullTest' in node ||
    'BooleanTest' in node ||
    'A_ArrayExpr' in node ||
    'RowExpr' in node ||
    'GroupingFunc' in node
  );
}

function callMayBeNull(call: FuncCall, any: (nodes?: readonly Node[]) => boolean): boolean {
  const name = unqualified(namesOf(call.funcname));
  if (NEVER.has(name)) return false;
  return !STRICT.has(name) || call.over !== undefined || any(call.args);
}

function operatorMayBeNull(one: A_Expr, scope: Scope, sub: SubqueryNull): boolean {
  const { kind, lexpr, rexpr } = one;
  if (kind === 'AEXPR_DISTINCT' || kind === 'AEXPR_NOT_DISTINCT') return false;
  if (kind === 'AEXPR_NULLIF') return true;
  const items =
    rexpr !== undefined && 'List' in rexpr ? (rexpr.List.items ?? []) : rexpr ? [rexpr] : [];
  const sides = lexpr === undefined ? items : [lexpr, ...items];
  const null_ = sides.some((side) => mayBeNull(side, scope, sub));
  if (kind === 'AEXPR_OP') return !OPERATORS.has(unqualified(namesOf(one.name))) || null_;
  // An array may hold nulls that nobody sees.
  return kind === 'AEXPR_OP_ANY' || kind === 'AEXPR_OP_ALL' || null_;
}

/** Aggregates without GROUP BY give one row, whatever the tables hold. */
export function isOneRow(select: SelectStmt): boolean {
  const { targetList, groupClause, havingClause, limitCount, limitOffset, op } = select;
  if (groupClause !== undefined || havingClause !== undefined) return false;
  if (limitCount !== undefined || limitOffset !== undefined || op !== 'SETOP_NONE') return false;
  if (select.fromClause === undefined && select.whereClause === undefined) return true;
  const [only] = targetList ?? [];
  const value = only !== undefined && 'ResTarget' in only ? only.ResTarget.val : undefined;
  if (value === undefined || !('FuncCall' in value) || value.FuncCall.over !== undefined) {
    return false;
  }
  return AGGREGATES.has(unqualified(namesOf(value.FuncCall.funcname)));
}

const AGGREGATES = new Set([
  ...['count', 'sum', 'avg', 'min', 'max', 'bool_and', 'bool_or', 'every', 'array_agg'],
  ...['string_agg', 'json_agg', 'jsonb_agg'],
]);

/**
 * What a condition proves where it holds: columns that it compares are not null. Its proof is
 * written into the columns.
 */
export function prove(condition: Node | undefined, scope: Scope): void {
  if (condition === undefined) return;
  if ('BoolExpr' in condition) {
    if (condition.BoolExpr.boolop !== 'AND_EXPR') return;
    for (const part of condition.BoolExpr.args ?? []) prove(part, scope);
  } else if ('NullTest' in condition) {
    if (condition.NullTest.nulltesttype === 'IS_NOT_NULL') solid(condition.NullTest.arg, scope);
  } else if ('A_Expr' in condition) {
    const { kind, name, lexpr, rexpr } = condition.A_Expr;
    const strict = OPERATORS.has(unqualified(namesOf(name)));
    if (kind === 'AEXPR_OP' && strict) {
      solid(lexpr, scope);
      solid(rexpr, scope);
    } else if (PROVING.has(kind ?? '')) solid(lexpr, scope);
  }
}

const PROVING: ReadonlySet<string> = new Set([
  ...['AEXPR_IN', 'AEXPR_LIKE', 'AEXPR_ILIKE', 'AEXPR_SIMILAR', 'AEXPR_BETWEEN', 'AEXPR_OP_ANY'],
]);

/** The expression is not null: nor is the column that it is, or is a plain function of. */
function solid(node: Node | undefined, scope: Scope): void {
  if (node === undefined) return;
  if ('ColumnRef' in node) {
    const names = namesOf(node.ColumnRef.fields);
    // A column of an outer query is another row's affair.
    const found = names === null ? null : scope.find(names);
    const own = found !== null && (scope.star.includes(found) || held(scope, found));
    if (own) found.nullable = false;
  } else if ('TypeCast' in node) solid(node.TypeCast.arg, scope);
  else if ('FuncCall' in node) {
    if (!STRICT.has(unqualified(namesOf(node.FuncCall.funcname)))) return;
    for (const argument of node.FuncCall.args ?? []) solid(argument, scope);
  }
}

const held = (scope: Scope, column: { name: string }): boolean =>
  scope.sources.some(({ columns }) => columns.some((one) => one === column));
