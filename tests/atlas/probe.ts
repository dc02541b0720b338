// Owns the compiling and loading of the Atlas indexes without a cell around them: what is in
// fixtures/indexes.ts.

import { fileURLToPath } from 'node:url';
import { instantiate } from '@assemblyscript/loader';

/** Places nearest to a point, nearest first. */
export interface Near {
  id: number;
  km: number;
}

export interface Probe {
  /** Opens a places file; the reason why not, or null. */
  open(file: Uint8Array): string | null;
  search(text: string, limit: number): number[];
  nearest(lat: number, lon: number, limit: number): Near[];
  name(id: number): string;
  country(id: number): string;
  lat(id: number): number;
  lon(id: number): number;
  population(id: number): number;
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** A fresh instance; the module is compiled once per process. */
export async function openProbe(): Promise<Probe> {
  compiled ??= compile();
  const { exports: raw } = await instantiate<Record<string, never>>(await compiled, {
    env: {
      abort: () => {
        throw new Error('the probe aborted');
      },
    },
  });
  // The loader's conveniences (strings, arrays) are added at run time and are not typed.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  const wasm = raw as any;
  const text = (pointer: number) => (pointer === 0 ? null : (wasm.__getString(pointer) as string));
  const search = (query: string, limit: number) => {
    const ids = wasm.__getArray(wasm.search(wasm.__newString(query), limit));
    wasm.__collect();
    return [...ids] as number[];
  };
  const nearest = (lat: number, lon: number, limit: number) => {
    const pairs = wasm.__getArray(wasm.nearest(lat, lon, limit)) as number[];
    const out: Near[] = [];
    for (let at = 0; at < pairs.length; at += 2) out.push({ id: pairs[at]!, km: pairs[at + 1]! });
    wasm.__collect();
    return out;
  };
  return {
    open(file) {
      const at = wasm.room(file.length) >>> 0;
      new Uint8Array(wasm.memory.buffer).set(file, at);
      return text(wasm.open());
    },
    search,
    nearest,
    name: (id) => text(wasm.name(id))!,
    country: (id) => text(wasm.country(id))!,
    lat: (id) => wasm.lat(id) as number,
    lon: (id) => wasm.lon(id) as number,
    population: (id) => (wasm.population(id) as number) >>> 0,
  };
}

async function compile(): Promise<WebAssembly.Module> {
  const asc = await import('assemblyscript/asc');
  let bytes: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      fileURLToPath(new URL('./fixtures/indexes.ts', import.meta.url)),
      '-O3',
      '--runtime',
      'minimal',
      '--exportRuntime',
      '--outFile',
      'probe.wasm',
      '--baseDir',
      fileURLToPath(new URL('../..', import.meta.url)),
    ],
    {
      writeFile: (name, content) => {
        if (name === 'probe.wasm') bytes = content as Uint8Array;
      },
    },
  );
  if (error !== null || bytes === undefined) throw new Error(`${error?.message}\n${stderr}`);
  return WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
}
