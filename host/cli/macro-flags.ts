// Owns what the verbs that build have in common: the flags about macros, and what becomes of them.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { FeatureError, parseFeatures } from '../../build/features.ts';
import type { MakeOptions } from '../../build/make.ts';

/** As commander hands them over. */
export interface MacroFlags {
  locked?: boolean;
  offline?: boolean;
  /** False with --no-start. */
  start?: boolean;
  features?: ReadonlyMap<string, string>;
  /** Remote cells whose changed methods are meant. */
  accept?: string[];
  /** Changes that lose data may be made. */
  allowDestructive?: boolean;
}

/** `--features` may be repeated; a later word for the same cell wins. */
function features(text: string, before?: ReadonlyMap<string, string>): Map<string, string> {
  try {
    return new Map([...(before ?? []), ...parseFeatures(text)]);
  } catch (error) {
    if (!(error instanceof FeatureError)) throw error;
    throw new InvalidArgumentError(`${error.message}; ${error.fix}.`);
  }
}

/** Adds the flags to a verb. */
export function addMacroFlags(command: Command): Command {
  return command
    .option('--locked', 'fail where the build would change what is locked in .cell (for CI)')
    .addOption(
      new Option(
        '--offline',
        'ask no cell: answers of earlier builds stand in .cell/macros',
      ).conflicts('start'),
    )
    .option('--no-start', 'ask running cells only: start none for the build')
    .option(
      '--features <list>',
      'macros off, or in a profile: telemetry=off,cache=off; may be repeated',
      features,
    )
    .option(
      '--accept <cell>',
      'its methods have changed and the calls of them are right now; may be repeated',
      (cell: string, before: string[] = []) => [...before, cell],
    )
    .option('--allow-destructive', 'make changes of databases that lose data');
}

/** What `make` needs of the flags and of cell.config.ts in `cwd`. Throws ConfigError. */
export async function makeOptions(
  flags: MacroFlags,
  cwd: string,
): Promise<Omit<MakeOptions, 'files'>> {
  const { loadConfig } = await import('../cell/config.ts');
  const { settingsOf } = await import('../../build/3-negotiate/settings.ts');
  const { discoveryWith, macroLog } = await import('./discovery.ts');
  const config = await loadConfig(cwd);
  if (flags.offline !== true && flags.start !== false) {
    const { buildStandardCells } = await import('../../cells/std/build.ts');
    await buildStandardCells();
  }
  return {
    cwd,
    locked: flags.locked === true,
    offline: flags.offline === true,
    start: flags.start !== false,
    features: flags.features ?? new Map(),
    accept: flags.accept ?? [],
    destructive: flags.allowDestructive === true && flags.offline !== true,
    settings: settingsOf(config.cells),
    discover: discoveryWith(config, macroLog()),
    databaseState: async (target, service) => {
      const { databaseState } = await import('../database/state.ts');
      return databaseState(target, { project: cwd, env: process.env }, service);
    },
  };
}
