// Owns the resolution of names across the local files of a project: what does `User` mean in this
// file? Follows imports, re-exports and aliases; knows nothing of the names that cells and asc
// bring.
import path from 'node:path';
import type { Project } from '../1-read/project.ts';
import type { ClassShape, EnumShape, SourceShape, TypeShape } from '../1-read/shapes.ts';

export type Meaning =
  | { kind: 'class'; source: string; shape: ClassShape }
  | { kind: 'enum'; source: string; shape: EnumShape }
  | { kind: 'alias'; source: string; name: string; type: TypeShape }
  | { kind: 'interface' }
  /** Imported from a package: its text was not read. */
  | { kind: 'foreign' }
  | { kind: 'unknown' };

/**
 * Re-exports followed before giving up. Threat: files that re-export from each other in a circle.
 */
const HOPS = 32;

export class Scope {
  readonly #project: Project;

  constructor(project: Project) {
    this.#project = project;
  }

  /** The shape of a source, by its path. */
  source(path: string): SourceShape {
    return this.#shape(path);
  }

  /** What `name` means inside `source` (a path of the project). */
  resolve(source: string, name: string): Meaning {
    return this.#in(source, name, HOPS);
  }

  /** Every name that `source` declares or imports at its top level. */
  declared(source: string): Set<string> {
    const shape = this.#shape(source);
    const names = new Set<string>([...shape.functions, ...shape.interfaces]);
    for (const list of [shape.classes, shape.enums, shape.variables, shape.aliases]) {
      for (const item of list) names.add(item.name);
    }
    for (const one of shape.imports) {
      for (const n of one.names) names.add(n.local);
      if (one.namespace !== null) names.add(one.namespace);
    }
    return names;
  }

  #shape(source: string): SourceShape {
    const shape = this.#project.sources.get(source);
    if (shape === undefined) throw new Error(`${source} was not read`);
    return shape;
  }

  #in(source: string, name: string, hops: number): Meaning {
    const shape = this.#shape(source);
    const aClass = shape.classes.find((c) => c.name === name);
    if (aClass) return { kind: 'class', source, shape: aClass };
    const anEnum = shape.enums.find((e) => e.name === name);
    if (anEnum) return { kind: 'enum', source, shape: anEnum };
    const alias = shape.aliases.find((a) => a.name === name);
    if (alias) return { kind: 'alias', source, name, type: alias.type };
    if (shape.interfaces.includes(name)) return { kind: 'interface' };
    for (const one of shape.imports) {
      const found = one.names.find((n) => n.local === name);
      if (found) return this.#exported(source, one.path, found.foreign, hops - 1);
      const within = one.names.find((n) => name.startsWith(`${n.local}.`));
      if (within) {
        const rest = name.slice(within.local.length);
        return this.#exported(source, one.path, `${within.foreign}${rest}`, hops - 1);
      }
      if (one.namespace !== null && name.startsWith(`${one.namespace}.`)) {
        return this.#exported(source, one.path, name.slice(one.namespace.length + 1), hops - 1);
      }
    }
    return { kind: 'unknown' };
  }

  #exported(from: string, written: string, name: string, hops: number): Meaning {
    const source = this.#file(from, written);
    if (source === null) return { kind: written.startsWith('.') ? 'unknown' : 'foreign' };
    if (hops <= 0) return { kind: 'unknown' };
    const shape = this.#shape(source);
    const named = shape.exports.find((e) => e.exported === name);
    if (named) {
      return named.from === null
        ? this.#in(source, named.local, hops)
        : this.#exported(source, named.from, named.local, hops - 1);
    }
    const own = this.#in(source, name, hops);
    if (own.kind !== 'unknown') return own;
    for (const one of shape.exportPaths) {
      if (shape.exports.some((e) => e.from === one.path)) continue;
      const through = this.#exported(source, one.path, name, hops - 1);
      if (through.kind !== 'unknown') return through;
    }
    return { kind: 'unknown' };
  }

  #file(from: string, written: string): string | null {
    if (!written.startsWith('.')) return null;
    const base = path.posix.join(path.posix.dirname(from), written.replace(/\.ts$/, ''));
    for (const candidate of [`${base}.ts`, path.posix.join(base, 'index.ts')]) {
      if (this.#project.sources.has(candidate)) return candidate;
    }
    return null;
  }
}
