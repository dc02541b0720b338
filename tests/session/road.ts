// Owns a whole road under test: listener, reception, real lanes and a cell with gates. No tests
// here.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Issuer } from '../../host/cell/config.ts';
import { readModule } from '../../host/cell/module.ts';
import type { CellSpec } from '../../host/lane/contract.ts';
import { startLanes } from '../../host/lane/lanes.ts';
import { createMemory } from '../../host/lane/memory.ts';
import { createRights } from '../../host/session/bits.ts';
import { Delivery } from '../../host/session/delivery.ts';
import { openDevelopmentIssuer } from '../../host/session/issuer.ts';
import type { SessionLimits } from '../../host/session/reception.ts';
import { createReception } from '../../host/session/reception.ts';
import { openRevocations } from '../../host/session/revocation.ts';
import { createVerifier } from '../../host/session/token.ts';
import { frame } from '../../host/session/wire.ts';
import { ECHO, makeCell } from '../lane/cells.ts';
import type { Client } from '../listen/clients.ts';
import type { Kind } from '../listen/stands.ts';
import { stand } from '../listen/stands.ts';
import { greet, nextFrame } from './house.ts';

export const [OPEN, SIGNED, ADMIN, SCOPED, SAYS] = [0, 1, 2, 3, 4];
const needs = (access: object) => ({ public: false, ...access });

/** Replies with the caller's text: subject \0 role ... \0\0 scope. */
const READ = `(local.set $len (call $caller (i32.const 4096) (i32.const 1024)))
  (i64.or (i64.shl (i64.const 4096) (i64.const 32)) (i64.extend_i32_u (local.get $len)))`;

/** Made once: assembling and compiling costs more than a test. */
const GATES = gateCell();

function gateCell(): CellSpec {
  const bytes = makeCell({
    name: 'gates',
    imports: '(import "cell:caller" "read" (func $caller (param i32 i32) (result i32)))',
    methods: [
      { name: 'open', body: ECHO },
      { name: 'signed', body: ECHO, access: needs({}) },
      { name: 'admin', body: ECHO, access: needs({ anyRole: ['admin', 'root'] }) },
      { name: 'scoped', body: ECHO, access: needs({ scopes: ['read', 'write'] }) },
      { name: 'says', body: READ },
    ],
  });
  const read = readModule(bytes, 'gates.wasm');
  return {
    ...read,
    name: 'gates',
    firstRoute: 0,
    index: 0,
    grants: {},
    file: 'gates.wasm',
  } as CellSpec;
}

interface Options {
  lanes?: number;
  kind?: Kind;
  limits?: Partial<SessionLimits>;
  ringBytes?: number;
  issuer?: (own: Issuer) => Issuer;
}

/** Opens everything; it is closed when the test ends. */
export async function host(t: ExecutionContext, options: Options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'cell-road-'));
  const { ringBytes, lanes: count = 0 } = options;
  const memory = createMemory({
    lanes: Math.max(1, count),
    sessions: 16,
    ...(ringBytes ? { ringBytes } : {}),
  });
  const delivery = new Delivery();
  const rights = createRights();
  const lanes = await startLanes({
    ...{ memory, lanes: count, deliver: delivery, rights, debug: true, spinUs: 0 },
    events: { log: () => {} },
  });
  const issuer = openDevelopmentIssuer(folder);
  const revocations = await openRevocations(join(folder, 'revoked'));
  const cells: CellSpec[] = [];
  const trusted = options.issuer?.(issuer.issuer) ?? issuer.issuer;
  const reception = createReception({
    ...{ memory, lanes, delivery, rights, revocations, cells: () => cells },
    ...{ verifier: createVerifier([trusted]), limits: options.limits },
  });
  await lanes.load(GATES);
  cells.push(GATES);
  const standing = await stand(options.kind ?? 'memory', reception);
  const alive = setInterval(() => {}, 1000);
  t.teardown(async () => {
    clearInterval(alive);
    await standing.listener.close();
    reception.close();
    await lanes.stop();
    await revocations.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const session = async (mint?: {
    subject: string;
    roles?: string[];
    scopes?: string[];
    ttl?: number;
  }) => {
    const client = await standing.connect();
    const token = mint ? await issuer.mintToken(mint) : null;
    const { welcome, error } = await greet(client, { token });
    if (!welcome) throw new Error(error);
    return { client, token };
  };
  return { ...standing, reception, issuer, session, memory };
}

let calls = 1;

/** One call; resolves with its payload, or status and reason. */
export async function call(client: Client, route: number, payload = Buffer.from('12345678')) {
  const id = (calls++ << 16) | 1;
  client.send(frame(3, id >>> 0, route, 0, payload));
  const answer = await nextFrame(client);
  if (answer.call !== id >>> 0) throw new Error(`answer to ${answer.call}, not to ${id}`);
  if (answer.kind === 4) return answer.payload.toString();
  return { status: answer.word & 255, reason: answer.word >>> 8 };
}
