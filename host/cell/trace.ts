// Owns turning a trap into words: the panic message that a cell left, and frames in the user's own file. Never
// throws, whatever the error, the map or the cell's memory hold. Runs in lanes, after a trap only.

/** One frame of a trap, innermost first. */
export interface TrapFrame {
  /** `Hello#greet`, or `#12` where the map knows no name. */
  function: string;
  /** Path as in the map, null where the map has no position. */
  file: string | null;
  /** From 1; 0 when file is null. */
  line: number;
  column: number;
  /** True for files of the project; false for the library, the SDK and generated code. */
  user: boolean;
}

export interface Trap {
  /** What the cell said (`throw new Error(x)`), else the engine's message. */
  message: string;
  frames: TrapFrame[];
  /** `file:line:column` of the innermost frame in the user's files, '' when there is none. */
  at: string;
}

/** UTF-16 units of a panic message at most. Threat: a hostile cell whose message fills the log. */
const MESSAGE_UNITS = 2000;
/** Frames looked at. Threat: endless recursion prints the same frame ten times anyway. */
const FRAMES = 16;

/**
 * What is known of a trap. `map` is the text of the module's `.wasm.map`; `exports` are those of the instance
 * that trapped (its memory is read, nothing is called).
 */
export function traceTrap(error: unknown, map?: string, exports?: WebAssembly.Exports): Trap {
  const engine = error instanceof Error ? error.message : String(error);
  const message = (exports && panicText(exports)) || engine;
  const stack = error instanceof Error && typeof error.stack === 'string' ? error.stack : '';
  const calls = wasmCalls(stack);
  const frames = calls.length > 0 ? placed(calls, map) : [];
  const user = frames.find((f) => f.user && f.file !== null);
  return { message, frames, at: user ? `${user.file}:${user.line}:${user.column}` : '' };
}

/** The message that a cell left in its `panic` export, or null. See assembly/guest/panic.ts. */
export function panicText(exports: WebAssembly.Exports): string | null {
  const { panic, memory } = exports;
  if (!(panic instanceof WebAssembly.Global) || !(memory instanceof WebAssembly.Memory)) return null;
  const at = Number(panic.value) >>> 0;
  const view = new DataView(memory.buffer);
  if (at < 4 || at % 2 !== 0 || at > view.byteLength) return null;
  const bytes = Math.min(view.getUint32(at - 4, true), view.byteLength - at);
  const units = Math.min(bytes >>> 1, MESSAGE_UNITS);
  let text = '';
  for (let i = 0; i < units; i++) text += String.fromCharCode(view.getUint16(at + 2 * i, true));
  return text.toWellFormed();
}

interface WasmCall {
  index: number;
  offset: number;
}

/** The wasm frames of a stack as V8 prints them: `wasm://wasm/<hash>:wasm-function[12]:0x1a2b`. */
function wasmCalls(stack: string): WasmCall[] {
  const calls: WasmCall[] = [];
  for (const m of stack.matchAll(/wasm-function\[(\d+)\]:0x([0-9a-f]+)/g)) {
    if (calls.length === FRAMES) break;
    calls.push({ index: Number(m[1]), offset: Number.parseInt(m[2], 16) });
  }
  return calls;
}

interface ReadMap {
  sources: string[];
  mappings: string;
  cell?: { functions?: Record<string, string> };
}

function placed(calls: WasmCall[], map: string | undefined): TrapFrame[] {
  const read = map === undefined ? null : parseMap(map);
  const places = read === null ? [] : lookUp(read, calls.map((c) => c.offset));
  return calls.map(({ index }, i) => {
    const known = read?.cell?.functions?.[index];
    const name = known === undefined ? `#${index}` : String(known).replace(/^.*\//, '');
    const place = places[i] ?? { file: null, line: 0, column: 0 };
    const inner = place.file === null || place.file.startsWith('~lib/') || place.file === '__cell.ts';
    return { function: name, ...place, user: !inner };
  });
}

function parseMap(text: string): ReadMap | null {
  try {
    const map = JSON.parse(text) as ReadMap;
    return Array.isArray(map.sources) && typeof map.mappings === 'string' ? map : null;
  } catch {
    return null;
  }
}

interface Place {
  file: string | null;
  line: number;
  column: number;
}

/** The segment at or before each offset. The map has one line; its columns are byte offsets. */
function lookUp(map: ReadMap, offsets: number[]): Place[] {
  const best: Place[] = offsets.map(() => ({ file: null, line: 0, column: 0 }));
  const state = [0, 0, 0, 0];
  const firstLine = map.mappings.split(';', 1)[0];
  for (const segment of firstLine.split(',')) {
    const fields = decodeVlq(segment);
    for (let i = 0; i < 4 && i < fields.length; i++) state[i] += fields[i];
    if (fields.length < 4) continue;
    const [column, source, line, sourceColumn] = state;
    const file = map.sources[source] ?? null;
    for (let i = 0; i < offsets.length; i++) {
      if (column <= offsets[i]) best[i] = { file, line: line + 1, column: sourceColumn + 1 };
    }
  }
  return best;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Base 64 VLQ of source maps: 5 bits a digit, lowest first, bit 5 = more, lowest bit = sign. */
function decodeVlq(text: string): number[] {
  const values: number[] = [];
  let value = 0;
  let shift = 0;
  for (const c of text) {
    const digit = DIGITS.indexOf(c);
    if (digit < 0) return values;
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    values.push(value & 1 ? -(value >>> 1) : value >>> 1);
    value = 0;
    shift = 0;
  }
  return values;
}
