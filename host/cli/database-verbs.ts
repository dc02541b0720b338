// Owns the verbs about databases: their flags, help and examples. Each verb's work is in its own
// file, imported when it is asked for.
import type { Command } from 'commander';
import { examples } from './arguments.ts';

/** Adds `db`, `db rotate` and `migrate`. */
export function addDatabases(program: Command, done: (code: number) => void): void {
  const shown = program
    .command('db')
    .description('List tables, rows and migrations of the databases of this project.')
    .argument('[services...]', 'names of services; all when none is named')
    .option('--no-drift', 'do not ask the sources whether tables were changed by hand')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nThe exit code is 1 when a database is not at its last migration, or is not as that one\n' +
        'left it.',
    )
    .action(async (services: string[], options: { drift: boolean; json?: boolean }) => {
      const { db } = await import('./db.ts');
      const { drift } = options;
      done(await db({ services, cwd: process.cwd(), drift, json: options.json === true }));
    });
  examples(shown, 'cell db', 'cell db directory', 'cell db --json | jq .services[].pending');
  const turned = shown
    .command('rotate')
    .description('Encrypt columns anew with the newest key (the first of grants.<cell>.sql.keys).')
    .argument('[services...]', 'names of services; all when none is named')
    .action(async (services: string[], _options: object, command: Command) => {
      const { rotateKeys } = await import('./rotate.ts');
      const json = command.optsWithGlobals<{ json?: boolean }>().json === true;
      done(await rotateKeys({ services, cwd: process.cwd(), json }));
    });
  examples(turned, 'cell db rotate', 'cell db rotate directory');
  const applied = program
    .command('migrate')
    .description('Apply the committed migrations (.cell/migrations) to the databases, each once.')
    .argument('[services...]', 'names of services; all when none is named')
    .option('--dry-run', 'say what would be applied, and change nothing')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nAll migrations of one database are applied in one transaction, under a lock: of two\n' +
        'that start at once one waits for the other. Exit codes: 0 everything stands, 1 it does\n' +
        'not, 3 with --dry-run when something would be applied.',
    )
    .action(async (services: string[], options: { dryRun?: boolean; json?: boolean }) => {
      const { migrate } = await import('./migrate.ts');
      const { dryRun = false, json = false } = options;
      done(await migrate({ services, cwd: process.cwd(), dryRun, json }));
    });
  examples(applied, 'cell migrate', 'cell migrate --dry-run', 'cell migrate directory --json');
}
