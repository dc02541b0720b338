// Owns the edits on the user's own text: decorators that were answered become blanks of the same
// length, what macros add is put in, imports and exports stand behind the end. Invariant: without
// additions every position stays what it was; with them, `place` and the map know the way back.
import path from 'node:path';
import type { SourceMapSegment } from '@jridgewell/remapping';
import MagicString from 'magic-string';
import type { SourceShape, Span } from '../1-read/shapes.ts';
import {
  type Emitted,
  type GeneratedLine,
  LineTable,
  SourceList,
  type Sources,
} from './generated-text.ts';
import type { Origin } from './origin.ts';

/** Name under which the entry reaches a declaration, exported or not. */
export const alias = (name: string): string => `__cell_${name}`;

/** Path of the generated entry, relative to the root of the build. */
export const ENTRY = '__cell.ts';

/** A piece that is put in at `at`, or in place of [at, at + removed). */
interface Piece {
  at: number;
  removed: number;
  text: string;
  /** null: the user's own, under another name. */
  origin: Origin | null;
  /** Code of several places: the map leads to the entry, as if the build had made it. */
  shared?: boolean;
}

/** In the order of the emitted text: what is put in at a place stands before what replaces it. */
const inOrder = (a: Piece, b: Piece): number =>
  a.at - b.at || Math.sign(a.removed) - Math.sign(b.removed);

/** One source being edited. `path` is its path in the build. */
export class UserText {
  readonly path: string;
  readonly source: SourceShape;
  readonly pieces: Piece[] = [];
  readonly behind: GeneratedLine[] = [];
  readonly #magic: MagicString;

  constructor(source: SourceShape, path: string) {
    this.source = source;
    this.path = path;
    this.#magic = new MagicString(source.text);
  }

  /** Blanks of the same length; line ends stay. */
  blank({ start, end }: Span): void {
    const text = this.source.text.slice(start, end).replace(/[^\r\n]/g, ' ');
    this.#magic.update(start, end, text);
  }

  /** Another name for the user's own declaration. */
  rename({ start, end }: Span, text: string): void {
    this.#magic.update(start, end, text);
    this.pieces.push({ at: start, removed: end - start, text, origin: null });
  }

  /** A macro's text in place of the user's own. */
  replace({ start, end }: Span, text: string, origin: Origin): void {
    this.#magic.update(start, end, text);
    this.pieces.push({ at: start, removed: end - start, text, origin });
  }

  insert(at: number, text: string, origin: Origin): void {
    this.#magic.appendLeft(at, text);
    this.pieces.push({ at, removed: 0, text, origin });
  }

  /** A line behind the end of the text. */
  append(text: string, origin: Origin | null = null, shared = false): void {
    this.behind.push({ text, origin, shared });
  }

  finish(sources: Sources): Emitted {
    const at = this.source.text.length;
    const pieces = [...this.pieces].sort(inOrder);
    for (const { text, origin, shared } of this.behind) {
      this.#magic.append(`\n${text}`);
      pieces.push({ at, removed: 0, text: `\n${text}`, origin, shared });
    }
    if (this.behind.length > 0) this.#magic.append('\n');
    const text = this.#magic.toString();
    const { mappings } = this.#magic.generateDecodedMap({ hires: 'boundary' });
    const list = new SourceList(this.path);
    const table = new LineTable(text);
    const rows = mappings as SourceMapSegment[][];
    for (const piece of placed(pieces)) this.#map(piece, rows, table, sources, list);
    return {
      text,
      map: { version: 3, names: [], sources: list.paths, mappings: rows },
      place: (offset) => this.#place(offset, pieces),
    };
  }

  /** Segments for a macro's piece; the user's text behind it has its own. */
  #map(
    piece: Piece & { from: number },
    rows: SourceMapSegment[][],
    table: LineTable,
    sources: Sources,
    list: SourceList,
  ): void {
    const { text, origin, from, shared } = piece;
    if (origin === null) return;
    const own = { path: ENTRY, line: 0, column: 0 };
    const { path: file, line, column } = shared ? own : sources.placeOf(origin);
    const index = list.index(file);
    for (let i = 0; i >= 0 && i < text.length; i = text.indexOf('\n', i) + 1 || -1) {
      const [row, at] = table.place(from + i);
      while (rows.length <= row) rows.push([]);
      const behind = rows[row].findIndex((s) => s[0] >= at);
      rows[row].splice(behind < 0 ? rows[row].length : behind, 0, [at, index, line, column]);
    }
  }

  #place(offset: number, pieces: Piece[]): ReturnType<Emitted['place']> {
    let grown = 0;
    for (const { from, at, removed, text, origin } of placed(pieces)) {
      if (offset < from) break;
      if (offset < from + text.length) return origin === null ? { at } : { origin };
      grown = from + text.length - (at + removed);
    }
    const at = offset - grown;
    return at <= this.source.text.length ? { at } : null;
  }
}

/** Pieces with where they begin in the emitted text, in order. */
function* placed(pieces: readonly Piece[]): Generator<Piece & { from: number }> {
  let grown = 0;
  for (const piece of pieces) {
    yield { ...piece, from: piece.at + grown };
    grown += piece.text.length - piece.removed;
  }
}

/** A field with its semicolon. */
export function wholeField({ text }: SourceShape, { start, end }: Span): Span {
  return { start, end: end + (/^\s*;/.exec(text.slice(end))?.[0].length ?? 0) };
}

/** `lib/a.ts` -> `__cell.ts`: "../__cell". */
export function relativeImport(from: string, to: string): string {
  const found = path.posix.relative(path.posix.dirname(from), to).replace(/\.ts$/, '');
  return found.startsWith('.') ? found : `./${found}`;
}
