// Owns the connection of a synapse: find the host, dial, shake hands, keep alive, and begin again
// with backoff when it is lost. Never looks into a call: it carries bytes and says when they may
// flow.
//
//   connecting --WELCOME--> open --lost--> reconnecting --WELCOME--> open
//        |                    |                 |
//        +----- refused ------+---- close() ----+-----> closed, for ever

import { AT_KIND, HEADER_BYTES, KIND_PING } from '../../assembly/shared/frame.ts';
import {
  DATA_LOSS,
  FAILED_PRECONDITION,
  INVALID_ARGUMENT,
  PERMISSION_DENIED,
  UNAUTHENTICATED,
  UNAVAILABLE,
  UNIMPLEMENTED,
} from '../../assembly/shared/status.ts';
import type { Welcome } from '../session/wire.ts';
import { CellError } from './error.ts';
import { Handshake } from './handshake.ts';
import type { Roster } from './roster.ts';
import { CLOSE_NORMAL, CLOSE_PROTOCOL, type Dial, type Transport } from './transport.ts';

export type State = 'connecting' | 'open' | 'reconnecting' | 'closed';

/** Where a host is and how to be let in. Found anew for every attempt: hosts move. */
export interface Target {
  /** For messages: `ws://127.0.0.1:4400/cell`. */
  address: string;
  dial: Dial;
  token: () => string | null | Promise<string | null>;
}

export interface Backoff {
  /** Milliseconds before the first attempt after a loss; doubled each time, less up to a half. */
  minMs: number;
  /** Milliseconds between two attempts at most. */
  maxMs: number;
  /** Attempts in a row before giving up. */
  attempts: number;
}

export interface LinkOptions {
  find: () => Target | Promise<Target>;
  /** Name and version of the program, for the host's log. */
  agent: string;
  /** null: a lost connection is the end. */
  backoff: Backoff | null;
  /** Milliseconds for one attempt, WELCOME included. */
  connectTimeout: number;
  /**
   * Milliseconds of silence after which a PING asks whether the host is there; Infinity = never.
   */
  keepalive: number;
}

export interface LinkOwner {
  readonly roster: Roster;
  message(bytes: Uint8Array, view: DataView, from: number, to: number): void;
  /** WELCOME is in and the roster knows the routes; again after every later round. */
  ready(messageBytes: number, creditBytes: number): void;
  lost(error: CellError, final: boolean): void;
  state(state: State, error: CellError | null): void;
}

/** Refusals that the same HELLO would meet again. */
const FINAL: number[] = [
  UNAUTHENTICATED,
  PERMISSION_DENIED,
  FAILED_PRECONDITION,
  INVALID_ARGUMENT,
  UNIMPLEMENTED,
];
/** A token is fetched anew when this share of what is left of its life is over. */
const REFRESH_SHARE = 0.8;
/** When a host cannot judge a fresh token now, it is asked again after this long at most. */
const RENEW_AGAIN_MS = 5000;
const TIMER_MAX_MS = 0x7fffffff;

type Timer = ReturnType<typeof setTimeout>;

export class Link {
  state: State = 'connecting';
  private readonly options: LinkOptions;
  private readonly owner: LinkOwner;
  private transport: Transport | null = null;
  private handshake: Handshake | null = null;
  private target: Target | null = null;
  /** Counts attempts: what belongs to an older one is ignored. */
  private epoch = 0;
  private up = false;
  private failAttempt: ((error: CellError) => void) | null = null;
  private failures = 0;
  private heard = false;
  private pinged = false;
  private pulse: Timer | null = null;
  private refresh: Timer | null = null;
  private wait: { timer: Timer; over: () => void } | null = null;
  private greeting = false;
  private farewell: CellError | null = null;
  private readonly closers: (() => void)[] = [];

  constructor(options: LinkOptions, owner: LinkOwner) {
    this.options = options;
    this.owner = owner;
  }

  /**
   * First connection: resolves when WELCOME is in. Rejects with a CellError, and is closed then.
   */
  async open(): Promise<void> {
    try {
      await this.attempt();
    } catch (error) {
      this.finish(error as CellError);
      throw error;
    }
  }

  send(bytes: Uint8Array): void {
    this.transport?.send(bytes);
  }

  /** WELCOME's payload, or the ERROR to a HELLO. Streams say farewell by an ERROR with the id 0. */
  greeted(id: number, payload: Uint8Array, error: CellError | null): void {
    if (id === 0) this.farewell = error;
    else this.handshake?.answered(id, payload, error);
  }

