// Owns running a built cell without lanes: gate, cell and membrane linked as
// assembly/membrane/gate.wat says, over a small host memory. Calls go through `dispatch`, as the
// kernel makes them.
import fs from 'node:fs';
import { buildAssembly } from '../../assembly/build.mjs';
import {
  L_GENERATION,
  L_NOW,
  L_RANDOM,
  L_SESSION,
  LANE_BYTES,
  PART_LOG_WORD,
  RING_DATA,
  S_GENERATION,
  S_SUBJECT_AT,
  S_SUBJECT_BYTES,
} from '../../assembly/shared/layout.ts';
import { ERROR_BYTES, LOG_BYTES } from '../../assembly/shared/limits.ts';
import type { Compiled } from '../../build/5-compile/compile.ts';
import { decodeRecord, decodeResult, encodeArguments } from '../../host/schema/dynamic.ts';
import { ERROR_FIELDS } from './error-record.ts';

const BASE = 65536;
const LOG = LANE_BYTES;
const ARGUMENTS = BASE + LANE_BYTES + 2 * RING_DATA + LOG_BYTES + 4096;
const ROOM = 1 << 20;
const OUT = ARGUMENTS + ROOM;
const SLOT = OUT + ROOM;

const modules = new Map<string, WebAssembly.Module>();
/** A host without feature flags. */
const NO_FLAGS = {
  bool: (_at: number, _length: number, fallback: number) => fallback,
  variant: () => 0,
};

async function shipped(name: string): Promise<WebAssembly.Module> {
  await buildAssembly();
  const file = new URL(`../../assembly/out/${name}.wasm`, import.meta.url);
  const known = modules.get(name) ?? new WebAssembly.Module(fs.readFileSync(file));
  modules.set(name, known);
  return known;
}

export interface Failure {
  status: number;
  message: string;
  type: string | null;
  details: Uint8Array | null;
}

/** What a call ended with. */
export type Answer = { value: unknown } | Failure;

export interface Linked {
  exports: WebAssembly.Exports;
  /** Calls a method with values; a trap is thrown. */
  call(method: string, ...args: unknown[]): Answer;
  /** Calls a method with the bytes of a payload. */
  raw(method: number, payload: Uint8Array): Answer;
  /** From now on the caller is this text of `cell:caller` (gate.wat). */
  caller(text: string): void;
  /** Lines in the log ring, as `level text`. */
  log(): string[];
}

/** Links an instance and initialises it. `imports` adds host functions, e.g. of `cell:blob`. */
export async function link(
  cell: Pick<Compiled, 'wasm' | 'schema'>,
  imports: WebAssembly.Imports = {},
): Promise<Linked> {
  const [gateModule, membraneModule] = [await shipped('gate'), await shipped('membrane')];
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
  const bytes = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  view.setUint32(BASE + 4 * PART_LOG_WORD, LOG, true);
  view.setBigInt64(BASE + L_NOW, 1_700_000_000_000_000n, true);
  view.setBigUint64(BASE + L_RANDOM, 7n, true);
  const lane = { base: BASE, cell: 0, replyBytes: ROOM };
  const gate = new WebAssembly.Instance(gateModule, { env: { memory }, lane }).exports;
  const module = new WebAssembly.Module(cell.wasm as Uint8Array<ArrayBuffer>);
  const given = {
    'cell:core': gate,
    'cell:caller': gate,
    'cell:log': gate,
    'cell:clock': gate,
    'cell:random': gate,
    'cell:flags': NO_FLAGS,
    ...imports,
  };
  const { exports } = new WebAssembly.Instance(module, given as WebAssembly.Imports);
  const membrane = new WebAssembly.Instance(membraneModule, {
    env: { memory },
    lane,
    gate,
    cell: exports,
  } as WebAssembly.Imports).exports;
  (exports._initialize as (() => void) | undefined)?.();
  const dispatch = membrane.dispatch as (...n: number[]) => bigint;
  const { schema } = cell;

  const send = (method: number, payload: Uint8Array): { status: number; reply: Uint8Array } => {
    bytes.set(payload, ARGUMENTS);
    const word = BigInt.asUintN(64, dispatch(method, ARGUMENTS, payload.length, OUT, ROOM));
    const status = Number(word >> 32n);
    return { status, reply: bytes.slice(OUT, OUT + Number(word & 0xffffffffn)) };
  };
  const failure = (status: number, reply: Uint8Array): Failure => {
    if (reply.length === 0 || reply.length > ERROR_BYTES) {
      return { status, message: '', type: null, details: null };
    }
    return { status, ...decodeRecord<Omit<Failure, 'status'>>(schema, ERROR_FIELDS, reply) };
  };
  const raw = (method: number, payload: Uint8Array): Answer => {
    const { status, reply } = send(method, payload);
    if (status !== 0) return failure(status, reply);
    return { value: decodeResult(schema, schema.methods[method], reply) };
  };
  return {
    exports,
    raw,
    call(name, ...args) {
      const method = schema.methods.find((m) => m.name === name);
      if (method === undefined) throw new Error(`no method ${name}`);
      return raw(method.index, encodeArguments(schema, method, args));
    },
    caller: (text) => writeCaller(bytes, text),
    log: () => readLog(bytes),
  };
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer);

/** A session slot with the caller's text behind it, current in the lane. */
function writeCaller(bytes: Uint8Array, text: string): void {
  const encoded = new TextEncoder().encode(text);
  const view = viewOf(bytes);
  bytes.set(encoded, SLOT + 64);
  view.setUint32(SLOT + S_SUBJECT_AT, SLOT + 64, true);
  view.setUint32(SLOT + S_SUBJECT_BYTES, encoded.length, true);
  view.setUint32(SLOT + S_GENERATION, 3, true);
  view.setUint32(BASE + L_SESSION, SLOT, true);
  view.setUint32(BASE + L_GENERATION, 3, true);
}

function readLog(bytes: Uint8Array): string[] {
  const view = viewOf(bytes);
  const lines: string[] = [];
  const head = view.getUint32(BASE + LOG, true);
  for (let at = 0; at < head; ) {
    const record = BASE + LOG + RING_DATA + at;
    const size = view.getUint32(record, true);
    const level = view.getUint32(record + 8, true) & 3;
    const text = new TextDecoder().decode(bytes.slice(record + 16, record + 16 + size));
    lines.push(`${level} ${text}`);
    at += (size + 31) & ~15;
  }
  return lines;
}
