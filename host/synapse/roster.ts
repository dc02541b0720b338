// Owns the methods that the generated clients on one synapse may call, and what the host said
// about each. A method's number is its place here, for life; its route is the host's, for one
// connection.

import {
  FAILED_PRECONDITION,
  UNAUTHENTICATED,
  UNIMPLEMENTED,
} from '../../assembly/shared/status.ts';
import {
  VERDICT_OK,
  VERDICT_TEXT,
  VERDICT_TOKEN,
  VERDICT_UNKNOWN,
  type WelcomeMethod,
} from '../session/wire.ts';
import type { MethodRef } from './contract.ts';
import { CellError } from './error.ts';

/** No WELCOME has answered for the method yet. */
export const ROUTE_PENDING = -1;
/** The host will not serve it: `refusal` says why. */
export const ROUTE_REFUSED = -2;

interface Refusal {
  status: number;
  words: string;
  fix: string;
}

const INCOMPATIBLE: Refusal = {
  status: FAILED_PRECONDITION,
  words: 'the method of the running cell is incompatible with this client',
  fix: 'rebuild the client with `cell build`',
};

const REFUSALS = new Map<number, Refusal>([
  [
    VERDICT_UNKNOWN,
    {
      status: UNIMPLEMENTED,
      words: 'no cell on this host offers it',
      fix: 'check which cells the host runs',
    },
  ],
  [
    VERDICT_TOKEN,
    { status: UNAUTHENTICATED, words: 'it needs a token', fix: 'connect with { token }' },
  ],
]);

export class Roster {
  readonly methods: MethodRef[] = [];
  routes = new Int32Array(64);
  /** Bits of a method's calls in the second byte of their header: the channel. */
  flags = new Uint8Array(64);
  private readonly refusals: { status: number; why: string }[] = [];
  private readonly firsts = new Map<MethodRef[], number>();

  /** Adds a generated client's methods once; returns the number of the first. */
  add(methods: MethodRef[]): number {
    const known = this.firsts.get(methods);
    if (known !== undefined) return known;
    const first = this.methods.length;
    this.firsts.set(methods, first);
    for (const method of methods) this.methods.push(method);
    if (this.methods.length > this.routes.length) {
      const wider = new Int32Array(this.methods.length * 2);
      wider.set(this.routes);
      this.routes = wider;
      const more = new Uint8Array(wider.length);
      more.set(this.flags);
      this.flags = more;
    }
    for (const [i, { channel = 0 }] of methods.entries()) this.flags[first + i] = channel;
    this.routes.fill(ROUTE_PENDING, first, this.methods.length);
    return first;
  }

  /** Forgets every verdict: the next connection may be to another host. */
  reset(): void {
    this.routes.fill(ROUTE_PENDING, 0, this.methods.length);
  }

  /** Numbers of the methods that no WELCOME has answered for. */
  pending(): number[] {
    const found: number[] = [];
    for (let i = 0; i < this.methods.length; i++) {
      if (this.routes[i] === ROUTE_PENDING) found.push(i);
    }
    return found;
  }

  name(method: number): string {
    return this.methods[method]?.name ?? `method ${method}`;
  }

  /**
   * Takes WELCOME's answers for the methods `asked`, in that order; returns those whose text the
   * host wants to see. `textSent`: it has seen it, so asking again is a refusal. RangeError when
   * the answers do not fit the question.
   */
  apply(asked: number[], answers: WelcomeMethod[], textSent: boolean): number[] {
    if (answers.length !== asked.length) {
      throw new RangeError(`WELCOME answers ${answers.length} of ${asked.length} methods`);
    }
    const wanted: number[] = [];
    for (let i = 0; i < asked.length; i++) {
      const { route, verdict, why } = answers[i];
      if (verdict === VERDICT_OK) {
        if (route > 0xffff) throw new RangeError(`WELCOME: route ${route} is above 65535`);
        this.routes[asked[i]] = route;
      } else if (verdict === VERDICT_TEXT && !textSent) wanted.push(asked[i]);
      else this.refuse(asked[i], verdict, why);
    }
    return wanted;
  }

  /** Marks a method as one that this host will not serve. */
  refuse(method: number, verdict: number, why: string | null): void {
    const { status, words, fix } = REFUSALS.get(verdict) ?? INCOMPATIBLE;
    this.refusals[method] = { status, why: `${why ?? words}; ${fix}` };
    this.routes[method] = ROUTE_REFUSED;
  }

  /** The error for a call of a refused method. */
  refusal(method: number): CellError {
    const { status, why } = this.refusals[method];
    const name = this.name(method);
    return new CellError(status, `${name}: ${why}`, { method: name, unsent: true });
  }
}