  /** The host broke the protocol: this connection ends, the next may be better. */
  broken(what: string): void {
    const text = `the host at ${this.target?.address} broke the protocol: ${what}`;
    this.abandon(CLOSE_PROTOCOL, 'malformed frame', new CellError(DATA_LOSS, text));
  }

  /** Asks about methods that were added after WELCOME. */
  greetMore(): void {
    if (this.up && !this.greeting && this.owner.roster.pending().length > 0) this.greetAgain();
  }

  /** Ends the connection for ever, with `error` for what is out. Resolves when it has closed. */
  close(error: CellError): Promise<void> {
    const { transport } = this;
    if (this.state === 'closed' || transport === null) {
      this.finish(error);
      return Promise.resolve();
    }
    const gone = new Promise<void>((resolve) => this.closers.push(resolve));
    transport.close(CLOSE_NORMAL, 'closed by the client');
    this.finish(error);
    return gone;
  }

  /** One try, from finding the host to WELCOME. Rejects with a CellError. */
  private async attempt(): Promise<void> {
    const epoch = ++this.epoch;
    const { connectTimeout } = this.options;
    let timer: Timer | undefined;
    const failure = new Promise<never>((_, reject) => {
      this.failAttempt = reject;
      if (connectTimeout > TIMER_MAX_MS) return;
      timer = setTimeout(() => {
        const where = this.target?.address ?? 'the host';
        const text = `${where} did not welcome this client within ${connectTimeout} ms`;
        const cause = new DOMException(text, 'TimeoutError');
        reject(new CellError(UNAVAILABLE, text, { unsent: true, cause }));
      }, connectTimeout);
    });
    try {
      const welcome = await Promise.race([this.steps(epoch), failure]);
      this.welcomed(welcome);
    } catch (error) {
      if (epoch === this.epoch) this.epoch++;
      this.dropTransport(CLOSE_NORMAL, 'gave up');
      throw unavailable(error, 'cannot connect');
    } finally {
      clearTimeout(timer);
      this.failAttempt = null;
    }
  }

  private async steps(epoch: number): Promise<Welcome> {
    const target = await this.options.find();
    if (epoch !== this.epoch) throw new CellError(UNAVAILABLE, 'given up');
    this.target = target;
    this.owner.roster.reset();
    await this.dial(target, epoch);
    const token = await this.fetchToken(target);
    if (epoch !== this.epoch) throw new CellError(UNAVAILABLE, 'given up');
    const { roster } = this.owner;
    this.handshake = new Handshake(roster, this.options.agent, (frame) => this.send(frame));
    return this.handshake.greet(token);
  }

  private dial(target: Target, epoch: number): Promise<void> {
    this.farewell = null;
    return new Promise((opened) => {
      this.transport = target.dial({
        opened,
        message: (bytes, view, from, to) => {
          if (epoch !== this.epoch) return;
          this.heard = true;
          this.owner.message(bytes, view, from, to);
        },
        closed: (code, reason) => {
          for (const closer of this.closers.splice(0)) closer();
          if (epoch !== this.epoch) return;
          this.transport = null;
          const why = reason === '' ? `code ${code}` : `${reason} (code ${code})`;
          const text = `the connection to ${target.address} is lost: ${why}`;
          this.fall(this.farewell ?? new CellError(UNAVAILABLE, text));
        },
      });
    });
  }

  private async fetchToken(target: Target): Promise<string | null> {
    try {
      return await target.token();
    } catch (cause) {
      throw unavailable(cause, 'cannot get a token');
    }
  }

  private welcomed(welcome: Welcome): void {
    this.up = true;
    this.greeting = false;
    this.startPulse();
    this.planRefresh(welcome);
    this.setState('open', null);
    this.owner.ready(welcome.messageBytes, welcome.creditBytes);
    this.greetMore();
  }

  /** A further HELLO on an open connection: new methods, or a fresh token. */
  private async greetAgain(): Promise<void> {
    const { epoch, handshake, target } = this;
    if (handshake === null || target === null) return;
    this.greeting = true;
    try {
      const token = await this.fetchToken(target);
      if (epoch !== this.epoch) return;
      const welcome = await handshake.greet(token);
      if (epoch !== this.epoch) return;
      this.greeting = false;
      this.planRefresh(welcome);
      this.owner.ready(welcome.messageBytes, welcome.creditBytes);
      this.greetMore();
    } catch (error) {
      if (epoch !== this.epoch) return;
      const why = unavailable(error, 'cannot renew the session');
      const calls = this.owner.roster.pending().length > 0;
      if (why.status === UNAVAILABLE && !calls) this.renewLater();
      else this.abandon(CLOSE_NORMAL, 'hello failed', why);
    }
  }

