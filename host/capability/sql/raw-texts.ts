// Owns the texts that the build has not seen (capability `sql:raw`): each is judged as those of the
// build are, when it comes for the first time. So a cell that makes SQL at run time reaches no
// further than one that does not, even when somebody's input becomes part of it.
import type { SqlManifest } from '../../schema/types.ts';
import type { SqlText } from './contract.ts';
import type { Reach } from './judge.ts';

/** Judged texts that are kept; the oldest goes first. */
const KEPT = 256;

export class RawTexts {
  private readonly reach: Reach | null;
  private readonly judged = new Map<string, SqlText | string>();

  /** null: the driver itself lets no statement reach further (SQLite). */
  constructor(reach: Reach | null) {
    this.reach = reach;
  }

  /** The statement, or why it is refused; undefined: not known yet, ask `judge`. */
  known(text: string): SqlText | string | undefined {
    return this.reach === null ? rawText(text, true) : this.judged.get(text);
  }

  /** Judges a text. The first one loads the parser: 70 ms. */
  async judge(text: string): Promise<SqlText | string> {
    if (this.reach === null) return rawText(text, true);
    const { judge, loadJudge } = await import('./judge.ts');
    await loadJudge();
    const { fault, writes } = judge(text, this.reach);
    const found = fault === null ? rawText(text, writes) : `the text is refused: ${fault}`;
    if (this.judged.size >= KEPT) this.judged.delete(this.judged.keys().next().value as string);
    this.judged.set(text, found);
    return found;
  }
}

const rawText = (text: string, writes: boolean): SqlText => ({
  ...{ id: -1, text, writes, params: -1, columns: null, types: null },
});

/** A module that has no statements of its own asks by texts only, as the cell that it is. */
export const withoutStatements = (cell: string): SqlManifest => ({
  ...{ engine: 'postgres', target: 'default', schema: cell.replaceAll('-', '_'), reads: [] },
  ...{ migration: { number: 0, hash: '' }, statements: [] },
});
