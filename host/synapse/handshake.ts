// Owns the talk before calls: HELLO with the methods that no host has answered for, WELCOME into
// the roster, and the second round in which the host reads canonical texts. One HELLO is out at a
// time, because a host opens the session with the first and takes the rest as its refreshment.

import { FAILED_PRECONDITION } from '../../assembly/shared/status.ts';
import { VERDICT_INCOMPATIBLE, type Welcome } from '../session/wire.ts';
import { CellError } from './error.ts';
import { readWelcome, splitHello, writeHello } from './greeting.ts';
import type { Roster } from './roster.ts';

interface Waiter {
  id: number;
  resolve: (payload: Uint8Array) => void;
  reject: (error: CellError) => void;
}

/** Ids of slot 0 step by this much. */
const ID_STEP = 0x10000;

export class Handshake {
  private readonly roster: Roster;
  private readonly agent: string;
  private readonly send: (frame: Uint8Array) => void;
  private id = 0;
  private waiter: Waiter | null = null;

  constructor(roster: Roster, agent: string, send: (frame: Uint8Array) => void) {
    this.roster = roster;
    this.agent = agent;
    this.send = send;
  }

  /**
   * Presents `token` and asks about every method that is pending. Resolves to the last WELCOME.
   * Rejects with the host's refusal, or FAILED_PRECONDITION when WELCOME cannot be understood.
   */
  async greet(token: string | null): Promise<Welcome> {
    const first = await this.round(token, this.roster.pending(), false);
    if (first.wanted.length === 0) return first.welcome;
    return (await this.round(token, first.wanted, true)).welcome;
  }

  /** WELCOME's payload or the ERROR for the HELLO `id`. One that nobody waits for is dropped. */
  answered(id: number, payload: Uint8Array, error: CellError | null): void {
    const { waiter } = this;
    if (waiter === null || waiter.id !== id) return;
    this.waiter = null;
    if (error !== null) waiter.reject(error);
    else waiter.resolve(Uint8Array.from(payload));
  }

  /** The connection is gone. */
  fail(error: CellError): void {
    this.waiter?.reject(error);
    this.waiter = null;
  }

  private async round(
    token: string | null,
    asked: number[],
    withText: boolean,
  ): Promise<{ welcome: Welcome; wanted: number[] }> {
    const { roster, agent } = this;
    const { parts, alone } = splitHello(roster.methods, asked, withText, agent, token);
    for (const method of alone) {
      roster.refuse(method, VERDICT_INCOMPATIBLE, 'its canonical text does not fit into a HELLO');
    }
    const wanted: number[] = [];
    let welcome: Welcome | null = null;
    for (const part of parts) {
      const methods = part.map((method) => roster.methods[method]);
      const payload = await this.ask(token, methods, withText);
      try {
        welcome = readWelcome(payload);
        wanted.push(...roster.apply(part, welcome.methods, withText));
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        const text = `cannot understand the WELCOME of the host: ${why}`;
        throw new CellError(FAILED_PRECONDITION, text, { cause });
      }
    }
    return { welcome: welcome as Welcome, wanted };
  }

  private ask(
    token: string | null,
    methods: Roster['methods'],
    withText: boolean,
  ): Promise<Uint8Array> {
    this.id = (this.id + ID_STEP) >>> 0;
    const { id } = this;
    return new Promise((resolve, reject) => {
      this.waiter = { id, resolve, reject };
      this.send(writeHello(id, this.agent, token, methods, withText));
    });
  }
}
