import test from 'ava';
import {
  CHANNEL_APP,
  CHANNEL_CONSENSUS,
  CHANNEL_MACRO,
  CHANNEL_OPS,
} from '../../assembly/shared/frame.ts';
import * as layout from '../../assembly/shared/layout.ts';
import * as reason from '../../assembly/shared/reason.ts';
import * as status from '../../assembly/shared/status.ts';
import { assemble, ECHO } from './cells.ts';
import { builds, debugModules } from './modules.ts';
import { frame, join, NOON, World } from './world.ts';

const { ROUTE_LIVE, ROUTE_PUBLIC, SESSION_AUTHENTICATED, SESSION_REVOKED } = layout;

function world(modules = debugModules): World {
  const w = new World({ modules });
  const slot = w.install(assemble(ECHO));
  w.route(0, { slot });
  w.route(1, { slot, rolesAny: 0b110n });
  w.route(2, { slot, scopesAll: 0b101n });
  w.route(3, { slot, flags: ROUTE_LIVE | ROUTE_PUBLIC });
  w.route(4, { slot, flags: 0 });
  w.route(5, { slot, flags: ROUTE_PUBLIC });
  w.route(6, { slot, rolesAny: 1n << 63n, scopesAll: 1n << 63n });
  return w;
}

const ON_MACRO = layout.ROUTE_LIVE | (CHANNEL_MACRO << layout.ROUTE_CHANNEL_SHIFT);

test('a frame comes on the channel of its route, or is refused; strangers learn nothing', (t) => {
  const w = world();
  const slot = w.install(assemble(ECHO));
  w.route(7, { slot, flags: ON_MACRO, scopesAll: 1n });
  w.route(8, { slot, flags: ON_MACRO | ROUTE_PUBLIC });
  w.session(1, { scopes: 1n });
  w.session(2, {});
  w.session(3, { flags: 0 });
  w.session(4, { scopes: 1n, flags: SESSION_AUTHENTICATED | SESSION_REVOKED });
  w.session(5, { scopes: 1n, expiry: 1n });
  const ask = (connection: number, route: number, flags: number) => {
    const [reply] = w.ask(connection, frame({ route, flags }));
    return [reply.status, reply.reason];
  };
  const OTHER = [status.UNIMPLEMENTED, reason.REASON_CHANNEL];
  t.deepEqual(ask(1, 7, CHANNEL_MACRO), [0, 0]);
  t.deepEqual(ask(1, 8, CHANNEL_MACRO), [0, 0]);
  t.deepEqual(ask(3, 8, CHANNEL_MACRO), [0, 0]);
  for (const channel of [CHANNEL_APP, CHANNEL_CONSENSUS, CHANNEL_OPS]) {
    t.deepEqual(ask(1, 7, channel), OTHER, `channel ${channel}`);
    t.deepEqual(ask(2, 7, channel), OTHER, 'the channel before the scope');
    t.deepEqual(ask(3, 7, channel), [status.UNAUTHENTICATED, reason.REASON_NO_SESSION]);
    t.deepEqual(ask(4, 8, channel), [status.UNAUTHENTICATED, reason.REASON_REVOKED]);
    t.deepEqual(ask(5, 7, channel), [status.UNAUTHENTICATED, reason.REASON_EXPIRED]);
  }
  t.deepEqual(ask(2, 7, CHANNEL_MACRO), [status.PERMISSION_DENIED, reason.REASON_SCOPE]);
  for (const channel of [CHANNEL_CONSENSUS, CHANNEL_OPS, CHANNEL_MACRO]) {
    t.deepEqual(ask(1, 0, channel), OTHER, 'a method of the application');
    t.deepEqual(ask(1, 3, channel), OTHER, 'a public one');
    t.deepEqual(ask(3, 3, channel), NO_SESSION, 'a stranger is a stranger');
    t.deepEqual(ask(3, 0, channel), ask(3, 60, channel), 'closed or not there: the same');
    t.deepEqual(ask(1, 60, channel), [status.UNIMPLEMENTED, reason.REASON_NO_ROUTE]);
  }
});

/** status and reason of one call of each route in `routes`. */
function verdicts(w: World, connection: number, routes: number[]): [number, number][] {
  const replies = w.ask(connection, join(...routes.map((route) => frame({ route }))));
  return replies.map((reply) => [reply.status, reply.reason]);
}

const OK: [number, number] = [0, 0];
const NO_SESSION: [number, number] = [status.UNAUTHENTICATED, reason.REASON_NO_SESSION];
const EXPIRED: [number, number] = [status.UNAUTHENTICATED, reason.REASON_EXPIRED];
const REVOKED: [number, number] = [status.UNAUTHENTICATED, reason.REASON_REVOKED];
const NO_ROUTE: [number, number] = [status.UNIMPLEMENTED, reason.REASON_NO_ROUTE];
const ROLE: [number, number] = [status.PERMISSION_DENIED, reason.REASON_ROLE];
const SCOPE: [number, number] = [status.PERMISSION_DENIED, reason.REASON_SCOPE];