  /** Issuer or host cannot say now: the session that stands goes on for as long as it has. */
  private renewLater(): void {
    this.greeting = false;
    if (this.refresh !== null) clearTimeout(this.refresh);
    this.refresh = setTimeout(
      () => {
        if (this.up && !this.greeting) void this.greetAgain();
      },
      Math.min(RENEW_AGAIN_MS, this.options.backoff?.maxMs ?? RENEW_AGAIN_MS),
    );
    unref(this.refresh);
  }

  private planRefresh(welcome: Welcome): void {
    if (this.refresh !== null) clearTimeout(this.refresh);
    this.refresh = null;
    if (welcome.expires === null) return;
    const left = Number(welcome.expires / 1000n) - Date.now();
    if (left <= 0 || left > TIMER_MAX_MS) return;
    this.refresh = setTimeout(() => {
      if (this.up && !this.greeting) void this.greetAgain();
    }, left * REFRESH_SHARE);
    unref(this.refresh);
  }

  private startPulse(): void {
    this.heard = this.pinged = false;
    const { keepalive } = this.options;
    if (keepalive > TIMER_MAX_MS) return;
    this.pulse = setInterval(() => {
      if (this.heard) {
        this.heard = this.pinged = false;
        this.failures = 0;
      } else if (this.pinged) {
        const text = `no sign of life from ${this.target?.address} for ${2 * keepalive} ms`;
        this.abandon(CLOSE_NORMAL, 'no sign of life', new CellError(UNAVAILABLE, text));
      } else {
        this.pinged = true;
        this.send(pingFrame());
      }
    }, keepalive);
    unref(this.pulse);
  }

  /** Ends the current connection because of `error`, as if it had been lost. */
  private abandon(code: number, reason: string, error: CellError): void {
    this.dropTransport(code, reason);
    this.fall(error);
  }

  private dropTransport(code: number, reason: string): void {
    this.transport?.close(code, reason);
    this.transport = null;
  }

  /** The connection is gone, in an attempt or after it. */
  private fall(error: CellError): void {
    this.handshake?.fail(error);
    if (this.failAttempt !== null) return this.failAttempt(error);
    this.epoch++;
    this.quiet();
    if (this.options.backoff === null || FINAL.includes(error.status)) return this.finish(error);
    this.owner.lost(error, false);
    this.setState('reconnecting', error);
    void this.retry(this.options.backoff, error);
  }

  private async retry(backoff: Backoff, first: CellError): Promise<void> {
    let last = first;
    while (this.failures < backoff.attempts) {
      const longest = Math.min(backoff.maxMs, backoff.minMs * 2 ** Math.min(this.failures, 30));
      await this.sleep(longest * (0.5 + Math.random() / 2));
      if (this.state === 'closed') return;
      this.failures++;
      try {
        return await this.attempt();
      } catch (error) {
        last = error as CellError;
        if (this.isClosed()) return;
        if (FINAL.includes(last.status)) return this.finish(last);
      }
    }
    this.finish(last);
  }

  private isClosed(): boolean {
    return this.state === 'closed';
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((over) => {
      this.wait = { timer: setTimeout(over, ms), over };
    });
  }

  private finish(error: CellError): void {
    if (this.state === 'closed') return;
    this.epoch++;
    this.quiet();
    this.transport = null;
    this.failAttempt?.(error);
    this.handshake?.fail(error);
    if (this.wait !== null) {
      clearTimeout(this.wait.timer);
      this.wait.over();
    }
    this.state = 'closed';
    this.owner.lost(error, true);
    this.owner.state('closed', error);
  }

  /** Stops what runs on an open connection. */
  private quiet(): void {
    this.up = this.greeting = false;
    if (this.pulse !== null) clearInterval(this.pulse);
    if (this.refresh !== null) clearTimeout(this.refresh);
    this.pulse = this.refresh = null;
  }

  private setState(state: State, error: CellError | null): void {
    this.state = state;
    this.owner.state(state, error);
  }
}

function pingFrame(): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES);
  frame[AT_KIND] = KIND_PING;
  return frame;
}

/** Anything thrown on the way to a connection; what has no status of its own may pass with time. */
function unavailable(error: unknown, what: string): CellError {
  if (error instanceof CellError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new CellError(UNAVAILABLE, `${what}: ${why}`, { cause: error, unsent: true });
}

function unref(timer: Timer): void {
  (timer as { unref?: () => void }).unref?.();
}
