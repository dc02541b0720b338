// Owns a quicker way to load asc. What asc loads looks like this, and costs 250 ms that way:
//
//   binaryen/index.js       108 KB of JavaScript around a template literal of 13 MB, which holds
//                           the module, a character a byte: V8 scans all of it, twice
//   dist/assemblyscript.js  fetches a module of 1 KB from a data URL, for which Node loads undici
//
// Here the literal is decoded from the file's bytes and V8 sees the JavaScript without it. Nothing
// is kept on disk. Texts of another shape are left to Node: slower, and the same.
import fs from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

/** How the literal begins: the argument of a call. */
const BEGIN = Buffer.from('(`\\0asm');
const DOLLAR = 0x24;
const BRACE = 0x7b;

/** What a byte of the literal is: itself, the first of two, or something to look at. */
const TAKEN = 0;
const TWO = 1;
const ESCAPE = 2;
const END = 3;
const RARE = 4;
const KINDS = new Uint8Array(256).fill(TWO, 0xc2, 0xe0).fill(RARE, 0xe0).fill(RARE, 0x80, 0xc2);
KINDS[0x5c] = ESCAPE;
KINDS[0x60] = END;
KINDS[DOLLAR] = RARE;
KINDS[0x0d] = RARE;

/** Value by the letter behind a backslash; -1: binaryen uses no such escape. */
const HEX = 256;
const ESCAPES = new Int16Array(256).fill(-1);
const LETTERS: [string, number][] = [
  ['0', 0],
  ['b', 8],
  ['t', 9],
  ['n', 10],
  ['v', 11],
  ['f', 12],
  ['r', 13],
  ['x', HEX],
  ['`', 0x60],
  ['$', DOLLAR],
  ['\\', 0x5c],
];
for (const [letter, value] of LETTERS) ESCAPES[letter.charCodeAt(0)] = value;

/** Value of a hexadecimal digit; of anything else so low that a sum with it is negative. */
const DIGITS = new Int16Array(256).fill(-1000);
for (const c of '0123456789abcdefABCDEF') DIGITS[c.charCodeAt(0)] = Number.parseInt(c, 16);

/** Name under which the JavaScript finds the module while it is loaded. */
const HANDED = '__cellBinaryen';

/** The text of a JavaScript file without its module, and the module. */
export interface Split {
  source: string;
  wasm: Uint8Array;
}

/**
 * Takes the module out of `file`, the bytes of binaryen's index.js; null when it has another shape.
 * The source expects the module in the global variable `handed`.
 */
export function splitBinaryen(file: Uint8Array, handed = HANDED): Split | null {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  const call = bytes.indexOf(BEGIN);
  if (call < 0 || bytes.indexOf(BEGIN, call + 1) >= 0) return null;
  const decoded = decode(bytes, call + 2);
  if (decoded === null || bytes[decoded.end + 1] !== 0x29) return null;
  // `f(x)` becomes `(x)`: f, which made bytes of characters, has nothing left to do.
  let name = call;
  while (/[\w$]/.test(String.fromCharCode(bytes[name - 1]))) name--;
  const head = bytes.toString('utf8', 0, name);
  const tail = bytes.toString('utf8', decoded.end + 1);
  return { source: `${head}(globalThis.${handed}${tail}`, wasm: decoded.wasm };
}

/** Bytes of the literal whose first character is at `from`; `end` is its closing backtick. */
function decode(file: Uint8Array, from: number): { wasm: Uint8Array; end: number } | null {
  const wasm = new Uint8Array(file.length - from);
  let n = 0;
  for (let at = from; at < file.length; at++) {
    const byte = file[at];
    const kind = KINDS[byte];
    if (kind === TAKEN) {
      wasm[n++] = byte;
    } else if (kind === TWO) {
      // Two bytes of UTF-8. Characters beyond one byte stand for 0.
      const c = ((byte & 31) << 6) | (file[++at] & 63);
      wasm[n++] = c > 255 ? 0 : c;
    } else if (kind === ESCAPE) {
      let value = ESCAPES[file[++at]];
      if (value === HEX) {
        value = DIGITS[file[at + 1]] * 16 + DIGITS[file[at + 2]];
        at += 2;
      }
      if (value < 0) return null;
      wasm[n++] = value;
    } else if (kind === END) {
      return { wasm: wasm.subarray(0, n), end: at };
    } else if (byte !== DOLLAR || file[at + 1] === BRACE) {
      return null;
    } else {
      wasm[n++] = byte;
    }
  }
  return null;
}

/** Runs `load`, which imports asc, with both detours in place; they are gone afterwards. */
export async function withQuickBinaryen<T>(load: () => Promise<T>): Promise<T> {
  const asc = createRequire(createRequire(import.meta.url).resolve('assemblyscript/package.json'));
  const file = asc.resolve('binaryen');
  const url = pathToFileURL(fs.realpathSync(file)).href;
  const hooks = registerHooks({
    load(asked, context, next) {
      const split = asked === url ? splitBinaryen(fs.readFileSync(file)) : null;
      if (split === null) return next(asked, context);
      Reflect.set(globalThis, HANDED, split.wasm);
      return { format: 'module', source: split.source, shortCircuit: true };
    },
  });
  const restore = withoutFetch();
  try {
    return await load();
  } finally {
    restore();
    hooks.deregister();
    Reflect.deleteProperty(globalThis, HANDED);
  }
}

/**
 * asc's only use of `fetch` is `instantiateStreaming(fetch('data:...'))`. Other URLs, and what
 * else runs meanwhile, get the real functions. Returns what puts them back.
 */
function withoutFetch(): () => void {
  const PREFIX = 'data:application/wasm;base64,';
  const own = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
  if (own?.configurable !== true) return () => {};
  const streaming = WebAssembly.instantiateStreaming;
  const inline = new WeakMap<object, Buffer>();
  const real = own.get ?? (() => own.value);
  const quick = (input: unknown, init?: RequestInit): unknown => {
    if (typeof input !== 'string' || !input.startsWith(PREFIX)) {
      return (real.call(globalThis) as typeof fetch)(input as string, init);
    }
    const answer = Promise.resolve();
    inline.set(answer, Buffer.from(input.slice(PREFIX.length), 'base64'));
    return answer;
  };
  Object.defineProperty(globalThis, 'fetch', { ...PLAIN, value: quick });
  WebAssembly.instantiateStreaming = ((source: object, imports?: WebAssembly.Imports) => {
    const bytes = inline.get(source);
    if (bytes === undefined) return streaming(source as Promise<Response>, imports);
    return WebAssembly.instantiate(bytes as BufferSource, imports);
  }) as typeof streaming;
  return () => {
    Object.defineProperty(globalThis, 'fetch', own);
    WebAssembly.instantiateStreaming = streaming;
  };
}

const PLAIN = { configurable: true, enumerable: true, writable: true };
