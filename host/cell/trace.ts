// Owns where a trap happened: frames in the user's own file. What happened is in trap.ts. Never
// throws, whatever the error and the map hold. Runs in lanes, after a trap only.

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
  frames: TrapFrame[];
  /** `file:line:column` of the innermost frame in the user's files, '' when there is none. */
  at: string;
}

/** Frames looked at. Threat: endless recursion prints the same frame ten times anyway. */
const FRAMES = 16;

/** The wasm frames of a trap. `map` is the text of the module's `.wasm.map`. */
export function traceTrap(error: unknown, map?: string): Trap {
  const stack = error instanceof Error && typeof error.stack === 'string' ? error.stack : '';
  const calls = wasmCalls(stack);
  const frames = calls.length > 0 ? placed(calls, map).filter(isTold) : [];
  const user = frames.find((f) => f.user && f.file !== null);
  return { frames, at: user ? `${user.file}:${user.line}:${user.column}` : '' };
}

/** The file of the guest's side of a panic: it says how a trap was told, not where it is. */
const PANIC = '~lib/cell/panic.ts';
/** Files that the build generates: the entry, and what it imports. */
const GENERATED = /^__cell(?:_\w+)?\.ts$/;
const isGenerated = (file: string | null): boolean => file !== null && GENERATED.test(file);

/**
 * False for the panic's own frames, and for nameless ones in the library: those are functions of
 * another module, whose index and offset mean nothing in this map.
 */
function isTold({ function: name, file, user }: TrapFrame): boolean {
  if (file === PANIC) return false;
  return user || file === null || isGenerated(file) || !name.startsWith('#');
}

interface WasmCall {
  /** Address of the module: frames of one stack are of the cell, of its membrane, of the kernel. */
  module: string;
  index: number;
  offset: number;
}

/** The wasm frames of a stack as V8 prints them: `wasm://wasm/<hash>:wasm-function[12]:0x1a2b`. */
function wasmCalls(stack: string): WasmCall[] {
  const calls: WasmCall[] = [];
  for (const m of stack.matchAll(/([^\s(]*)wasm-function\[(\d+)\]:0x([0-9a-f]+)/g)) {
    if (calls.length === FRAMES) break;
    calls.push({ module: m[1], index: Number(m[2]), offset: Number.parseInt(m[3], 16) });
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
  const places =
    read === null
      ? []
      : lookUp(
          read,
          calls.map((c) => c.offset),
        );
  const frames = calls.map(({ index }, i): TrapFrame => {
    const known = read?.cell?.functions?.[index];
    // Types of a generic have paths as well: `~lib/map/Map<~lib/string/String,u64>#set`.
    const name = known === undefined ? `#${index}` : String(known).replace(/[^<>,]*\//g, '');
    const place = places[i] ?? { file: null, line: 0, column: 0 };
    const inner = place.file === null || place.file.startsWith('~lib/') || isGenerated(place.file);
    return { function: name, ...place, user: !inner };
  });
  // The innermost frame that is surely the user's says which module the map is of.
  const sure = frames.findIndex((f) => f.user && !f.function.startsWith('#'));
  return sure < 0 ? frames : frames.filter((_, i) => calls[i].module === calls[sure].module);
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
