// Owns services with durable fields as tests run them: built with the standard cells' answers, in
// an inline lane, over a store in memory that outlives them.
import type { ExecutionContext } from 'ava';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import { readModule } from '../../host/cell/module.ts';
import { decodeResult, encodeArguments } from '../../host/schema/dynamic.ts';
import type { Schema } from '../../host/schema/types.ts';
import { Desk, messageOf } from '../lane/desk.ts';
import { builtWith, told } from '../std/standard.ts';
import { MemoryStore, storing } from './keeper.ts';

const modules = new Map<string, Promise<Uint8Array>>();

/** The module of a service, built once in a process. Throws with what was found. */
export function moduleOf(discovery: Discovery, text: string): Promise<Uint8Array> {
  const known = modules.get(text);
  if (known !== undefined) return known;
  const made = builtWith(discovery, text).then((built) => {
    if (built.compiled === null) throw new Error(told(built).join('\n'));
    return built.compiled.wasm;
  });
  modules.set(text, made);
  return made;
}

/** A running service. */
export class KeptService {
  readonly store: MemoryStore;
  readonly desk: Desk;
  private readonly schema: Schema;

  private constructor(store: MemoryStore, desk: Desk, schema: Schema) {
    this.store = store;
    this.desk = desk;
    this.schema = schema;
  }

  /** Starts `wasm` over what `store` has. Rejects with the words of a start that fails. */
  static async start(
    t: ExecutionContext,
    wasm: Uint8Array,
    store = new MemoryStore(),
  ): Promise<KeptService> {
    const { schema } = readModule(wasm as Uint8Array<ArrayBuffer>, 'test.wasm');
    const desk = await Desk.open(t, { lanes: 0, drivers: storing({ [schema.cell]: store }) });
    desk.session(1);
    await desk.loadBytes(wasm, { kv: {} });
    return new KeptService(store, desk, schema);
  }

  /** The value that a call answers; throws Error with its message when it fails. */
  async call(name: string, ...args: unknown[]): Promise<unknown> {
    const index = this.schema.methods.findIndex((method) => method.name === name);
    const method = this.schema.methods[index];
    const answer = await this.desk.call(index, encodeArguments(this.schema, method, args));
    if (answer.status !== 0) throw new Error(`${answer.status} ${messageOf(answer)}`);
    return decodeResult(this.schema, method, answer.payload);
  }

  /** The same with another module, or the same one, over what is stored. */
  async again(t: ExecutionContext, wasm: Uint8Array): Promise<KeptService> {
    await this.desk.lanes.stop();
    return KeptService.start(t, wasm, this.store);
  }
}
