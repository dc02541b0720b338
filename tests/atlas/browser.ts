// Owns the finding of a browser for page tests. Where there is none the tests fail and say how to
// get one; only CELL_NO_BROWSER=1 lets them pass unseen, and then they say loudly what did not run.

import { accessSync, constants } from 'node:fs';
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

/** Starts the browser; null when there is none and CELL_NO_BROWSER=1 allows that. */
export async function openBrowser(
  what: string,
  executablePath = findBrowser(),
  allowed = process.env.CELL_NO_BROWSER === '1',
  say: (text: string) => void = console.error,
): Promise<Browser | null> {
  if (executablePath !== null) return chromium.launch({ executablePath, args: ['--no-sandbox'] });
  if (allowed) {
    say(`\n!!! NOT TESTED, for want of a browser (CELL_NO_BROWSER=1): ${what}\n`);
    return null;
  }
  throw new Error(
    'no Chromium found. Install one (Debian: `apt-get install -y chromium`), or set ' +
      `CELL_CHROMIUM to its path, or CELL_NO_BROWSER=1 to leave out: ${what}`,
  );
}
