// Owns what a program holds: a connection to a host on which any number of generated clients
// call. Puts together the road of calls (answers.ts and below) and the connection (link.ts);
// decides nothing itself.

import { CANCELLED } from '../../assembly/shared/status.ts';
import { Answers } from './answers.ts';
import { linkOptions, settings } from './connect.ts';
import type { MethodRef } from './contract.ts';
import { CellError } from './error.ts';
import { Link, type LinkOwner, type State } from './link.ts';
import type { ConnectOptions } from './platform.ts';
import type { Roster } from './roster.ts';

/** Told of every change of state; `error` says why a connection was lost or refused. */
export type StateListener = (state: State, error: CellError | null) => void;

export class Synapse extends Answers {
  private readonly link: Link;
  private readonly listeners = new Set<StateListener>();

  private constructor(options: ConnectOptions) {
    const { timeout, queueBytes } = settings(options);
    super(timeout, queueBytes, options.trace);
    const owner: LinkOwner = {
      roster: this.roster as Roster,
      message: (bytes, view, from, to) => this.receive(bytes, view, from, to),
      ready: (messageBytes, creditBytes) => this.flow(messageBytes, creditBytes),
      lost: (error, final) => this.halt(error, final),
      state: (state, error) => this.tell(state, error),
    };
    this.link = new Link(linkOptions(options), owner);
  }

  /**
   * Connects to a host for the given methods: the one in `options.url`, or the one that is found
   * (Node: CELL_URL, else the project's own host; browser: where the page came from). Rejects
   * with a CellError: UNAVAILABLE when no host answers, UNAUTHENTICATED when the token is
   * refused.
   */
  static async open(methods: MethodRef[], options: ConnectOptions = {}): Promise<Synapse> {
    const synapse = new Synapse(options);
    synapse.roster.add(methods);
    await synapse.link.open();
    return synapse;
  }

  /**
   * Adds a generated client's methods (once, however often it is asked) and returns the number of
   * the first. Calls may be made at once; they leave when the host has answered for their method.
   */
  add(methods: MethodRef[]): number {
    const first = this.roster.add(methods);
    this.link.greetMore();
    return first;
  }

  get state(): State {
    return this.link.state;
  }

  /** Calls `listener` at every change of state. Returns how to stop that. */
  on(event: 'state', listener: StateListener): () => void {
    if (event !== 'state') throw new TypeError(`a synapse has the event 'state', not '${event}'`);
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /**
   * Ends the connection. Calls without an answer are rejected with CANCELLED, and so is every
   * later one. Resolves when the connection is closed.
   */
  close(): Promise<void> {
    return this.link.close(new CellError(CANCELLED, 'the connection was closed by this program'));
  }

  protected transmit(bytes: Uint8Array): void {
    this.link.send(bytes);
  }

  protected greeted(id: number, payload: Uint8Array, error: CellError | null): void {
    this.link.greeted(id, payload, error);
  }

  protected broken(what: string): void {
    this.link.broken(what);
  }

  private tell(state: State, error: CellError | null): void {
    for (const listener of this.listeners) listener(state, error);
  }
}
