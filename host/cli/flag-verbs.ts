// Owns the command line of the verb `flags`: its sub-verbs, options and help. The work is in
// flags.ts, loaded when it is asked for.
import { type Command, InvalidArgumentError } from 'commander';
import { nearest } from '../schema/nearest.ts';
import { collect, examples } from './arguments.ts';
import type { FlagOptions } from './flags.ts';

function percent(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 100) return value;
  throw new InvalidArgumentError('expected a number from 0 to 100.');
}

function names(text: string): string[] {
  const list = text.split(',').map((name) => name.trim());
  if (list.every((name) => name !== '')) return list;
  throw new InvalidArgumentError('expected names with commas between, such as control,bold.');
}

/** Adds `cell flags list|set|remove`. */
export function addFlags(program: Command, done: (code: number) => void): void {
  const flags = program
    .command('flags')
    .usage('[list | set | remove] [options]')
    .description('Show and change feature flags (cell.flags.json); running hosts follow at once.');
  const list = flags
    .command('list', { isDefault: true })
    .allowExcessArguments()
    .description('Print the flags of this folder, and what they are for a caller.')
    .option('--subject <name>', 'a caller with this subject', collect, [])
    .option('--role <name>', 'a caller with this role; repeat for more', collect, [])
    .option('--json', 'print one JSON object')
    .action(async (options: FlagOptions, command: Command) => {
      const [odd] = command.args;
      if (odd !== undefined) refuseVerb(command, odd);
      const { listFlags } = await import('./flags.ts');
      done(listFlags(process.cwd(), options));
    });
  examples(list, 'cell flags list', 'cell flags list --subject alice --role staff --json');
  const set = flags
    .command('set')
    .description('Set a flag for everybody (its rules are dropped), or for some callers only.')
    .argument('<flag>', 'key, e.g. new-pricing; made when there is none')
    .argument('<value>', 'true, false, or the name of a variant')
    .option('--subject <name>', 'only for this subject; repeat for more', collect, [])
    .option('--role <name>', 'only for callers with this role; repeat for more', collect, [])
    .option('--percent <n>', 'only for this share of the subjects, always the same ones', percent)
    .option('--variants <names>', 'names of a new flag, with commas between', names)
    .option('--json', 'print one JSON object')
    .action(async (key: string, value: string, options: FlagOptions) => {
      const { setFlag } = await import('./flags.ts');
      done(setFlag(process.cwd(), key, value, options));
    });
  examples(set, ...CHANGES);
  const remove = flags
    .command('remove')
    .description('Remove a flag: code gets its own fallback from then on.')
    .argument('<flag>', 'key, e.g. new-pricing')
    .option('--json', 'print one JSON object')
    .action(async (key: string, options: { json?: boolean }) => {
      const { removeFlag } = await import('./flags.ts');
      done(removeFlag(process.cwd(), key, options.json === true));
    });
  examples(remove, 'cell flags remove new-pricing');
  for (const command of flags.commands) command.exitOverride();
  examples(flags, 'cell flags', ...CHANGES, 'cell flags list --subject alice');
}

const CHANGES = [
  'cell flags set new-pricing true --percent 25',
  'cell flags set new-pricing true --role staff',
  'cell flags set checkout bold --variants control,bold --subject alice',
];

/** `list` may be left out, so a misspelt verb arrives there. */
function refuseVerb(command: Command, odd: string): never {
  const near = nearest(odd, ['list', 'set', 'remove']);
  const hint = near === null ? 'list, set or remove' : `did you mean ${near}?`;
  return command.error(`error: cell flags has no verb '${odd}'; ${hint}`, { exitCode: 2 });
}
