// Owns the copy of the uWebSockets.js binary for a glibc older than 2.38 (Debian 12, RHEL 9, Amazon
// Linux 2023). Never touches the installed file, and never loads bytes whose hash it does not know.
//
//   plain load fails with "GLIBC_2.38 not found"  ->  SHA-256 of the installed file is in PINNED
//   -> the cached copy has the pinned hash, or is made anew by elf.ts and then has it  ->  dlopen

import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { lowerGlibc } from './elf.ts';
import type { Uws } from './uws.ts';

/**
 * SHA-256 of an installed binary -> SHA-256 of its copy. From the npm package `uwebsockets` 3.0.6
 * as package-lock.json pins it: uws_linux_x64_{127,137,141}.node, that is Node 22, 24 and 25.
 */
export const PINNED: ReadonlyMap<string, string> = new Map([
  [
    '78e38a9a163b1cf33ce539619e5908111dea95a12e7943d95fbcdd524879caa8',
    '474008b0c90e22324cc5fc8880d77a784a1347809853082549949dc252f13adf',
  ],
  [
    '3b549c14e01d9d1faf234cdf4b6f0fb08158605e3692cd0eb1b905e327bd3449',
    '176a33f82646b4ac277fd07f038b2d5eeacfaaf0bd27d30eead08879024689f0',
  ],
  [
    'd22bae7642b872152cd0eeb682c6c2ffd186e91af8cf18cdf98be984a6549d49',
    '9b6281aa56a19faa0da4aa9eaff013019ba9a4d9157c13ba5d64fe703f82874b',
  ],
]);

/** A loaded module and a sentence for `cell doctor`; or none and the reason. */
export type Loaded = { uws: Uws; why: string } | { uws: null; why: string };

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Folders for the copy, best first: the user's cache, then the project's own run folder. */
export function cacheFolders(environment: NodeJS.ProcessEnv, project: string): string[] {
  const folders: string[] = [];
  const xdg = environment.XDG_CACHE_HOME;
  if (xdg && isAbsolute(xdg)) folders.push(join(xdg, 'cell'));
  else if (homedir()) folders.push(join(homedir(), '.cache', 'cell'));
  folders.push(join(project, '.cell', 'run'));
  return folders;
}

function writeCopy(file: string, bytes: Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  try {
    writeFileSync(draft, bytes, { mode: 0o500, flag: 'wx' });
    chmodSync(draft, 0o500);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/**
 * Path of a copy with the pinned hash, made when it is missing or differs. Throws with the reason
 * when the installed file is not a pinned one or no folder can be written.
 */
export function glibcCopy(installed: string, folders: string[]): string {
  const source = readFileSync(installed);
  const before = sha256(source);
  const after = PINNED.get(before);
  if (!after) throw new Error(`its SHA-256 ${before} is not one that was checked`);
  let trouble: unknown;
  for (const folder of folders) {
    const file = join(folder, `uws-${after.slice(0, 16)}.node`);
    if (existsSync(file) && sha256(readFileSync(file)) === after) return file;
    const copy = lowerGlibc(source);
    if (sha256(copy) !== after) throw new Error('its copy does not have the expected SHA-256');
    try {
      writeCopy(file, copy);
      return file;
    } catch (error) {
      trouble = error;
    }
  }
  throw new Error(
    `no folder for the copy can be written: ${(trouble as Error)?.message ?? 'none given'}`,
  );
}

/** True when a load failed for the one reason that a copy cures. */
export function needsCopy(message: string): boolean {
  const here = process.platform === 'linux' && process.arch === 'x64';
  return here && /GLIBC_2\.38' not found/.test(message);
}

/** Loads uWebSockets.js, through the copy where the C library is older. Never throws. */
export async function loadUws(project = process.cwd()): Promise<Loaded> {
  let message: string;
  try {
    const { default: uws } = await import('uWebSockets.js');
    return { uws: uws as unknown as Uws, why: 'uWebSockets.js loads as it is' };
  } catch (error) {
    message = (error as Error).message;
  }
  if (!needsCopy(message)) {
    return { uws: null, why: `uWebSockets.js does not load: ${message.trim().split('\n').at(-1)}` };
  }
  try {
    const require = createRequire(import.meta.url);
    const name = `uws_linux_x64_${process.versions.modules}.node`;
    const installed = join(dirname(require.resolve('uWebSockets.js')), name);
    const file = glibcCopy(installed, cacheFolders(process.env, project));
    const why = `uWebSockets.js needs glibc 2.38; a checked copy for this glibc runs: ${file}`;
    return { uws: require(file) as Uws, why };
  } catch (error) {
    const reason = (error as Error).message;
    return {
      uws: null,
      why: `uWebSockets.js needs glibc 2.38, and its file cannot be adapted: ${reason}`,
    };
  }
}
