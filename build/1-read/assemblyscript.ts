// Owns the loading of asc: its parser for reading, its main for compiling. Loaded once and late: it
// costs 300 ms, which a build that finds everything in its cache must not pay.
import v8 from 'node:v8';

/**
 * asc holds binaryen, 5 MB of wasm, most of which runs a few times a build. V8's optimizing
 * compiler would spend more on it than it gains: the first build of a small cell took 2,100 ms of
 * CPU, and 1,100 with this budget (the default is 13,000,000). A module keeps the budget that it
 * was loaded with, so the flag is put back at once and cells are not concerned.
 */
const BUDGET = 1_000_000_000;
const BUDGET_DEFAULT = 13_000_000;

/** asc's library, untyped: its own types are ambient and import nothing. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AscLibrary = any;

let loading: Promise<AscLibrary> | undefined;

/** The library: parser, node kinds, flags. */
export function loadAsc(): Promise<AscLibrary> {
  loading ??= load();
  return loading;
}

async function load(): Promise<AscLibrary> {
  v8.setFlagsFromString(`--wasm-tiering-budget=${BUDGET}`);
  try {
    return await import('assemblyscript');
  } finally {
    v8.setFlagsFromString(`--wasm-tiering-budget=${BUDGET_DEFAULT}`);
  }
}
