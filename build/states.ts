// Owns what decides a build beside its sources, each as a name and one text: part of the key of the
// cache. Cheap, since an unchanged build computes it too.
//
//   macro:Postgres               who answers for a namespace
//   remote:ledger                the schema of a cell that is called
//   kept:postgres/directory      what a cell of macros has left for a service, as it is committed
//   database:directory default   the database of a service, and where it is
import { hashOf } from './2-discover/answers.ts';
import { schemaDigest } from './2-discover/offline.ts';
import type { Discovery, Features, Identity, Missing, Settings } from './3-negotiate/contract.ts';
import { committedState } from './6-lock/schema-lock.ts';

/**
 * What is known of a database without asking much of it: who it is, and what it has of a service.
 * One text for each state, also for "cannot be reached". Never rejects.
 */
export type DatabaseState = (target: string, service: string) => Promise<string>;

/** Where states are looked for. */
export interface Surroundings {
  cwd: string;
  discovery: Discovery;
  features: Features;
  settings: Settings;
  /** Absent: databases are taken to be as they were. */
  databaseState?: DatabaseState | undefined;
  /** Hears who answers for a namespace. */
  identified?(found: Identity): void;
}

/** Name of the state of a database. */
export const databaseName = (service: string, target: string): string =>
  `database:${service} ${target}`;

/** Name of the state of what a cell of macros keeps for a service. */
export const keptName = (cell: string, service: string): string => `kept:${cell}/${service}`;

/** The state of that name now; null: nobody is there. */
export async function stateOf(name: string, around: Surroundings): Promise<string | null> {
  const { cwd, discovery, features, settings, databaseState } = around;
  const at = name.indexOf(':');
  const [kind, what] = [name.slice(0, at), name.slice(at + 1)];
  switch (kind) {
    case 'remote': {
      const found = await discovery.remote(what);
      return found && schemaDigest(found);
    }
    case 'kept': {
      const [cell, service] = what.split('/');
      return committedState(cwd, cell, service);
    }
    case 'database': {
      const space = what.indexOf(' ');
      return (await databaseState?.(what.slice(space + 1), what.slice(0, space))) ?? null;
    }
    default: {
      const found = await discovery.identify(what);
      if (!('missing' in found)) around.identified?.(found);
      return macroState(found, features, settings);
    }
  }
}

/** Which module answers for macros, in which profile, with which settings; null: nobody. */
export function macroState(
  found: Identity | Missing,
  features: Features,
  settings: Settings,
): string | null {
  if ('missing' in found) return null;
  const { cell, digest } = found;
  const set = settings.get(cell);
  const plain = set === undefined ? '-' : hashOf(set);
  return `${cell} ${digest} ${features.get(cell) ?? 'on'} ${plain}`;
}
