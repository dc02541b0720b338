// Owns texts that the build writes: lines, each with the decorator that it comes from, and what
// follows from that: a source map, and the origin of an offset. Never reads a line's meaning.
import type { SourceMapSegment } from '@jridgewell/remapping';
import type { Origin } from './origin.ts';

/** An emitted text, its map to the user's texts, and where its offsets come from. */
export interface Emitted {
  text: string;
  map: { version: 3; names: string[]; sources: string[]; mappings: SourceMapSegment[][] };
  /** What stands at an offset: a place of the user's own text, a macro's, or the build's (null). */
  place(offset: number): { at: number } | { origin: Origin } | null;
}

/** Lines of generated text. `origin` null: the build's own. A line may hold line ends. */
export interface GeneratedLine {
  text: string;
  origin: Origin | null;
  /** Code of several places: errors are told at `origin`, the map does not lead there. */
  shared?: boolean;
}

/** Line and column of offsets, both from 0, in steps of log n. */
export class LineTable {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) {
      this.#starts.push(i + 1);
    }
  }

  place(offset: number): [line: number, column: number] {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return [low, offset - this.#starts[low]];
  }
}

/** The user's sources as maps name them, with their lines. */
export class Sources {
  readonly #paths = new Map<unknown, string>();
  readonly #lines = new Map<unknown, LineTable>();

  /** `sources`: path relative to the root of the build -> source. */
  constructor(sources: ReadonlyMap<string, { text: string }>) {
    for (const [path, source] of sources) this.#paths.set(source, path);
  }

  /** Where a decorator stands: path, line, column, the latter two from 0. */
  placeOf({ source, at }: Origin): { path: string; line: number; column: number } {
    const path = this.#paths.get(source);
    if (path === undefined) throw new Error(`${source.path} is not of this build`);
    const table = this.#lines.get(source) ?? new LineTable(source.text);
    this.#lines.set(source, table);
    const [line, column] = table.place(at.start);
    return { path, line, column };
  }
}

/** Names of sources in a map, by index. */
export class SourceList {
  readonly paths: string[];

  constructor(first: string) {
    this.paths = [first];
  }

  index(path: string): number {
    const known = this.paths.indexOf(path);
    return known >= 0 ? known : this.paths.push(path) - 1;
  }
}

/**
 * A whole generated file, `path` in the build. What no macro made maps to the file itself: a frame
 * there is the build's.
 */
export function generatedFile(
  path: string,
  lines: readonly GeneratedLine[],
  sources: Sources,
): Emitted {
  const list = new SourceList(path);
  const mappings: SourceMapSegment[][] = [];
  const owners: (Origin | null)[] = [];
  for (const { text, origin, shared } of lines) {
    const place = origin === null || shared ? null : sources.placeOf(origin);
    const index = place === null ? 0 : list.index(place.path);
    for (let n = text.split('\n').length; n > 0; n--) {
      mappings.push([
        place === null ? [0, 0, mappings.length, 0] : [0, index, place.line, place.column],
      ]);
      owners.push(origin);
    }
  }
  const text = lines.map((line) => `${line.text}\n`).join('');
  let table: LineTable | undefined;
  return {
    text,
    map: { version: 3, names: [], sources: list.paths, mappings },
    place(offset) {
      table ??= new LineTable(text);
      const origin = owners[table.place(offset)[0]] ?? null;
      return origin === null ? null : { origin };
    },
  };
}
