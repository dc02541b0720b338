// Owns what the parts of the page know of the Atlas client: its methods and values, not how it is
// connected. connection.ts and meter.ts have these methods too.

import type { Atlas } from '../../../../.cell/clients/atlas.ts';

export type { AtlasStats, Nearby, Place } from '../../../../.cell/clients/atlas.ts';

type Method = 'search' | 'nearest' | 'points' | 'place' | 'stats';

/** The methods of the generated client, without options per call. */
export type AtlasCalls = {
  [M in Method]: Atlas[M] extends (...args: [...infer A, options?: infer _O]) => infer R
    ? (...args: A) => R
    : never;
};
