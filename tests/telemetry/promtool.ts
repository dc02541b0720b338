// Owns the finding of `promtool` (Debian package prometheus), which judges what we tell Prometheus.
// Where there is none and none can be installed, the tests that need it say so. No tests here.
import { spawnSync } from 'node:child_process';

let looked: boolean | undefined;

function works(): boolean {
  return spawnSync('promtool', ['--version']).status === 0;
}

/** Whether promtool is there; installs it where that is ours to do (root, apt-get, CI). */
function available(): boolean {
  if (works()) return true;
  const mayInstall = process.getuid?.() === 0 && process.env.CI !== undefined;
  if (!mayInstall) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const flags = ['install', '-y', '-qq', '--no-install-recommends', 'prometheus'];
  spawnSync('apt-get', flags, { env, timeout: 100_000 });
  return works();
}

/** What promtool finds wrong with a text; null: there is no promtool, and nothing was judged. */
export function promtool(text: string): string | null {
  looked ??= available();
  if (!looked) return null;
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text });
  return status === 0 ? '' : `promtool ended with ${status}: ${stdout}${stderr}`;
}
