// Owns test cells that wait: they ask `cell:blob` for the size of the blob whose name is the first
// payload.
import { ECHO, number, type WatCell, type WatMethod } from './cells.ts';

export const BLOB_IMPORTS = `
  (import "cell:blob" "size" (func $size (param i32 i32) (result i64)))
  (import "cell:blob" "read" (func $read (param i32 i32 i64 i32 i32) (result i32)))`;

const SIZE = '(i32.wrap_i64 (call $size (i32.const 16) (i32.const 1)))';

/** Asks for the size of blob `a` as often as the payload's first u32 says; replies the last. */
const ask: WatMethod = {
  name: 'ask',
  tier: 'waiting',
  body: `(local $n i32) (local $last i32)
    (local.set $n (i32.load (local.get $ptr)))
    (loop $again
      (local.set $last ${SIZE})
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    ${number('(local.get $last)')}`,
};

/** Waits once, then does what the name says. */
const after = (name: string, body: string): WatMethod => ({
  name,
  tier: 'waiting',
  body: `(drop ${SIZE}) ${body}`,
});

/** Methods, in order: ask, echo (pure), trap, loop, deep, fail, count. */
export const waiter = (name: string, actor: boolean): WatCell => ({
  name,
  actor,
  memory: '20 32',
  imports: `${BLOB_IMPORTS}
    (import "cell:core" "fail" (func $fail (param i32 i32 i32)))`,
  extra: `(data (i32.const 16) "a") (global $calls (mut i32) (i32.const 0))
    (func $deep (param i32) (result i32)
      (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) ${SIZE}))))`,
  methods: [
    ask,
    { name: 'echo', body: ECHO },
    after('trap', '(unreachable)'),
    after('loop', '(loop $l (br $l)) (unreachable)'),
    { name: 'deep', tier: 'waiting', body: `(drop (call $deep (i32.const 0))) ${ECHO}` },
    after('fail', '(call $fail (i32.const 5) (local.get $ptr) (local.get $len)) (unreachable)'),
    after(
      'count',
      `(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
       ${number('(global.get $calls)')}`,
    ),
    { name: 'lies', body: `(drop ${SIZE}) ${ECHO}` },
  ],
});

export const ASK = 0;
export const ECHO_METHOD = 1;
export const TRAP = 2;
export const LOOP = 3;
export const DEEP = 4;
export const FAIL = 5;
export const COUNT = 6;
/** Says that it is pure, and waits. */
export const LIES = 7;

export const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
export const readU32 = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
