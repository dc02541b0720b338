// Owns how the command line writes: errors, tables, bytes and times. Never decides anything.
import { styleText } from 'node:util';
import { printable } from '../lane/printable.ts';

type Style = Parameters<typeof styleText>[0];

/** Styles text for `stream` when that is a terminal; plain otherwise. */
export function style(
  how: Style,
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  return styleText(how, text, { stream, validateStream: true });
}

/**
 * An error for a user: what happened, why, and how to mend it. Verbs throw it; anything else that
 * is thrown is a fault of ours and is printed with its stack.
 */
export class UserError extends Error {
  override cause: string | undefined;
  fix: string | undefined;
  constructor(message: string, cause?: string, fix?: string) {
    super(message);
    this.name = 'UserError';
    this.cause = cause;
    this.fix = fix;
  }
}

/** Prints an error to standard error. */
export function printError(error: unknown): void {
  const red = (t: string): string => style(['red', 'bold'], t, process.stderr);
  if (!(error instanceof Error)) {
    console.error(`${red('error:')} ${printable(String(error))}`);
    return;
  }
  const { cause, fix } = error as { cause?: unknown; fix?: unknown };
  const authored = typeof fix === 'string' || error.name !== 'Error';
  // A host that was called, or a cell on it, may have written the message.
  const text = printable(authored ? error.message : (error.stack ?? error.message));
  console.error(`${red('error:')} ${text}`);
  if (typeof cause === 'string') console.error(`cause: ${cause}`);
  if (typeof fix === 'string') console.error(`fix: ${fix}`);
}

/** Rows as aligned columns, two spaces between. */
export function table(rows: string[][]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  const line = (row: string[]): string =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] as number)))
      .join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

/** 1536 -> "1.5 KB". */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
