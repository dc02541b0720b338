// Owns the opening, refreshing, revoking and closing of sessions: what an identity becomes in a
// slot. Never verifies tokens, never speaks to a wire.

import {
  FAILED_PRECONDITION,
  INVALID_ARGUMENT,
  PERMISSION_DENIED,
  UNAUTHENTICATED,
  UNAVAILABLE,
} from '../../assembly/shared/status.ts';
import type { Rate } from '../cell/config.ts';
import { intervalOf } from '../lane/routes.ts';
import type { Rights } from './bits.ts';
import type { Connection } from './connection.ts';
import { scopeMask } from './issuer-scope.ts';
import type { Revocations } from './revocation.ts';
import type { Caller, Grant, SlotMemory } from './slots.ts';
import { callerText, SessionSlots } from './slots.ts';
import { remoteKey, Subjects } from './subjects.ts';
import type { Identity } from './token.ts';
import { ANONYMOUS } from './token.ts';

/** A HELLO that is turned away: becomes ERROR, then close 1008. `message` is for the client. */
export class Refused extends Error {
  override name = 'Refused';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function callerKey(text: Uint8Array): string {
  return Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1');
}

interface Parts {
  memory: SlotMemory;
  rights: Rights;
  revocations: Revocations;
  /** Sets of labels of counters; absent: nobody counts by label. */
  labels?: CallerLabels;
}

/** What this needs of host/telemetry/labels.ts. */
export interface CallerLabels {
  of(claims: Readonly<Record<string, string>>): number;
  onGrow: () => void;
}

export class Sessions {
  private readonly slots: SessionSlots;
  private readonly subjects = new Subjects();
  /** Numbers of callers' whole texts. */
  private readonly callers = new Subjects();
  private readonly rights: Rights;
  private readonly revocations: Revocations;
  private readonly labels: CallerLabels | undefined;
  private readonly rate: { interval: number; tolerance: number };
  private readonly live = new Set<Connection>();

  constructor(parts: Parts, perSession: Rate | undefined) {
    this.slots = new SessionSlots(parts.memory);
    this.rights = parts.rights;
    this.revocations = parts.revocations;
    this.labels = parts.labels;
    if (this.labels) this.labels.onGrow = () => this.relabel();
    this.rate = perSession ? intervalOf(perSession) : { interval: 0, tolerance: 0 };
    const remask = () => this.remask();
    this.rights.roles.onGrow = remask;
    this.rights.scopes.onGrow = remask;
  }

  get count(): number {
    return this.slots.open;
  }

  /**
   * Opens the session of a connection; sets its slot, generation, key and identity. Throws Refused.
   */
  open(connection: Connection, identity: Identity | null): void {
    const text = this.text(identity);
    if (identity) this.checkRevoked(identity);
    const key = identity ? `subject:${identity.subject}` : remoteKey(connection.wire.remote);
    const subject = this.subjects.open(key);
    const caller = callerKey(text);
    const number = this.callers.open(caller);
    const taken = this.slots.take(this.grant(identity, subject, number), text);
    if (!taken) {
      this.subjects.close(key);
      this.callers.close(caller);
      throw new Refused(UNAVAILABLE, `this host holds at most ${this.slots.count} sessions`);
    }
    connection.slot = taken.slot;
    connection.generation = taken.generation;
    connection.key = key;
    connection.subject = subject;
    connection.caller = caller;
    connection.identity = identity;
    this.live.add(connection);
  }

  /** New rights for an open session. Throws Refused when the token is another subject's. */
  refresh(connection: Connection, identity: Identity): void {
    const was = connection.identity;
    if (!was) {
      const fix = 'open a new connection with the token';
      throw new Refused(FAILED_PRECONDITION, `an anonymous session stays anonymous: ${fix}`);
    }
    if (was.subject !== identity.subject) {
      throw new Refused(
        PERMISSION_DENIED,
        'a session can only be refreshed by a token of its subject',
      );
    }
    this.checkRevoked(identity);
    const text = this.text(identity);
    const caller = callerKey(text);
    const number = this.callers.open(caller);
    this.slots.refresh(connection.slot, this.grant(identity, connection.subject, number), text);
    this.callers.close(connection.caller);
    connection.caller = caller;
    connection.identity = identity;
  }

  close(connection: Connection): void {
    this.live.delete(connection);
    this.slots.give(connection.slot);
    this.subjects.close(connection.key);
    this.callers.close(connection.caller);
  }

  revoke(connection: Connection): void {
    if (this.live.has(connection)) this.slots.revoke(connection.slot);
  }

  lift(connection: Connection): void {
    if (this.live.has(connection)) this.slots.lift(connection.slot);
  }

  private remask(): void {
    for (const { slot, identity } of this.live) {
      if (!identity) continue;
      const { roles, scopes } = this.rights;
      this.slots.remask(slot, roles.held(identity.roles), scopeMask(scopes, identity));
    }
  }

  private relabel(): void {
    for (const { slot, identity } of this.live) this.slots.relabel(slot, this.labelsOf(identity));
  }

  private labelsOf(identity: Identity | null): number {
    return identity && this.labels ? this.labels.of(identity.claims) : 0;
  }

  private checkRevoked(identity: Identity): void {
    if (!this.revocations.revoked(identity.subject, identity.issuedMs)) return;
    throw new Refused(UNAUTHENTICATED, 'the subject of the token was revoked');
  }

  private text(identity: Identity | null): Uint8Array {
    const caller: Caller = identity ?? { subject: ANONYMOUS, roles: [], scopes: [] };
    const text = callerText(caller);
    if (text.length <= this.slots.textBytes) return text;
    const most = `subject, roles and scopes may have at most ${this.slots.textBytes} bytes`;
    throw new Refused(INVALID_ARGUMENT, `${most}, these have ${text.length}`);
  }

  private grant(identity: Identity | null, subject: number, caller: number): Grant {
    const { roles, scopes } = this.rights;
    return {
      roleMask: identity ? roles.held(identity.roles) : 0n,
      scopeMask: identity ? scopeMask(scopes, identity) : 0n,
      expiry: identity ? identity.served : 0n,
      authenticated: identity !== null,
      revoked: false,
      subject,
      caller,
      labels: this.labelsOf(identity),
      ...this.rate,
    };
  }
}
