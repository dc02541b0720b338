// Owns the meeting of the build and the places where cells are: `build` knows what to ask, the host
// knows where to find it, and neither imports the other. What macros log goes to standard error.
import path from 'node:path';
import { Discover } from '../../build/2-discover/discover.ts';
import type { OpenDiscovery } from '../../build/3-negotiate/contract.ts';
import type { Config } from '../cell/config.ts';
import { CellPlaces } from '../discovery/places.ts';
import type { LaneEvents } from '../lane/contract.ts';
import { printable } from '../lane/printable.ts';

/** Lines of macros that one build prints. Threat: a macro that logs in a loop. */
const LINES = 200;

/**
 * How a build finds cells. `config`: grants for those that are started for it. `events`: what those
 * log; by default nobody reads it.
 */
export function discoveryWith(config: Config, events?: LaneEvents): OpenDiscovery {
  return ({ cwd, start, remember = false }) => {
    const memory = remember ? path.join(cwd, '.cell/out/cache') : null;
    return new Discover(new CellPlaces(cwd, config, events), start, memory);
  };
}

/**
 * Writes what macros log while a build asks them, `info  audit: opened main`, with `--json` too:
 * standard output is the build's. What the host itself says stays out: findings tell it.
 */
export function macroLog(write: (line: string) => void = console.error): LaneEvents {
  let told = 0;
  return {
    log: ({ level, cell, text }) => {
      if (cell === '' || told > LINES) return;
      told++;
      const line = `${level.padEnd(5)} ${cell}: ${printable(text)}`;
      write(told > LINES ? '... and more lines of macros' : line);
    },
  };
}
