// Owns what a statement names: its tables and what it does to them, its parameters, where they
// first stand, and the columns that they are assigned to. Reads the tree, asks nobody.
import type { InsertStmt, Node, RangeVar, UpdateStmt } from 'libpg-query';

/** A table as the text names it; schema '' = by the search path. */
export interface Named {
  schema: string;
  name: string;
  writes: boolean;
  /** Byte of the text where the name begins. */
  at: number;
}

export interface Outline {
  tables: Named[];
  /** It changes something, or locks rows. */
  writes: boolean;
  /** By number: byte of the first place. */
  places: Map<number, number>;
  /** Parameters that are assigned to a column as they are. */
  assigned: { number: number; schema: string; table: string; column: string | number }[];
}

/** Functions with an effect that every cell may have: a sequence moves on. */
const MOVING = new Set(['nextval', 'setval']);

/** Reads what `statement` names. */
export function outlineOf(statement: Node): Outline {
  const outline: Outline = { tables: [], writes: false, places: new Map(), assigned: [] };
  const withs = withNames(statement);
  walk(statement, (tag, body) => {
    if (tag === 'RangeVar') addTable(outline, body as RangeVar, false, withs);
    else if (tag === 'ParamRef') {
      const { number = 0, location = 0 } = body as { number?: number; location?: number };
      const before = outline.places.get(number);
      if (before === undefined || location < before) outline.places.set(number, location);
    } else if (tag === 'LockingClause') outline.writes = true;
    else if (tag === 'FuncCall') {
      if (MOVING.has(lastName(body.funcname as Node[] | undefined))) outline.writes = true;
    } else if (/^(?:Insert|Update|Delete|Merge)Stmt$/.test(tag)) {
      outline.writes = true;
      // Of a statement that writes, the target is no node of its own: a plain RangeVar.
      addTable(outline, body.relation as RangeVar, true, NONE);
      if (tag === 'InsertStmt') assignInsert(outline, body as InsertStmt);
      if (tag === 'UpdateStmt') assignUpdate(outline, body as UpdateStmt);
    }
  });
  return outline;
}

const NONE: ReadonlySet<string> = new Set();

type Body = Record<string, unknown>;

/** Hands every tagged node below `value` to `visit`, in the order of the tree. */
export function walk(value: unknown, visit: (tag: string, body: Body) => void): void {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (Array.isArray(one)) {
      for (let i = one.length - 1; i >= 0; i--) open.push(one[i]);
      continue;
    }
    if (typeof one !== 'object' || one === null) continue;
    const entries = Object.entries(one);
    for (const [key, body] of entries) {
      if (/^[A-Z]/.test(key) && typeof body === 'object' && body !== null) visit(key, body as Body);
    }
    for (let i = entries.length - 1; i >= 0; i--) open.push(entries[i]?.[1]);
  }
}

function withNames(statement: Node): Set<string> {
  const names = new Set<string>();
  walk(statement, (tag, body) => {
    if (tag === 'CommonTableExpr') names.add(String(body.ctename ?? ''));
  });
  return names;
}

const lastName = (nodes: Node[] | undefined): string => {
  const last = nodes?.at(-1);
  return last !== undefined && 'String' in last ? (last.String.sval ?? '') : '';
};

function addTable(
  { tables }: Outline,
  range: RangeVar | undefined,
  writes: boolean,
  withs: ReadonlySet<string>,
): void {
  const { schemaname: schema = '', relname: name = '', location: at = 0 } = range ?? {};
  if (schema === '' && withs.has(name)) return;
  const known = tables.find((one) => one.schema === schema && one.name === name);
  if (known === undefined) tables.push({ schema, name, writes, at });
  else known.writes ||= writes;
}

/** The parameter that an expression is, casts aside; null: it is something else. */
function parameterOf(node: Node | undefined): number | null {
  if (node === undefined) return null;
  if ('ParamRef' in node) return node.ParamRef.number ?? null;
  return 'TypeCast' in node ? parameterOf(node.TypeCast.arg) : null;
}

function assignInsert({ assigned }: Outline, { relation, cols, selectStmt }: InsertStmt): void {
  if (selectStmt === undefined || !('SelectStmt' in selectStmt)) return;
  const { valuesLists, targetList } = selectStmt.SelectStmt;
  const rows = (valuesLists ?? []).map((list) => ('List' in list ? (list.List.items ?? []) : []));
  if (targetList !== undefined) {
    rows.push(targetList.map((one) => ('ResTarget' in one ? (one.ResTarget.val ?? one) : one)));
  }
  const names = cols?.map((one) => ('ResTarget' in one ? (one.ResTarget.name ?? '') : ''));
  const { schemaname: schema = '', relname: table = '' } = relation ?? {};
  for (const row of rows) {
    row.forEach((value, i) => {
      const number = parameterOf(value);
      if (number !== null) assigned.push({ number, schema, table, column: names?.[i] ?? i });
    });
  }
}

function assignUpdate({ assigned }: Outline, { relation, targetList }: UpdateStmt): void {
  const { schemaname: schema = '', relname: table = '' } = relation ?? {};
  for (const set of targetList ?? []) {
    if (!('ResTarget' in set) || set.ResTarget.indirection !== undefined) continue;
    const number = parameterOf(set.ResTarget.val);
    const column = set.ResTarget.name ?? '';
    if (number !== null) assigned.push({ number, schema, table, column });
  }
}