for (const [name, modules] of builds) {
  test(`roles: any of them; scopes: all of them (${name})`, (t) => {
    const w = world(modules);
    w.session(1, { roles: 0b010n, scopes: 0b101n });
    w.session(2, { roles: 0b001n, scopes: 0b001n });
    w.session(3, { roles: 1n << 63n, scopes: 1n << 63n });
    t.deepEqual(verdicts(w, 1, [0, 1, 2, 3, 6]), [OK, OK, OK, OK, ROLE]);
    t.deepEqual(verdicts(w, 2, [0, 1, 2, 3]), [OK, ROLE, SCOPE, OK]);
    t.deepEqual(verdicts(w, 3, [6, 1, 2]), [OK, ROLE, SCOPE]);
  });

  test(`an unknown or dead route is told to those with a session only (${name})`, (t) => {
    const w = world(modules);
    w.session(1);
    w.session(2, { flags: 0, expiry: 0n });
    t.deepEqual(verdicts(w, 1, [4, 5, 7, 65535]), [NO_ROUTE, NO_ROUTE, NO_ROUTE, NO_ROUTE]);
    const stranger = verdicts(w, 2, [0, 1, 2, 4, 5, 7, 65535]);
    t.deepEqual(stranger, Array(7).fill(NO_SESSION), 'all look alike');
    t.deepEqual(verdicts(w, 2, [3]), [OK]);
  });

  test(`a session ends in the microsecond of its expiry (${name})`, (t) => {
    const w = world(modules);
    w.session(1, { expiry: BigInt(NOON + 1) });
    w.session(2, { expiry: BigInt(NOON) });
    w.session(3, { expiry: 0n });
    t.deepEqual(verdicts(w, 1, [0]), [OK]);
    t.deepEqual(verdicts(w, 2, [0, 1, 4, 3]), [EXPIRED, EXPIRED, EXPIRED, OK]);
    t.deepEqual(verdicts(w, 3, [0, 3]), [EXPIRED, OK]);
    w.now += 1;
    t.deepEqual(verdicts(w, 1, [0]), [EXPIRED]);
  });

  test(`a revoked session is refused everywhere, public routes too (${name})`, (t) => {
    const w = world(modules);
    w.session(1, { flags: SESSION_AUTHENTICATED | SESSION_REVOKED });
    t.deepEqual(verdicts(w, 1, [0, 1, 3]), [REVOKED, REVOKED, REVOKED]);
    t.deepEqual(verdicts(w, 1, [4, 7]), [REVOKED, REVOKED]);
  });
}

test('a frame of an older or newer generation, or of no slot, is dropped silently', (t) => {
  const w = world();
  w.session(1, { generation: 7 });
  t.deepEqual(w.ask(1, frame(), 6), []);
  t.deepEqual(w.ask(1, frame(), 8), []);
  t.deepEqual(w.ask(1, frame(), 0), []);
  t.deepEqual(w.ask(w.shared.sessionCount, frame()), []);
  t.deepEqual(w.ask(0xffffffff, frame()), []);
  t.is(w.ask(1, frame(), 7).length, 1);
  t.deepEqual(w.closes, []);
  t.false(w.reader.waits());
});

test('a closed slot drops what is still in the ring, and only that', (t) => {
  const w = world();
  w.session(1);
  w.session(2);
  w.push(1, frame({ call: 1 }));
  w.push(2, frame({ call: 2 }));
  w.session(1, { generation: 0 });
  w.drain();
  t.deepEqual(
    w.replies().map((reply) => reply.call),
    [2],
  );
});

test('revoked or closed in the middle of a message: it counts from the next frame', (t) => {
  const w = world();
  let calls = 0;
  const at = w.shared.sessionAt(1);
  const cell = assemble(`(module (import "t" "hook" (func $hook))
    (func (export "dispatch") (param i32 i32 i32 i32 i32) (result i64)
      (call $hook) (i64.const 0)))`);
  const revoke = () => {
    if (++calls === 2) w.shared.view.setUint32(at + layout.S_FLAGS, 3, true);
  };
  const instance = new WebAssembly.Instance(cell, { t: { hook: revoke } });
  w.table.set(40, instance.exports.dispatch);
  w.route(8, { slot: 40 });
  w.session(1);
  t.deepEqual(verdicts(w, 1, [8, 8, 8, 8]), [OK, OK, REVOKED, REVOKED]);
  calls = 0;
  w.session(1);
  const close = assemble(`(module (import "t" "hook" (func $hook))
    (func (export "dispatch") (param i32 i32 i32 i32 i32) (result i64)
      (call $hook) (i64.const 0)))`);
  const shut = () => {
    if (++calls === 2) w.shared.view.setUint32(at + layout.S_GENERATION, 0, true);
  };
  w.table.set(40, new WebAssembly.Instance(close, { t: { hook: shut } }).exports.dispatch);
  t.deepEqual(verdicts(w, 1, [8, 8, 8, 8]), [OK, OK]);
});

test('the membrane is told who calls; an expired caller of a public route is nobody', (t) => {
  const w = world();
  w.session(1, { generation: 9 });
  w.session(2, { expiry: 1n, generation: 4 });
  w.session(3, { flags: 0, expiry: 0n });
  const seen: number[][] = [];
  const peek = () => {
    const word = (at: number) => w.shared.view.getUint32(w.shared.laneBase(0) + at, true);
    seen.push([word(layout.L_SESSION), word(layout.L_GENERATION)]);
  };
  const cell = assemble(`(module (import "t" "hook" (func $hook))
    (func (export "dispatch") (param i32 i32 i32 i32 i32) (result i64)
      (call $hook) (i64.const 0)))`);
  w.table.set(40, new WebAssembly.Instance(cell, { t: { hook: peek } }).exports.dispatch);
  w.route(8, { slot: 40, flags: ROUTE_LIVE | ROUTE_PUBLIC });
  w.ask(1, frame({ route: 8 }), 9);
  w.ask(2, frame({ route: 8 }), 4);
  w.ask(3, frame({ route: 8 }));
  const at = w.shared.sessionAt;
  t.deepEqual(seen, [
    [at(1), 9],
    [0, 4],
    [at(3), 1],
  ]);
});
