// Owns the compiled modules of the kernel tests: builds assembly/out when its sources have changed.

import { buildAssembly } from '../../assembly/build.mjs';
import { loadModules } from '../../host/lane/kernel.ts';

await buildAssembly();

/** The kernel with its invariants on. */
export const debugModules = loadModules({ debug: true });
export const releaseModules = loadModules();
/** Both, for tests that must hold in either. */
export const builds = [
  ['debug', debugModules],
  ['release', releaseModules],
] as const;
