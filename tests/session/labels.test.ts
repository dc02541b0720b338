// The set of labels of a caller: from the token at HELLO, anew with a new token, and anew for all
// when a counter names a claim that none had named.
import test from 'ava';
import { S_LABELS } from '../../assembly/shared/layout.ts';
import { createMemory } from '../../host/lane/memory.ts';
import type { Wire } from '../../host/listen/contract.ts';
import { createRights } from '../../host/session/bits.ts';
import { claimNames, identity } from '../../host/session/claims.ts';
import { Connection } from '../../host/session/connection.ts';
import { CLAIM_CHARS, CLAIMS } from '../../host/session/identity.ts';
import type { Revocations } from '../../host/session/revocation.ts';
import { Sessions } from '../../host/session/sessions.ts';
import { Labels } from '../../host/telemetry/labels.ts';

const NONE = { revoked: () => false } as unknown as Revocations;
const NAMES = claimNames({ issuer: 'i', audience: 'a', algorithms: [] });

function who(claims: Record<string, unknown>) {
  return identity({ sub: 'alice', exp: 2e9, iss: 'i', ...claims }, NAMES, 30);
}

function world() {
  const memory = createMemory({ lanes: 1, sessions: 4, routes: 1, ringBytes: 4096 });
  const labels = new Labels();
  const sessions = new Sessions(
    { memory, rights: createRights(), revocations: NONE, labels },
    undefined,
  );
  const open = (claims: Record<string, unknown> | null) => {
    const connection = new Connection({ kind: 'test', remote: 'here' } as Wire, 0);
    sessions.open(connection, claims === null ? null : who(claims));
    return connection;
  };
  const set = ({ slot }: Connection) =>
    memory.view.getUint32(memory.sessionAt(slot) + S_LABELS, true);
  return { labels, sessions, open, set };
}

test('a session has the set of its token; an anonymous one has none', (t) => {
  const { labels, open, set } = world();
  labels.demand(['plan']);
  const [gold, free, same] = [{ plan: 'gold' }, {}, { plan: 'gold', other: 1 }].map(open);
  t.is(labels.value(set(gold), 'plan'), 'gold');
  t.is(set(free), 0);
  t.is(set(same), set(gold));
  t.is(set(open(null)), 0);
});

test('a new token brings its own; a slot that is used again does not keep the old', (t) => {
  const { labels, sessions, open, set } = world();
  labels.demand(['plan']);
  const one = open({ plan: 'gold' });
  sessions.refresh(one, who({ plan: 'free' }));
  t.is(labels.value(set(one), 'plan'), 'free');
  sessions.close(one);
  const next = open({});
  t.is(next.slot, one.slot);
  t.is(set(next), 0);
});

test('a claim that is named later counts for sessions that stand', (t) => {
  const { labels, open, set } = world();
  const one = open({ plan: 'gold', region: 'eu' });
  t.is(set(one), 0);
  labels.demand(['plan']);
  t.is(labels.value(set(one), 'plan'), 'gold');
  labels.demand(['region']);
  t.is(labels.value(set(one), 'region'), 'eu');
  t.is(labels.value(set(one), 'plan'), 'gold');
});

test('which claims are kept: short texts, numbers and booleans, and not whose they are', (t) => {
  const { claims } = who({
    ...{ plan: 'gold', seats: 3, trial: false, jti: 'x', scope: 'a b', nothing: null },
    ...{ list: ['a'], nested: { a: 1 }, long: 'x'.repeat(CLAIM_CHARS + 1), odd: 'a\nb' },
    ...{ fits: 'x'.repeat(CLAIM_CHARS), ['k'.repeat(CLAIM_CHARS + 1)]: 'v' },
  });
  t.deepEqual(
    { ...claims },
    {
      ...{ plan: 'gold', seats: '3', trial: 'false', fits: 'x'.repeat(CLAIM_CHARS) },
    },
  );
  const many = Object.fromEntries(Array.from({ length: CLAIMS + 9 }, (_, i) => [`c${i}`, i]));
  t.is(Object.keys(who(many).claims).length, CLAIMS);
  const proto = JSON.parse('{"__proto__": "x", "toString": "y"}');
  t.deepEqual(Object.keys(who(proto).claims).sort(), ['__proto__', 'toString']);
  t.is(Object.getPrototypeOf(who(proto).claims), null);
});
