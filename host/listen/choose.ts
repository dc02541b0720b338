// Owns the choice of the WebSocket listener: uWebSockets.js where it loads, `ws` everywhere else.
// Never listens itself.

import type { Listen } from './contract.ts';
import { loadUws } from './glibc.ts';
import { listenUws } from './uws.ts';
import { listenWs } from './ws.ts';

export interface Choice {
  listen: Listen;
  kind: 'uws' | 'ws';
  /** One sentence for `cell doctor`. */
  why: string;
}

/**
 * The best WebSocket listener of this machine. Never rejects: `ws` needs nothing.
 * @param prefer 'ws' skips uWebSockets.js (to compare, or when told to); the others try it first
 */
export async function chooseListener(prefer: 'auto' | 'uws' | 'ws' = 'auto'): Promise<Choice> {
  if (prefer === 'ws') return { listen: listenWs, kind: 'ws', why: 'ws was asked for' };
  const loaded = await loadUws();
  if (!loaded.uws) return { listen: listenWs, kind: 'ws', why: loaded.why };
  return { listen: listenUws(loaded.uws), kind: 'uws', why: loaded.why };
}

/** The choice; an Error says why when uWebSockets.js was asked for by name and is not it. */
export function insist(choice: Choice, wish: 'auto' | 'uws' | 'ws'): Choice {
  if (wish !== 'uws' || choice.kind === 'uws') return choice;
  const fix = 'leave --listener out: ws listens where uWebSockets.js cannot be loaded';
  throw Object.assign(new Error(`uWebSockets.js cannot listen here: ${choice.why}`), { fix });
}
