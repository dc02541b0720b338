// Owns a test cell that does with `cell:sql` what a script says, well-behaved or not: the guest's
// side of the contract, by hand. A script is a sequence of steps; the reply has one answer a step.

import { writeFields } from '../../host/capability/sql/fields.ts';
import { statementId } from '../../host/schema/statement-id.ts';
import type { SqlManifest } from '../../host/schema/types.ts';
import {
  assemble,
  ECHO,
  manifestOf,
  reply,
  schemaOf,
  type WatCell,
  watOf,
  wrap,
} from '../lane/cells.ts';

/** Where the reply is put together. */
const OUT = 0x400000;

/** One step of a script; it answers a status (0, or as the import's: negative) and bytes. */
export type Step =
  | { run: string; args?: (string | Uint8Array | null)[]; id?: number; bytes?: Uint8Array }
  | { raw: string; args?: (string | null)[] }
  | { begin: 0 | 1 | 2 | 9; readOnly?: boolean }
  | { end: boolean }
  | { take: true }
  | { trap: true }
  | { fail: number }
  | { spin: true }
  | { wild: string; at: number; size: number };

const KINDS = ['run', 'raw', 'begin', 'end', 'take', 'trap', 'fail', 'spin', 'wild'];

export interface StepAnswer {
  status: number;
  bytes: Uint8Array;
}

const u32 = (...values: number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer);

function bodyOf(step: Step): Uint8Array {
  if ('run' in step) {
    const fields = step.bytes ?? writeFields(step.args ?? []);
    return Buffer.concat([u32(step.id ?? statementId(step.run)), fields]);
  }
  if ('raw' in step) {
    const text = Buffer.from(step.raw);
    return Buffer.concat([u32(text.length), text, writeFields(step.args ?? [])]);
  }
  if ('begin' in step) return u32(step.begin, step.readOnly ? 1 : 0);
  if ('end' in step) return u32(step.end ? 1 : 0);
  if ('wild' in step) return u32(statementId(step.wild), step.at >>> 0, step.size >>> 0);
  if ('fail' in step) return u32(step.fail);
  return new Uint8Array();
}

/** The payload that makes the cell do these steps. */
export function script(steps: Step[]): Uint8Array {
  return Buffer.concat(
    steps.flatMap((step) => {
      const body = bodyOf(step);
      return [u32(KINDS.indexOf(Object.keys(step)[0]), body.length), body];
    }),
  );
}

/** What each step answered. */
export function answersOf(payload: Uint8Array): StepAnswer[] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const found: StepAnswer[] = [];
  for (let at = 0; at < payload.length; ) {
    const size = view.getUint32(at + 4, true);
    found.push({ status: view.getInt32(at, true), bytes: payload.slice(at + 8, at + 8 + size) });
    at += 8 + size;
  }
  return found;
}

/** A result, read. */
export interface Rows {
  affected: number;
  rows: (string | null)[][];
}

