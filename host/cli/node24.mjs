// Owns finding a Node that can run the project. Plain JavaScript: it must load on any Node >= 20.
// Never installs anything.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the package. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** JSPI is on by default from 24.20: the waiting tier needs it. */
const NEEDED = [24, 20];

/** True when `version` ("24.21.0") is new enough. */
export function isEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

/**
 * Path of a Node >= 24.20: this process's own, or the one that npm installed beside the package.
 * Returns null when there is none, as on platforms that npm serves no such Node for.
 */
export function findNode() {
  if (isEnough(process.versions.node)) return process.execPath;
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const binary = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node';
  let dir = ROOT;
  for (;;) {
    const file = path.join(dir, 'node_modules', `node-${platform}-${process.arch}`, binary);
    if (fs.existsSync(file)) return file;
    const up = path.dirname(dir);
    if (up === dir) return null;
    dir = up;
  }
}

/**
 * True when the package was copied into a node_modules folder (not linked): Node strips no types
 * there, so nothing of it can run.
 */
export function isCopied() {
  return ROOT.split(path.sep).includes('node_modules');
}

/** What to tell a user whose package was copied. */
export function copiedPackage() {
  return [
    `error: Cell cannot run from ${ROOT}.`,
    'cause: Node runs no TypeScript inside of node_modules, and this package is TypeScript.',
    'fix: clone the repository, run "npm start" in the clone, and here "npm install <its folder>":',
    '     npm makes a link.',
  ].join('\n');
}

/** What to tell a user whose machine has no Node that will do. */
export function missingNode() {
  return [
    `error: Cell needs Node >= ${NEEDED.join('.')}, and this is Node ${process.versions.node}.`,
    `cause: no package with such a Node is installed for ${process.platform}-${process.arch}.`,
    'fix: run "npm ci" in the folder of the package (Linux, Windows on x64), or install Node',
    `     ${NEEDED.join('.')} or later yourself and run the command with it (macOS and others).`,
  ].join('\n');
}
