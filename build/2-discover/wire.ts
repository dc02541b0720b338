// Owns a provider that is reached over a synapse: the protocol's methods as calls on channel MACRO,
// and what their failures mean. Knows nothing of where the cell runs.
import { CHANNEL_MACRO } from '../../assembly/shared/frame.ts';
import { canonicalText } from '../../host/schema/canonical.ts';
import { decodeResult, encodeArguments } from '../../host/schema/dynamic.ts';
import { fingerprint, fingerprintNumber } from '../../host/schema/fingerprint.ts';
import type { Method } from '../../host/schema/types.ts';
import { CellError, type MethodRef, Status, type Synapse } from '../../host/synapse/index.ts';
import type { Provider } from '../3-negotiate/contract.ts';
import type { Place } from './places.ts';
import {
  type Description,
  type EffectRequest,
  type EffectResult,
  type Plan,
  type PlanRequest,
  VERSION,
} from './protocol.ts';
import { MACRO_METHODS, PROTOCOL } from './protocol-schema.ts';
import { type Failure, ProviderError } from './provider-error.ts';

/** Milliseconds of one request to a running host: it may have other things to do, or be gone. */
const RUNNING_MS = 5000;
/** And to a cell that this build has started: its watchdog ends it after a second of CPU. */
const STARTED_MS = 30_000;
/** Milliseconds of one step of effects: a table may take its time. */
const EFFECT_MS = 60_000;

const METHODS: Method[] = MACRO_METHODS.map((method, index) => ({
  ...{ ...method, index, tier: 'waiting', canonical: '', fingerprint: '' },
  access: { public: false, anyRole: [], scopes: ['cell:build'] },
}));

/** The four methods of a cell, as its clients name them. */
export function macroRefs(cell: string): MethodRef[] {
  return METHODS.map((method) => {
    const text = canonicalText({ ...PROTOCOL, cell }, method);
    const number = fingerprintNumber(fingerprint(text));
    return { name: `${cell}.${method.name}`, fingerprint: number, text, channel: CHANNEL_MACRO };
  });
}

/** A provider at a place. Connects at its first request. */
export class WireProvider implements Provider {
  readonly cell: string;
  readonly level: 1 | 2;
  readonly from: string;
  readonly digest: string;
  readonly patienceMs: number;
  readonly #place: Place;
  #connected: Promise<{ synapse: Synapse; first: number }> | undefined;

  constructor(place: Place) {
    const { cell, kind, from, digest } = place;
    this.cell = cell;
    this.level = kind === 'running' ? 2 : 1;
    this.from = from;
    this.digest = digest;
    this.patienceMs = kind === 'running' ? RUNNING_MS : STARTED_MS;
    this.#place = place;
  }

  async ready(): Promise<void> {
    await this.#connection();
  }

  describe(): Promise<Description> {
    return this.#call(0, { version: VERSION }, this.patienceMs);
  }

  plan(request: PlanRequest): Promise<Plan> {
    return this.#call(1, request, this.patienceMs);
  }

  apply(request: EffectRequest): Promise<EffectResult> {
    return this.#call(2, request, EFFECT_MS);
  }

  rollback(request: EffectRequest): Promise<EffectResult> {
    return this.#call(3, request, EFFECT_MS);
  }

  async #connection(): Promise<{ synapse: Synapse; first: number }> {
    this.#connected ??= this.#connect();
    try {
      return await this.#connected;
    } catch (error) {
      this.#connected = undefined;
      throw failureOf(error, 'unreachable');
    }
  }

  async #connect(): Promise<{ synapse: Synapse; first: number }> {
    const synapse = await this.#place.connect();
    return { synapse, first: synapse.add(macroRefs(this.cell)) };
  }

  async #call<T>(index: number, request: object, timeout: number): Promise<T> {
    const method = METHODS[index];
    let payload: Uint8Array;
    try {
      payload = encodeArguments(PROTOCOL, method, [request]);
    } catch (error) {
      throw new ProviderError('large', (error as Error).message);
    }
    const connection = await this.#connection();
    try {
      return (await send(connection, index, payload, timeout)) as T;
    } catch (error) {
      throw failureOf(error, 'crashed');
    }
  }
}

function send(
  { synapse, first }: { synapse: Synapse; first: number },
  index: number,
  payload: Uint8Array,
  timeout: number,
): Promise<unknown> {
  const at = synapse.begin();
  try {
    synapse.outbox.grow(at + payload.length);
    synapse.outbox.bytes.set(payload, at);
  } catch (error) {
    return synapse.refuse(error);
  }
  const decode = (bytes: Uint8Array, _view: DataView, from: number, to: number): unknown =>
    decodeResult(PROTOCOL, METHODS[index], bytes.subarray(from, to));
  return synapse.end(first + index, payload.length, decode, { timeout });
}

const FAILURES = new Map<number, Failure>([
  [Status.DEADLINE_EXCEEDED, 'silent'],
  [Status.RESOURCE_EXHAUSTED, 'large'],
  [Status.UNAVAILABLE, 'unreachable'],
  [Status.UNAUTHENTICATED, 'unreachable'],
  [Status.PERMISSION_DENIED, 'unreachable'],
  [Status.FAILED_PRECONDITION, 'version'],
  [Status.UNIMPLEMENTED, 'wrong'],
  [Status.DATA_LOSS, 'wrong'],
]);

function failureOf(error: unknown, otherwise: Failure): ProviderError {
  if (error instanceof CellError) {
    // A payload that does not decode reaches the caller as an error of this side.
    if (error.cause instanceof RangeError) return new ProviderError('wrong', error.message);
    return new ProviderError(FAILURES.get(error.status) ?? otherwise, error.message);
  }
  if (error instanceof RangeError) return new ProviderError('wrong', error.message);
  return new ProviderError(otherwise, error instanceof Error ? error.message : String(error));
}
