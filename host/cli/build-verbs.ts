// Owns the verbs that compile: their flags, help and examples. Each verb's work is in its own file,
// imported when it is asked for.
import type { Command } from 'commander';
import { examples } from './arguments.ts';
import { addMacroFlags, type MacroFlags } from './macro-flags.ts';

interface BuildOptions extends MacroFlags {
  json?: boolean;
}

/** Adds `build` and `check`. */
export function addBuild(program: Command, done: (code: number) => void): void {
  const command = program
    .command('build')
    .description('Compile service classes (*.cell.ts) to sandboxed modules with typed clients.')
    .argument('[files...]', 'files to build; all *.cell.ts below this folder when none is named');
  addMacroFlags(command)
    .option('--json', 'print one JSON object instead of text')
    .action(async (files: string[], options: BuildOptions) => {
      const { runBuild } = await import('./build.ts');
      done(await runBuild({ ...options, files, cwd: process.cwd(), json: options.json === true }));
    });
  examples(
    command,
    'cell build hello.cell.ts',
    'cell build --locked --offline',
    'cell build --features telemetry=off,cache=off',
    'cell build --json | jq .cells',
  );
  const check = program
    .command('check')
    .description('Do everything that a build does but effects and output; nothing is written.')
    .argument('[files...]', 'files to check; all *.cell.ts below this folder when none is named');
  addMacroFlags(check)
    .option('--json', 'print one JSON object instead of text')
    .action(async (files: string[], options: BuildOptions) => {
      const { runBuild } = await import('./build.ts');
      const json = options.json === true;
      done(await runBuild({ ...options, files, cwd: process.cwd(), json, check: true }));
    });
  examples(check, 'cell check', 'cell check accounts.cell.ts --json', 'cell check --locked');
}

/** Adds `expand`. */
export function addExpand(program: Command, done: (code: number) => void): void {
  const command = program
    .command('expand')
    .description('Print a service as its macros have it: what they add, and what holds for it.')
    .argument('<file>', 'the service file');
  addMacroFlags(command)
    .option('--json', 'print one JSON object: text, contributions, findings')
    .action(async (file: string, options: BuildOptions) => {
      const { runExpand } = await import('./expand.ts');
      const json = options.json === true;
      done(await runExpand({ ...options, file, cwd: process.cwd(), json }));
    });
  examples(
    command,
    'cell expand accounts.cell.ts',
    'cell expand accounts.cell.ts --features telemetry=off',
    'cell expand accounts.cell.ts --json | jq .contributions',
  );
}

/** Adds `test-macro`. */
export function addTestMacro(program: Command, done: (code: number) => void): void {
  const command = program
    .command('test-macro')
    .description('Build golden cases of macros and compare them with what is written beside them.')
    .argument('<folder>', 'folder of cases: each a folder with input.cell.ts')
    .option('--update', 'write what came out (also: CELL_GOLDEN=1)')
    .option('--json', 'print one JSON object instead of text')
    .action(async (folder: string, options: { update?: boolean; json?: boolean }) => {
      const { testMacro } = await import('./test-macro.ts');
      const update = options.update === true || process.env.CELL_GOLDEN === '1';
      const json = options.json === true;
      done(await testMacro({ folder, cwd: process.cwd(), update, json }));
    });
  examples(command, 'cell test-macro golden', 'cell test-macro golden --update');
}
