// Owns the state of one connection between listener and lanes. Plain data: reception.ts, parking.ts
// and delivery.ts each change their own part of it.
//
//   stranger --HELLO--> greeting --accepted--> open
//       \-------------------\------------------\----> closed

import type { Wire } from '../listen/contract.ts';
import type { Parked } from './parking.ts';
import type { Identity } from './token.ts';

export type State = 'stranger' | 'greeting' | 'open' | 'closed';

export class Connection {
  readonly wire: Wire;
  state: State = 'stranger';
  /** The wire joins the sends of a tick by itself, so that a lone answer need not be staged. */
  readonly direct: boolean;
  /** When the wire stood, in milliseconds of performance.now(). */
  readonly since: number;

  // Set when it is open.
  slot = -1;
  generation = 0;
  lane = -1;
  /** Key in subjects.ts: `subject:alice`, or `remote:127.0.0.1` when anonymous. */
  key = '';
  /** Its number there. */
  subject = 0;
  /** The caller's text: key of its number for kept replies (S_CALLER). */
  caller = '';
  /** Null: anonymous. */
  identity: Identity | null = null;
  /** Later HELLOs that wait for their turn, copied. */
  readonly hellos: Uint8Array[] = [];
  greeting = false;

  /** parking.ts: messages that the lane's ring had no room for; null when there are none. */
  parked: Parked | null = null;

  /** delivery.ts: answers of this tick, until they leave together. */
  stage: Uint8Array | null = null;
  staged = 0;

  constructor(wire: Wire, since: number) {
    this.wire = wire;
    this.direct = wire.kind === 'uws';
    this.since = since;
  }
}
