// Owns the verb `cell build`: runs a build and says what it made. Exit code 0, or 1 when a file
// could not be built.
import module from 'node:module';
import path from 'node:path';
import { accessText } from '../../build/6-lock/access-text.ts';
import type { Made } from '../../build/make.ts';
import { size, style, table } from './print.ts';

/** Findings of one file that are printed: a file that is no service at all has hundreds. */
const FINDINGS_TOLD = 20;

export interface BuildFlags {
  /** Service files; [] = every *.cell.ts below cwd. */
  files: string[];
  cwd: string;
  /** One JSON object on standard output instead of text. */
  json: boolean;
  /** Fail instead of changing a lock. */
  locked?: boolean;
}

/** Builds. Returns the exit code. */
export async function runBuild(flags: BuildFlags): Promise<number> {
  // Compiled JavaScript of asc: saves half of the 300 ms that loading it takes.
  module.enableCompileCache(path.join(flags.cwd, '.cell', 'out', 'node'));
  const { make } = await import('../../build/make.ts');
  const made = await make(flags);
  const failed = made.filter((m) => m.summary === null).length;
  if (flags.json) {
    console.log(JSON.stringify({ ok: failed === 0 && made.length > 0, cells: made.map(plain) }));
    return failed === 0 && made.length > 0 ? 0 : 1;
  }
  if (made.length === 0) {
    console.error(
      `${style(['red', 'bold'], 'error:', process.stderr)} there is no *.cell.ts below here`,
    );
    console.error('fix: name the file: cell build path/to/hello.cell.ts');
    return 1;
  }
  for (const one of made) await print(one);
  return failed === 0 ? 0 : 1;
}

function plain({ file, cached, ms, paths, changes, summary, findings }: Made) {
  return { file, cached, ms: Math.round(ms), paths, ...summary, changes, findings };
}

async function print(made: Made): Promise<void> {
  if (made.findings.length > 0) {
    const { printFinding } = await import('../../build/diagnostics/findings.ts');
    const told = made.findings.slice(0, FINDINGS_TOLD);
    for (const finding of told) console.error(`${printFinding(finding)}\n`);
    const more = made.findings.length - told.length;
    if (more > 0) console.error(`... and ${more} more; --json lists all\n`);
  }
  const { summary } = made;
  if (summary === null) {
    const n = made.findings.length;
    console.error(`${made.file} was not built: ${n} error${n === 1 ? '' : 's'}`);
    return;
  }
  const state = made.cached ? 'unchanged' : 'built';
  const kind = summary.actor ? 'actor' : 'stateless';
  console.log(
    `${style('bold', summary.cell)}  ${state} in ${Math.round(made.ms)} ms, ${kind}, ` +
      `${size(summary.bytes)}`,
  );
  const rows = summary.methods.map((m) => {
    const shape = m.canonical.slice(summary.cell.length + 1);
    return [
      `  ${shape.length > 56 ? `${shape.slice(0, 53)}...` : shape}`,
      m.tier,
      accessText(m.access),
    ];
  });
  console.log(table(rows));
  if (summary.capabilities.length > 0) {
    const list = summary.capabilities.map((c) => `${c.name} (${c.broughtBy})`);
    console.log(`  needs ${list.join(', ')}`);
  }
  for (const change of made.changes) console.log(`  ${style('yellow', 'changed:')} ${change}`);
  console.log(`  ${Object.values(made.paths).join('  ')}`);
}
