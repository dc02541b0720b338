// Owns the verb `cell expand`: prints what macros make of a service file. Compiles and writes
// nothing. Exit code 0, or 1 when there is nothing to show.
import type { Finding } from '../../build/diagnostics/findings.ts';
import { type MacroFlags, makeOptions } from './macro-flags.ts';

export interface ExpandFlags extends MacroFlags {
  file: string;
  cwd: string;
  json: boolean;
}

/** Prints the expanded text, and findings on standard error. Returns the exit code. */
export async function runExpand(flags: ExpandFlags): Promise<number> {
  const { cwd, file, json } = flags;
  const { expandFile } = await import('../../build/expansion.ts');
  const options = await makeOptions(flags, cwd);
  const { text, contributions, findings } = await expandFile({ ...options, files: [file] });
  if (json) {
    console.log(JSON.stringify({ ok: text !== null, file, text, contributions, findings }));
    return text === null ? 1 : 0;
  }
  if (findings.length > 0) await told(findings);
  if (text === null) return 1;
  process.stdout.write(text);
  return 0;
}

async function told(findings: Finding[]): Promise<void> {
  const { printFinding } = await import('../../build/diagnostics/findings.ts');
  for (const finding of findings) console.error(`${printFinding(finding)}\n`);
}