export function rowsOf(bytes: Uint8Array): Rows {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [affected, count, columns] = [0, 4, 8].map((at) => view.getUint32(at, true));
  let at = 12;
  const field = (): string | null => {
    const size = view.getInt32(at, true);
    at += 4;
    if (size < 0) return null;
    const text = Buffer.from(bytes.subarray(at, at + size)).toString();
    at += size;
    return text;
  };
  const rows = Array.from({ length: count }, () => Array.from({ length: columns }, field));
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes after the last row`);
  return { affected, rows };
}

/** Appends (status, bytes of what is held) to the reply. */
const HELPERS = `
  (global $out (mut i32) (i32.const 0))
  (func $say (param $status i32) (param $size i32)
    (i32.store (global.get $out) (local.get $status))
    (i32.store offset=4 (global.get $out) (local.get $size))
    (global.set $out (i32.add (global.get $out) (i32.add (i32.const 8) (local.get $size)))))
  (func $taken (param $status i32) (param $size i32)
    (if (i32.gt_s (local.get $size) (i32.const 0)) (then
      (local.set $size (call $take (i32.add (global.get $out) (i32.const 8))))))
    (call $say (local.get $status) (local.get $size)))
  (func $short (param $status i32)
    (call $taken (local.get $status)
      (if (result i32) (local.get $status) (then (call $error)) (else (i32.const 0)))))
  (func $long (param $result i64)
    (if (i64.lt_s (local.get $result) (i64.const 0))
      (then (call $taken (i32.wrap_i64 (local.get $result)) (call $error)))
      (else (call $taken (i32.const 0) (i32.wrap_i64 (local.get $result))))))`;

const when = (kind: string, body: string): string =>
  `(if (i32.eq (local.get $kind) (i32.const ${KINDS.indexOf(kind)})) (then ${body}))`;
const word = (at: number): string => `(i32.load offset=${at} (local.get $at))`;

const HELD = '(i32.add (global.get $out) (i32.const 8))';

const SCRIPT = `(local $at i32) (local $end i32) (local $kind i32) (local $size i32)
  (global.set $out (i32.const ${OUT}))
  (local.set $at (local.get $ptr))
  (local.set $end (i32.add (local.get $ptr) (local.get $len)))
  (block $done (loop $next
    (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
    (local.set $kind ${word(0)})
    (local.set $size ${word(4)})
    ${when(
      'run',
      `(call $long (call $run ${word(8)} (i32.add (local.get $at) (i32.const 12))
        (i32.sub (local.get $size) (i32.const 4))))`,
    )}
    RAW
    ${when('begin', `(call $short (call $begin ${word(8)} ${word(12)}))`)}
    ${when('end', `(call $short (call $close ${word(8)}))`)}
    ${when('take', `(call $say (call $take ${HELD}) (i32.const 0))`)}
    ${when('trap', '(unreachable)')}
    ${when('fail', `(call $fail ${word(8)} (i32.const 65536) (i32.const 32))`)}
    ${when('wild', `(call $long (call $run ${word(8)} ${word(12)} ${word(16)}))`)}
    ${when('spin', '(loop $l (br $l))')}
    (local.set $at (i32.add (local.get $at) (i32.add (i32.const 8) (local.get $size))))
    (br $next)))
  ${reply(`(i32.const ${OUT})`, `(i32.sub (global.get $out) (i32.const ${OUT}))`)}`;

const RAW = when(
  'raw',
  `(call $long (call $raw (i32.add (local.get $at) (i32.const 12)) ${word(8)}
    (i32.add (local.get $at) (i32.add (i32.const 12) ${word(8)}))
    (i32.sub (local.get $size) (i32.add (i32.const 4) ${word(8)}))))`,
);

export interface ScriptOptions {
  name?: string;
  raw?: boolean;
  actor?: boolean;
  /** Starts with this script. */
  start?: Step[];
}

/** The cell; method 0 runs a script, method 1 (pure) echoes. */
export function scriptCell({ name = 'script', raw, actor, start }: ScriptOptions = {}): WatCell {
  const begun = start === undefined ? '' : Buffer.from(script(start)).toString('hex');
  return {
    ...{ name, actor: actor === true, memory: '320 320', alloc: '(i32.const 131072)' },
    imports: `
      (import "cell:sql" "run" (func $run (param i32 i32 i32) (result i64)))
      ${raw ? '(import "cell:sql" "raw" (func $raw (param i32 i32 i32 i32) (result i64)))' : ''}
      (import "cell:sql" "take" (func $take (param i32) (result i32)))
      (import "cell:sql" "error" (func $error (result i32)))
      (import "cell:sql" "begin" (func $begin (param i32 i32) (result i32)))
      (import "cell:sql" "end" (func $close (param i32) (result i32)))
      (import "cell:core" "fail" (func $fail (param i32 i32 i32)))`,
    extra: `${HELPERS} (data (i32.const 196608) "${begun.replace(/../g, '\\$&')}")`,
    ...(start === undefined
      ? {}
      : { start: `(drop (call $m_script (i32.const 196608) (i32.const ${begun.length / 2})))` }),
    methods: [
      { name: 'script', tier: 'waiting', body: SCRIPT.replace('RAW', raw ? RAW : '') },
      { name: 'echo', body: ECHO },
    ],
  };
}

/** What a statement of a test is: its text, and what the build would have found. */
export interface TestStatement {
  text: string;
  params?: number;
  writes?: boolean;
  columns?: string[];
}

/** The part of a manifest that lists statements. */
export function sqlManifest(
  statements: TestStatement[],
  more: Partial<SqlManifest> = {},
): SqlManifest {
  return {
    ...{ engine: 'postgres', target: 'default', schema: 'script', reads: [] },
    migration: { number: 0, hash: '' },
    statements: statements
      .map(({ text, params, writes, columns = [] }) => ({
        id: statementId(text),
        text,
        writes: writes ?? !/^\s*(?:select|values|with)/i.test(text),
        params: Array.from({ length: params ?? highest(text) }, () => ({ type: 'text' })),
        columns: columns.map((name) => ({ name, type: 'text' })),
      }))
      .sort((a, b) => a.id - b.id),
    ...more,
  };
}

/** The highest $n of a text. */
const highest = (text: string): number =>
  Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map(([, n]) => Number(n)));

/** The module: the cell, with its statements in the manifest. */
export function scriptModule(options: ScriptOptions, sql: SqlManifest): Uint8Array {
  const cell = scriptCell(options);
  const manifest = {
    ...manifestOf(cell),
    limits: { pages: 320, cpuMs: 200, payloadBytes: 1 << 20 },
  };
  return wrap(assemble(watOf(cell)), schemaOf(cell), { ...manifest, sql });
}
