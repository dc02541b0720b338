// Owns the meeting of the build and the places where cells are: `build` knows what to ask, the host
// knows where to find it, and neither imports the other.
import { Discover } from '../../build/2-discover/discover.ts';
import type { OpenDiscovery } from '../../build/3-negotiate/contract.ts';
import type { Config } from '../cell/config.ts';
import { CellPlaces } from '../discovery/places.ts';

/** How a build finds cells. `config`: grants for those that are started for it. */
export function discoveryWith(config: Config): OpenDiscovery {
  return ({ cwd, start }) => new Discover(new CellPlaces(cwd, config), start);
}
