// Owns the command line of the verb `storage`: its sub-verbs, options and help. The work is in
// storage.ts, loaded when it is asked for.
import type { Command } from 'commander';
import { nearest } from '../schema/nearest.ts';
import { examples } from './arguments.ts';

/** Adds `cell storage list|drop`. */
export function addStorage(program: Command, done: (code: number) => void): void {
  const storage = program
    .command('storage')
    .usage('[list | drop] [options]')
    .description(
      'Show and remove what cells have stored (@Storage.persist); end their host first.',
    );
  const list = storage
    .command('list', { isDefault: true })
    .allowExcessArguments()
    .description('Print the stored fields of the cells of this folder.')
    .option('--json', 'print one JSON object')
    .action(async (options: { json?: boolean }, command: Command) => {
      const [odd] = command.args;
      if (odd !== undefined) refuseVerb(command, odd);
      const { listStored } = await import('./storage.ts');
      done(await listStored(process.cwd(), options.json === true));
    });
  examples(list, 'cell storage list', 'cell storage list --json');
  const drop = storage
    .command('drop')
    .description('Remove a stored field: its data is gone, and the next host begins it anew.')
    .argument('<field>', 'cell and stored name, e.g. directory.visits')
    .option('--json', 'print one JSON object')
    .action(async (field: string, options: { json?: boolean }) => {
      const { dropStored } = await import('./storage.ts');
      done(await dropStored(process.cwd(), field, options.json === true));
    });
  examples(drop, 'cell storage drop directory.visits');
  for (const command of storage.commands) command.exitOverride();
  examples(storage, 'cell storage', 'cell storage drop directory.visits');
}

/** `list` may be left out, so a misspelt verb arrives there. */
function refuseVerb(command: Command, odd: string): never {
  const near = nearest(odd, ['list', 'drop']);
  const hint = near === null ? 'list or drop' : `did you mean ${near}?`;
  return command.error(`error: cell storage has no verb '${odd}'; ${hint}`, { exitCode: 2 });
}
