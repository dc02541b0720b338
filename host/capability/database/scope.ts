// Owns names within one SELECT, UPDATE, ... : which tables its FROM brings, what their columns are
// called, and whether each can be null where it stands. Columns are objects of one place: an outer
// join makes them nullable, a condition proves that they are not.
import type { Node } from 'libpg-query';

/** A table, a view, or what stands for one. */
export interface Relation {
  schema: string;
  name: string;
  columns: { name: string; type: string; notNull: boolean }[];
}

/** Finds a table; schema '' = by the search path. */
export type Catalogue = (schema: string, name: string) => Relation | undefined;

export interface Column {
  name: string;
  nullable: boolean;
}

/** Columns under one name of a FROM clause. */
export interface Source {
  alias: string;
  columns: Column[];
}

/** What a FROM item brings: its sources, and its columns in the order of `*`. */
export interface From {
  sources: Source[];
  star: Column[];
  /** Columns of USING, which stand for one of each side. */
  merged: Column[];
}

/** The structure of a text is beyond this reader: everything may be null. */
export class Doubt extends Error {}

export class Scope {
  readonly sources: Source[] = [];
  readonly star: Column[] = [];
  readonly #merged: Column[] = [];
  readonly outer: Scope | null;
  /** Columns of WITH queries by name. */
  readonly withs: Map<string, Column[]>;

  constructor(outer: Scope | null) {
    this.outer = outer;
    this.withs = new Map(outer?.withs);
  }

  add({ sources, star, merged }: From): void {
    this.sources.push(...sources);
    this.star.push(...star);
    this.#merged.push(...merged);
  }

  /** The column that `fields` name; null: none is found, or more than one. */
  find(fields: readonly string[]): Column | null {
    const name = fields.at(-1) as string;
    const of = fields.at(-2);
    const found = of === undefined ? this.#plain(name) : this.of(of)?.columns.find(named(name));
    return found ?? this.outer?.find(fields) ?? null;
  }

  of(alias: string): Source | undefined {
    return this.sources.find((source) => source.alias === alias);
  }

  #plain(name: string): Column | undefined {
    const merged = this.#merged.find(named(name));
    if (merged !== undefined) return merged;
    const all = this.sources.flatMap(({ columns }) => columns.filter(named(name)));
    return all.length === 1 ? all[0] : undefined;
  }
}

const named =
  (name: string) =>
  (column: Column): boolean =>
    column.name === name;

/** The texts of a list of String nodes; `*` for a star; null for anything else. */
export function namesOf(nodes: readonly Node[] | undefined): string[] | null {
  const names: string[] = [];
  for (const node of nodes ?? []) {
    if ('String' in node) names.push(node.String.sval ?? '');
    else if ('A_Star' in node) names.push('*');
    else return null;
  }
  return names;
}

/** Columns of a source, for one place of their own. */
export const copied = (columns: readonly Column[]): Column[] =>
  columns.map(({ name, nullable }) => ({ name, nullable }));

/** A FROM item with one name. The columns are shared with it, so that what marks one marks both. */
export function source(alias: string, columns: Column[]): From {
  return { sources: [{ alias, columns }], star: columns, merged: [] };
}

export const nullify = ({ sources }: From): void => {
  for (const { columns } of sources) for (const column of columns) column.nullable = true;
};

/** Joins two FROM items. `using`: names that both have; they come first, once. */
export function joined(left: From, right: From, type: string, using: readonly string[]): From {
  if (type === 'JOIN_LEFT' || type === 'JOIN_FULL') nullify(right);
  if (type === 'JOIN_RIGHT' || type === 'JOIN_FULL') nullify(left);
  const merged = using.map((name): Column => {
    const [l, r] = [left.star.find(named(name)), right.star.find(named(name))];
    if (l === undefined || r === undefined) throw new Doubt();
    if (type === 'JOIN_LEFT') return { name, nullable: l.nullable };
    if (type === 'JOIN_RIGHT') return { name, nullable: r.nullable };
    return { name, nullable: type === 'JOIN_FULL' };
  });
  const rest = ({ star }: From): Column[] => star.filter(({ name }) => !using.includes(name));
  return {
    sources: [...left.sources, ...right.sources],
    star: [...merged, ...rest(left), ...rest(right)],
    merged: [...merged, ...left.merged, ...right.merged],
  };
}
