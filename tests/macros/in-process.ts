// Owns macro cells in the process of a test: compiled, linked without a host, asked as a build asks
// them.
import { createHash } from 'node:crypto';
import type {
  Declaration,
  Description,
  EffectRequest,
  EffectResult,
  Literal,
  Plan,
  PlanRequest,
  Site,
  Use,
} from '../../build/2-discover/protocol.ts';
import { LiteralKind } from '../../build/2-discover/protocol.ts';
import type { Discovery, Provider } from '../../build/3-negotiate/contract.ts';
import type { Compiled } from '../../build/5-compile/compile.ts';
import { encodeArguments } from '../../host/schema/dynamic.ts';
import type { Method } from '../../host/schema/types.ts';
import { type Answer, link } from '../build/linked.ts';

const NOTHING: Literal = { kind: LiteralKind.Null, text: '', number: 0, keys: [], items: [] };

/** Source text of an argument that is no literal. */
export class Code {
  text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A value as the literal that a user would write. */
export function literal(value: unknown): Literal {
  if (value === null || value === undefined) return NOTHING;
  if (value instanceof Code) return { ...NOTHING, kind: LiteralKind.Code, text: value.text };
  if (Array.isArray(value)) {
    return { ...NOTHING, kind: LiteralKind.Array, items: value.map(literal) };
  }
  switch (typeof value) {
    case 'boolean':
      return { ...NOTHING, kind: LiteralKind.Bool, number: value ? 1 : 0 };
    case 'number':
      return { ...NOTHING, kind: LiteralKind.Number, number: value };
    case 'string':
      return { ...NOTHING, kind: LiteralKind.String, text: value };
    default: {
      const entries = Object.entries(value as object);
      const keys = entries.map(([key]) => key);
      const items = entries.map(([, item]) => literal(item));
      return { ...NOTHING, kind: LiteralKind.Object, keys, items };
    }
  }
}

/** `@Ns.name(...args)`; without a dot a bare one. */
export function use(macro: string, ...args: unknown[]): Use {
  const [ns, name] = /^[A-Z]/.test(macro) && macro.includes('.') ? macro.split('.') : ['', macro];
  return { ns, name, called: args.length > 0, args: args.map(literal), types: [] };
}

export function declaration(fields: Partial<Declaration>): Declaration {
  return {
    ...{ kind: 'method', name: 'get', doc: '', visibility: 'public', isStatic: false },
    ...{ params: [], type: 'void', uses: [] },
    ...fields,
  };
}

/** A method `get(id: u32): void` of the class `Accounts`, unless `fields` say otherwise. */
export function site(uses: Use[], fields: Partial<Declaration> = {}, id = 0): Site {
  const params = [{ name: 'id', type: 'u32' }];
  return {
    ...{ id, file: 'accounts.cell.ts', members: [], body: '' },
    declaration: declaration({ params, ...fields, uses }),
    owner: declaration({ kind: 'class', name: 'Accounts', uses: [use('service')] }),
  };
}

export function request(sites: Site[], fields: Partial<PlanRequest> = {}): PlanRequest {
  return {
    ...{ version: 1, round: 1, last: false, profile: 'on', settings: NOTHING, facts: [] },
    ...{ service: 'accounts', lock: '', documents: [], destructive: false },
    sites,
    ...fields,
  };
}

/** A macro cell that answers in this process. A failed call throws an Error with its message. */
export interface InProcess extends Provider {
  /** The plan of one use on a method. */
  planOf(macro: string, ...args: unknown[]): Promise<Plan>;
  raw(method: string, request: unknown): Answer;
  /** The bytes of a request, and how to send others. */
  payload(method: string, request: unknown): Payload;
}

export interface Payload {
  bytes: Uint8Array;
  send(bytes: Uint8Array): Answer;
}

/** `imports`: host functions beside those of every cell, over the cell's memory. */
export async function inProcess(
  cell: Pick<Compiled, 'wasm' | 'schema'>,
  imports: (memory: () => WebAssembly.Memory) => WebAssembly.Imports = () => ({}),
): Promise<InProcess> {
  const memory = (): WebAssembly.Memory => linked.exports.memory as WebAssembly.Memory;
  const linked = await link(cell, imports(memory));
  const ask = async <T>(method: string, argument: unknown): Promise<T> => {
    const answer = linked.call(method, argument);
    if ('value' in answer) return answer.value as T;
    throw new Error(answer.message);
  };
  const plan = (asked: PlanRequest): Promise<Plan> => ask<Plan>('$plan', asked);
  return {
    cell: cell.schema.cell,
    level: 1,
    from: 'this test',
    digest: createHash('sha256').update(cell.wasm).digest('hex'),
    describe: () => ask<Description>('$describe', { version: 1 }),
    plan,
    apply: (asked: EffectRequest) => ask<EffectResult>('$apply', asked),
    rollback: (asked: EffectRequest) => ask<EffectResult>('$rollback', asked),
    planOf: (macro, ...args) => plan(request([site([use(macro, ...args)])])),
    raw: (method, argument) => linked.call(method, argument),
    payload: (name, argument) => {
      const method = cell.schema.methods.find((m) => m.name === name) as Method;
      const bytes = encodeArguments(cell.schema, method, [argument]);
      return { bytes, send: (sent) => linked.raw(method.index, sent) };
    },
  };
}

/** A discovery over these providers, by namespace. */
export function discoveryOf(providers: Record<string, Provider>): Discovery {
  const find = async (ns: string) =>
    providers[ns] ?? { missing: true as const, cell: ns, tried: ['this test'], fix: 'add it' };
  return {
    find,
    identify: find,
    remote: async () => null,
    namespaces: async () => Object.keys(providers).sort(),
    close: async () => {},
  };
}
