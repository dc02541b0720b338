// Owns the loading of asc: its parser for reading, its main for compiling. Loaded once and late: it
// costs 300 ms, which a build that finds everything in its cache must not pay.
import v8 from 'node:v8';
import { withQuickBinaryen } from './binaryen.ts';

/**
 * asc holds binaryen, 5 MB of wasm, most of which runs a few times a build. V8's optimizing
 * compiler would spend more on it than it gains: the first build of a small cell took 2,100 ms of
 * CPU, and 1,100 with this budget (the default is 13,000,000). Validating functions when they are
 * first called takes 35 ms off loading. A module keeps what it was loaded with, so the flags are
 * put back at once and cells are not concerned.
 */
const LOADING = ['--wasm-tiering-budget=1000000000', '--wasm-lazy-validation'];
const USUAL = ['--wasm-tiering-budget=13000000', '--no-wasm-lazy-validation'];

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
  for (const flag of LOADING) v8.setFlagsFromString(flag);
  try {
    return await withQuickBinaryen(() => import('assemblyscript'));
  } finally {
    for (const flag of USUAL) v8.setFlagsFromString(flag);
  }
}
