// Owns the command line: which verbs there are, and exit codes: 0 done, 1 the work failed (the
// message says why), 2 the command line was wrong.
import fs from 'node:fs';
import { Command, CommanderError } from 'commander';
import { type AddVerbs, examples } from './arguments.ts';
import { addBuild, addExpand, addTestMacro } from './build-verbs.ts';
import { addDatabases } from './database-verbs.ts';
import { addFlags } from './flag-verbs.ts';
import { addCall, addReaders, addRun, addStart } from './host-verbs.ts';
import { addStorage } from './storage-verbs.ts';

const { version } = JSON.parse(
  fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** In the order of the help. */
const VERBS: readonly AddVerbs[] = [
  addBuild,
  addExpand,
  addTestMacro,
  addRun,
  addCall,
  addReaders,
  addDatabases,
  addStorage,
  addFlags,
  addStart,
];

/** Runs one command line (without node and script); returns the exit code. */
export async function main(argv: string[]): Promise<number> {
  let code = 0;
  const done = (result: number): void => {
    code = result;
  };
  const program = new Command('cell')
    .description('Services as sandboxed WebAssembly cells, with infrastructure as syntax.')
    .version(version)
    .showHelpAfterError('(add --help for usage and examples)')
    .exitOverride();
  for (const add of VERBS) add(program, done);
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError('(add --help for usage)');
  examples(program, 'cell build hello.cell.ts', 'cell run hello', `cell call hello greet '"you"'`);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { printError } = await import('./print.ts');
    printError(error);
    return 1;
  }
  return code;
}
