// Owns requests of the macro protocol that are made by hand.
import type { Declaration, PlanRequest, Site } from '../../build/2-discover/protocol.ts';
import { literal } from './in-process.ts';

/** A method `one(id: u32): void` with one macro. */
export function site(id: number, ns: string, name: string, args: unknown[] = []): Site {
  const declaration: Declaration = {
    ...{ kind: 'method', name: 'one', doc: '', visibility: 'public', isStatic: false },
    params: [{ name: 'id', type: 'u32' }],
    type: 'void',
    uses: [{ ns, name, called: true, args: args.map(literal), types: [] }],
  };
  const owner = { ...declaration, kind: 'class', name: 'Example', params: [], type: '', uses: [] };
  return { id, file: 'example.cell.ts', declaration, owner, members: [], body: '' };
}

/** The request of a first round. */
export function spotRequest(sites: Site[]): PlanRequest {
  const settings = literal(null);
  return {
    ...{ version: 1, round: 1, last: false, profile: 'on', settings, sites, facts: [] },
    ...{ service: 'example', lock: '', documents: [], destructive: false },
  };
}
