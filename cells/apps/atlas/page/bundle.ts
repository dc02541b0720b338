// Owns the files of the Atlas page as the host serves them: main.ts, and worker.ts with the
// generated client and the synapse, each as one module. Runs in Node. Bundled again only when a
// file that went in has changed.

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const project = resolve(here, '../../../..');

export interface PageFile {
  /** Value of Content-Type. */
  type: string;
  body: Uint8Array | string;
}

export interface BundleOptions {
  /** The generated client; default `.cell/clients/atlas.ts` of this project. */
  client?: string;
  /** Where bundles are kept; default `.cell/out/atlas-page`. null: nowhere. */
  cache?: string | null;
}

type Scripts = Record<'main' | 'worker', string>;

interface Cached {
  /** Files that went in, from the project's root, with the SHA-256 of each. */
  inputs: Record<string, string>;
  scripts: Scripts;
}

/**
 * The page by path: `/`, the two scripts, the two style sheets and the icon. Rejects with esbuild's
 * own message when the page does not compile, or when the client was not generated yet.
 */
export async function bundlePage(options: BundleOptions = {}): Promise<Map<string, PageFile>> {
  const client = options.client ?? join(project, '.cell/clients/atlas.ts');
  const cache = options.cache === undefined ? join(project, '.cell/out/atlas-page') : options.cache;
  const scripts =
    (cache === null ? undefined : await kept(cache, client)) ?? (await bundle(client, cache));
  const file = (name: string) => readFile(join(here, name));
  const script = 'text/javascript; charset=utf-8';
  return new Map<string, PageFile>([
    ['/', { type: 'text/html; charset=utf-8', body: await file('index.html') }],
    ['/atlas.js', { type: script, body: scripts.main }],
    ['/atlas-worker.js', { type: script, body: scripts.worker }],
    ['/atlas.css', { type: 'text/css; charset=utf-8', body: await file('atlas.css') }],
    ['/panels.css', { type: 'text/css; charset=utf-8', body: await file('panels.css') }],
    ['/atlas.svg', { type: 'image/svg+xml', body: await file('atlas.svg') }],
  ]);
}

/** The bundle kept for this client, if everything that went into it is as it was. */
async function kept(cache: string, client: string): Promise<Scripts | undefined> {
  try {
    const { inputs, scripts } = JSON.parse(await readFile(place(cache, client), 'utf8')) as Cached;
    for (const [name, hash] of Object.entries(inputs)) {
      if ((await hashOf(name)) !== hash) return undefined;
    }
    return scripts;
  } catch {
    // None kept, one half-written by another program, or an input that is gone: bundle anew.
    return undefined;
  }
}

async function bundle(client: string, cache: string | null): Promise<Scripts> {
  // Loaded only here: importing it costs more than reading a kept bundle.
  const esbuild = await import('esbuild');
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: { main: join(here, 'main.ts'), worker: join(here, 'worker.ts') },
    absWorkingDir: project,
    outdir: here,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
    legalComments: 'none',
    plugins: [redirect(client)],
  });
  const text = (name: string) => outputFiles.find((file) => file.path.endsWith(`${name}.js`))!.text;
  const scripts: Scripts = { main: text('main'), worker: text('worker') };
  if (cache === null) return scripts;
  const names = [...Object.keys(metafile.inputs), relative(project, join(here, 'bundle.ts'))];
  const inputs: Record<string, string> = {};
  for (const name of names.sort()) inputs[name] = await hashOf(name);
  await mkdir(cache, { recursive: true });
  const beside = `${place(cache, client)}.${process.pid}.part`;
  await writeFile(beside, JSON.stringify({ inputs, scripts } satisfies Cached));
  await rename(beside, place(cache, client));
  return scripts;
}

/** Sends the page's two outside imports where they are: the client, and the browser's synapse. */
function redirect(client: string): Plugin {
  return {
    name: 'atlas',
    setup(build) {
      build.onResolve({ filter: /\/clients\/atlas\.ts$/ }, () => ({ path: client }));
      build.onResolve({ filter: /^cell\/synapse$/ }, () => ({
        path: join(project, 'host/synapse/index.ts'),
      }));
    },
  };
}

const place = (cache: string, client: string) => join(cache, `${sha256(client).slice(0, 16)}.json`);

const hashOf = async (name: string) => sha256(await readFile(resolve(project, name)));

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
