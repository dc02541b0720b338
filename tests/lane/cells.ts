// Owns the cells of these tests: hostile and well-behaved ones, written in WAT and wrapped in the
// sections that `cell build` would write. The sections are put together by hand, byte by byte.
import binaryen from 'binaryen';
import type { Manifest, Method, Schema } from '../../host/schema/types.ts';

/** One method of a test cell: its body gets (param $ptr i32) (param $len i32) and gives an i64. */
export interface WatMethod {
  name: string;
  body: string;
  tier?: 'pure' | 'waiting';
  access?: Partial<Method['access']>;
  /** Methods of other cells that it says it can reach: `ledger.debit`. */
  calls?: string[];
  policies?: Method['policies'];
}

export interface WatCell {
  name: string;
  methods: WatMethod[];
  actor?: boolean;
  /** Body of `start`, (func) without result. */
  start?: string;
  /** Import lines and further functions, globals, data. */
  imports?: string;
  extra?: string;
  /** As declared: `1 16`, initial and maximum pages. */
  memory?: string;
  alloc?: string;
  cpuMs?: number;
  /** Canonical texts of what it was built against, by cell and method. */
  remotes?: Record<string, Record<string, string>>;
  /** Its durable fields. */
  persisted?: Manifest['persisted'];
}

/** Reply of `len` bytes at `ptr`, as handle gives it. */
export const reply = (ptr: string, len: string): string =>
  `(i64.or (i64.shl (i64.extend_i32_u ${ptr}) (i64.const 32)) (i64.extend_i32_u ${len}))`;

export const ECHO = reply('(local.get $ptr)', '(local.get $len)');
/** Replies with four bytes: a u32. */
export const number = (expression: string): string =>
  `(i32.store (i32.const 64) ${expression}) ${reply('(i32.const 64)', '(i32.const 4)')}`;

function leb(value: number): number[] {
  const bytes = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  bytes.push(value);
  return bytes;
}

/** A custom section with `name` around `payload`. */
export function customSection(name: string, payload: Uint8Array): Uint8Array {
  const label = new TextEncoder().encode(name);
  const inner = [...leb(label.length), ...label];
  const head = [0, ...leb(inner.length + payload.length), ...inner];
  return Buffer.concat([Uint8Array.from(head), payload]);
}

export function schemaOf(cell: WatCell): Schema {
  const methods = cell.methods.map(
    (m, index): Method => ({
      name: m.name,
      index,
      params: [],
      result: { kind: 'bytes' },
      tier: m.tier ?? 'pure',
      access: { public: true, anyRole: [], scopes: [], ...m.access },
      canonical: `${cell.name}.${m.name}()->bytes`,
      fingerprint: '0123456789abcdef',
      ...(m.calls ? { calls: m.calls } : {}),
      ...(m.policies ? { policies: m.policies } : {}),
    }),
  );
  return { version: 1, service: 'Test', cell: cell.name, methods, records: [], enums: [] };
}

export function manifestOf(cell: WatCell): Manifest {
  return {
    version: 1,
    cell: cell.name,
    actor: cell.actor ?? false,
    start: cell.start !== undefined,
    capabilities: [],
    limits: { pages: 16, cpuMs: cell.cpuMs ?? 200, payloadBytes: 1 << 20 },
    ...(cell.remotes ? { remotes: cell.remotes } : {}),
    ...(cell.persisted ? { persisted: cell.persisted } : {}),
    tools: { test: '0.0.0' },
  };
}

/** A module of `wat` with the two sections, or with whatever stands in their place. */
export function wrap(wasm: Uint8Array, schema: unknown, manifest: unknown): Uint8Array {
  const json = (value: unknown): Uint8Array =>
    typeof value === 'string' ? Buffer.from(value) : Buffer.from(JSON.stringify(value));
  return Buffer.concat([
    wasm,
    customSection('cell:schema', json(schema)),
    customSection('cell:manifest', json(manifest)),
  ]);
}

/** WAT to bytes, with the features that a cell may use. */
export function assemble(wat: string): Uint8Array {
  const module = binaryen.parseText(wat);
  const F = binaryen.Features;
  module.setFeatures(
    F.BulkMemory | F.BulkMemoryOpt | F.SignExt | F.MutableGlobals | F.ReferenceTypes,
  );
  if (!module.validate()) throw new Error(`invalid WAT:\n${wat}`);
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

const TYPE = '(type $method (func (param i32 i32) (result i64)))';

/** The text of a cell; `table` holds its methods. */
export function watOf(cell: WatCell): string {
  const functions = cell.methods
    .map((m) => `(func $m_${m.name} (param $ptr i32) (param $len i32) (result i64) ${m.body})`)
    .join('\n');
  const names = cell.methods.map((m) => `$m_${m.name}`).join(' ');
  const count = cell.methods.length;
  return `(module ${TYPE} ${cell.imports ?? ''}
  (memory (export "memory") ${cell.memory ?? '1 16'})
  (table (export "table") ${count} ${count} funcref) (elem (i32.const 0) func ${names})
  (func (export "alloc") (param $len i32) (result i32) ${cell.alloc ?? '(i32.const 1024)'})
  (func (export "handle") (param $method i32) (param $ptr i32) (param $len i32) (result i64)
    (call_indirect (type $method) (local.get $ptr) (local.get $len) (local.get $method)))
  ${cell.start === undefined ? '' : `(func (export "start") ${cell.start})`}
  ${functions} ${cell.extra ?? ''})`;
}

/** The finished module of a test cell. */
export function makeCell(cell: WatCell): Uint8Array {
  return wrap(assemble(watOf(cell)), schemaOf(cell), manifestOf(cell));
}
