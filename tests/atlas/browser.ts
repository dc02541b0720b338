// Owns the finding of a browser for page tests: one that is there, else Debian's package where this
// process may install it. Where neither can be had the tests say loudly what did not run;
// CELL_BROWSER=required makes that a failure, CELL_NO_BROWSER=1 leaves the browser out.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = [
  process.env.CELL_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** Path of a Chromium, or null. */
export function findBrowser(places: (string | undefined)[] = PLACES): string | null {
  const runs = (file: string | undefined) => {
    if (file === undefined) return false;
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  return places.find(runs) ?? null;
}

/** Installs Debian's Chromium when this process is root on a Debian; true when that worked. */
async function installBrowser(): Promise<boolean> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  const script = 'apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium';
  console.error('page tests: installing chromium from the distribution (once)');
  const child = spawn('timeout', ['300', 'sh', '-c', script], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: 'ignore',
  });
  const [code] = await once(child, 'close');
  return code === 0;
}

/** What decides about a browser; the defaults are this machine's. */
export interface BrowserSearch {
  find: () => string | null;
  install: () => Promise<boolean>;
  wish: 'required' | 'none' | 'if there';
  say: (text: string) => void;
}

function wished(): BrowserSearch['wish'] {
  if (process.env.CELL_NO_BROWSER === '1') return 'none';
  return process.env.CELL_BROWSER === 'required' ? 'required' : 'if there';
}

/** Starts the browser; null when none can be had (and said so), or none is wanted. */
export async function openBrowser(
  what: string,
  search: Partial<BrowserSearch> = {},
): Promise<Browser | null> {
  const { find, install, wish, say } = {
    ...{ find: findBrowser, install: installBrowser, wish: wished(), say: console.error },
    ...search,
  };
  if (wish !== 'none') {
    const executablePath = find() ?? ((await install()) ? find() : null);
    if (executablePath !== null) {
      return chromium.launch({ executablePath, args: ['--no-sandbox'] });
    }
  }
  const how = 'Debian: apt-get install -y chromium; elsewhere set CELL_CHROMIUM to its path';
  if (wish === 'required') throw new Error(`no Chromium found for ${what}. ${how}`);
  say(`\n!!! NOT TESTED, for want of a browser: ${what}\n!!! ${how}\n`);
  return null;
}
