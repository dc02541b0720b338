// What a project commits: answers of macros, approved capabilities, locks. That they need nobody
// the next time, that damage is seen and mended, and that `--locked` says what would change.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { answersText, merged, readAnswers } from '../../build/2-discover/answers.ts';
import type { Contribution } from '../../build/2-discover/protocol.ts';
import { approved } from '../../build/6-lock/approved.ts';
import { FeatureError, parseFeatures } from '../../build/features.ts';
import { type MakeOptions, make } from '../../build/make.ts';
import {
  contribution,
  description,
  FakeCell,
  FakeDiscovery,
  macro,
  plan,
  spots,
} from './fake-cell.ts';
import { folderWith } from './folder.ts';

const SHOP = `@service class Shop {
  @Till.scope("sell") sell(n: u32): u32 { return n; }
  look(): string { return "look"; }
}`;

/** A cell of this version: what it says of `@Till.scope`, and the digest that its module has. */
class Till extends FakeCell {
  override readonly digest: string;

  constructor(digest = 'a1', give: Partial<Contribution> = {}) {
    super('till', description('Till', [macro('scope', { args: [ARG] })]), (request) =>
      plan({
        contributions: spots(request, 'Till').map(({ at, use }) =>
          contribution('policy', at, { name: 'scopes', values: [use.args[0].text], ...give }),
        ),
      }),
    );
    this.digest = digest;
  }
}

const ARG = {
  ...{ type: 'string', doc: '', optional: false, values: [], valuesFrom: '' },
  ...{ min: Number.NaN, max: 3, of: [], name: '' },
};

function project(files: Record<string, string> = { 'shop.cell.ts': SHOP }) {
  const { folder: cwd, remove } = folderWith(files);
  const at = (name: string): string => path.join(cwd, name);
  return {
    cwd,
    remove,
    run: (options: Partial<MakeOptions> = {}, till: FakeCell = new Till()) =>
      make({ files: [], cwd, discover: () => new FakeDiscovery({ Till: till }), ...options }),
    offline: (options: Partial<MakeOptions> = {}) =>
      make({ files: [], cwd, discover: () => new FakeDiscovery({}), offline: true, ...options }),
    read: (name: string) => fs.readFileSync(at(name), 'utf8'),
    write: (name: string, text: string) => fs.writeFileSync(at(name), text),
    remove_: (name: string) => fs.rmSync(at(name), { recursive: true, force: true }),
    all: () => snapshot(cwd),
  };
}

/** Every committed file below `.cell`, with its text. */
function snapshot(cwd: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const folder of ['lock', 'macros', 'clients', 'types']) {
    for (const name of fs.readdirSync(path.join(cwd, '.cell', folder)).sort()) {
      found[`${folder}/${name}`] = fs.readFileSync(path.join(cwd, '.cell', folder, name), 'utf8');
    }
  }
  return found;
}

const codes = (made: Awaited<ReturnType<typeof make>>) =>
  made.flatMap((m) => m.findings.map((f) => `${f.code} ${f.message}`));

test('everything down, a fresh clone: --offline --locked builds the same bytes', async (t) => {
  const p = project();
  await p.run();
  const wasm = fs.readFileSync(path.join(p.cwd, '.cell/out/shop.wasm'));
  const committed = p.all();
  p.remove_('.cell/out');
  const [made] = await p.offline({ locked: true });
  t.deepEqual(made.findings, []);
  t.false(made.cached);
  t.is(made.summary?.macros.find((a) => a.cell === 'till')?.level, 0);
  t.true(fs.readFileSync(path.join(p.cwd, '.cell/out/shop.wasm')).equals(wasm));
  t.deepEqual(p.all(), committed);
  p.remove();
});

test('offline, what was never answered is said, and what is damaged is named', async (t) => {
  const p = project();
  t.regex(codes(await p.offline())[0], /^CELL4001 .*service.*\.cell\/macros\/service\.json has no/);
  await p.run();
  p.write('shop.cell.ts', SHOP.replace('"sell"', '"buy"'));
  t.true(codes(await p.offline()).some((c) => /^CELL4026 .*`till` this before/.test(c)));
  p.write('shop.cell.ts', SHOP.replace('"look"', '"loop"'));
  t.deepEqual(codes(await p.offline()), [], "a body is nobody else's business");
  const good = p.read('.cell/macros/till.json');
  p.write('.cell/macros/till.json', good.replace('"sell"', '"sale"'));
  p.remove_('.cell/out');
  t.regex(codes(await p.offline())[0], /till\.json is damaged \(its hash does not fit\)/);
  const [mended] = await p.run();
  t.true(mended.changes.includes('.cell/macros/till.json was damaged; it is mended'));
  t.is(p.read('.cell/macros/till.json'), good);
  p.remove();
});

test('every damage of an answers file is seen (seeded)', async (t) => {
  const p = project();
  await p.run();
  const good = p.read('.cell/macros/till.json');
  t.is(typeof readAnswers(p.cwd, 'till'), 'object');
  const seed = Date.now() % 1_000_000;
  t.log(`seed ${seed}`);
  let state = seed;
  const next = (below: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
  for (let round = 0; round < 300; round++) {
    const at = next(good.length);
    const to = String.fromCharCode(33 + next(90));
    const text = round % 3 === 0 ? good.slice(0, at) : good.slice(0, at) + to + good.slice(at + 1);
    if (text.trim() === good.trim()) continue;
    p.write('.cell/macros/till.json', text);
    const read = readAnswers(p.cwd, 'till');
    // Space between tokens is no damage.
    if (typeof read !== 'string') t.is(answersText(read), good, `${round}: ${at} ${to}`);
  }
  for (const text of ['', 'null', '[]', '{"hash":5}', '"x"']) {
    p.write('.cell/macros/till.json', text);
    t.is(readAnswers(p.cwd, 'till'), 'damaged', text);
  }
  p.remove();
});

test('CELL6002: --locked names what would differ', async (t) => {
  const p = project();
  const locked = async (till?: FakeCell) => codes(await p.run({ locked: true }, till));
  t.deepEqual(await locked(), [
    'CELL6002 the build would change .cell/lock/shop.lock: there is none yet',
  ]);
  t.false(fs.existsSync(path.join(p.cwd, '.cell/macros')));
  await p.run();
  t.deepEqual(await locked(), []);
  t.deepEqual(await locked(new Till('b2')), [], 'another module that says the same');
  t.deepEqual(await locked(new Till('c3', { values: ['other'] })), [
    'CELL6002 the build would change .cell/lock/shop.lock: ' +
      'sell: access is scope other now, was scope sell; till answered otherwise',
  ]);
  const answers = p.read('.cell/macros/till.json');
  p.remove_('.cell/macros/till.json');
  t.deepEqual(await locked(), [
    'CELL6002 the build would change .cell/macros/till.json: there is none yet',
  ]);
  p.write('.cell/macros/till.json', answers.slice(0, 50));
  t.deepEqual(await locked(), [
    'CELL6002 the build would change .cell/macros/till.json: it is damaged',
  ]);
  p.write('.cell/macros/till.json', answers);
  const lock = p.read('.cell/lock/shop.lock');
  p.write('.cell/lock/shop.lock', lock.replace('"sell"', '"sale"'));
  t.regex((await locked())[0], /shop\.lock: the lock does not fit its hash/);
  t.regex((await p.run())[0].changes[0], /the lock does not fit its hash/);
  t.is(p.read('.cell/lock/shop.lock'), lock);
  p.remove();
});

test('another module that says the same changes no committed file', async (t) => {
  const p = project();
  await p.run();
  const committed = p.all();
  const [made] = await p.run({}, new Till('b2'));
  t.deepEqual([made.cached, made.changes], [false, []]);
  t.deepEqual(p.all(), committed);
  p.remove();
});

test('changed policies are told one by one, with what they were', async (t) => {
  const p = project();
  const policy = (name: string, more: Partial<Contribution>) =>
    new Till(JSON.stringify([name, more]), { name, ...more });
  const changed = async (till: FakeCell) => (await p.run({}, till))[0].changes.slice(0, 2);
  await p.run({}, policy('memo', { numbers: [60_000, 0], values: [''] }));
  t.deepEqual(await changed(policy('memo', { numbers: [300_000, 0], values: ['', 'a:{n}'] })), [
    'sell: replies kept 5m, for each caller; tags a:{parameter 1} ' +
      '(was: replies kept 1m, for each caller)',
    'till answered otherwise',
  ]);
  t.deepEqual(await changed(policy('rate', { numbers: [10, 5], values: ['subject'] })), [
    'sell: no more: replies kept 5m, for each caller; tags a:{parameter 1}',
    'sell: 10 calls a second of each subject, 5 at once; that is new',
  ]);
  p.remove();
});

test('a macro that is used no more leaves .cell/macros', async (t) => {
  const p = project({ 'shop.cell.ts': SHOP, 'b.cell.ts': SHOP.replace('Shop', 'Bar') });
  await p.run();
  const asked = () => {
    const found = readAnswers(p.cwd, 'till');
    return typeof found === 'string' ? found : Object.keys(found.plans);
  };
  t.deepEqual(asked(), ['bar', 'shop']);
  p.write('shop.cell.ts', SHOP.replace('@Till.scope("sell")', ''));
  t.regex(codes(await p.run({ locked: true }))[0], /uses no macros of till any more/);
  await p.run({ files: ['shop.cell.ts'] });
  t.deepEqual(asked(), ['bar']);
  fs.rmSync(path.join(p.cwd, 'b.cell.ts'));
  await p.run();
  t.is(asked(), 'none');
  p.remove();
});

const RADIO = '@service class Radio { say(): void { log.info("x"); } }';

test('a new capability is shown, approved in the lock, and stops --locked', async (t) => {
  const p = project({ 'radio.cell.ts': RADIO.replace('log.info("x");', '') });
  t.deepEqual((await p.run())[0].changes, []);
  p.write('radio.cell.ts', RADIO);
  const lock = '.cell/lock/capabilities.lock';
  t.deepEqual(approved(p.cwd, 'radio'), []);
  const [refused] = await p.run({ locked: true });
  t.is(refused.summary, null);
  const [made] = await p.run();
  t.deepEqual(made.changes, [`may use log now (brought by Radio.say); approved in ${lock}`]);
  t.deepEqual(approved(p.cwd, 'radio'), ['log']);
  // Only the approval is missing: the capability is named, with what brings it.
  p.write(lock, '{"version":1,"cells":{}}\n');
  t.deepEqual(codes(await p.run({ locked: true })), [
    `CELL6002 the build would change ${lock}: radio may not use log yet (brought by Radio.say)`,
  ]);
  for (const text of ['', '{', '{"version":1,"cells":{"radio":{"log":"yes"}}}', '{"version":2}']) {
    p.write(lock, text);
    t.deepEqual(approved(p.cwd, 'radio'), [], text);
    t.regex(codes(await p.run({ locked: true }))[0], /capabilities\.lock: it is damaged/);
    t.true((await p.run())[0].changes.includes(`${lock} was damaged; it is written anew`));
    t.deepEqual(approved(p.cwd, 'radio'), ['log']);
  }
  p.remove();
});

test('check does everything and writes nothing', async (t) => {
  const p = project();
  const [made] = await p.run({ check: true });
  t.is(made.summary?.cell, 'shop');
  t.deepEqual(made.paths, {});
  t.false(fs.existsSync(path.join(p.cwd, '.cell')));
  p.write('shop.cell.ts', SHOP.replace('u32 { return n', 'string { return n'));
  t.is((await p.run({ check: true }))[0].findings[0].code, 'CELL5002');
  t.deepEqual(fs.readdirSync(p.cwd), ['shop.cell.ts']);
  p.remove();
});

test('features: part of key and lock, and refused when no cell could be meant', async (t) => {
  const p = project();
  const [on] = await p.run();
  const [off] = await p.run({ features: new Map([['till', 'off']]) });
  t.deepEqual(
    [on.summary?.methods[0].access.scopes, off.summary?.methods[0].access.scopes],
    [['sell'], []],
  );
  t.true(off.changes.includes('built with till=off, was till=on'));
  t.true((await p.run())[0].cached);
  t.deepEqual(codes(await p.offline()), [], 'what it said before it was switched off still stands');
  const error = await t.throwsAsync(p.run({ features: new Map([['tlil', 'off']]) }), {
    instanceOf: FeatureError,
  });
  t.is(error.message, '--features: no cell `tlil` answers for macros here');
  t.is(error.fix, 'did you mean till?');
  t.deepEqual(
    [...parseFeatures('a=off, b=metrics-only,a=on')],
    [
      ['a', 'on'],
      ['b', 'metrics-only'],
    ],
  );
  for (const text of ['', 'a', 'a=', '=off', 'A=off', 'a=off,,b=off', 'a=b=c']) {
    t.throws(() => parseFeatures(text), { instanceOf: FeatureError }, text);
  }
  p.remove();
});

test('another module that answers is asked again; settings too are part of the key', async (t) => {
  const p = project();
  await p.run();
  t.true((await p.run())[0].cached);
  t.false((await p.run({}, new Till('b2', { values: ['other'] })))[0].cached);
  t.true((await p.run())[0].cached);
  const nowhere = { start: 0, end: 0 };
  const settings = new Map([['till', { ...nowhere, kind: 'bool', value: true } as const]]);
  t.false((await p.run({ settings }))[0].cached);
  const unused = new Map([['unused', { ...nowhere, kind: 'bool', value: true } as const]]);
  t.true((await p.run({ settings: unused }))[0].cached);
  p.remove();
});

test('merging answers: what others were told stands until they ask again', (t) => {
  const told = { digest: 'a', description: description('Till', []), plans: { h: plan() } };
  const first = merged(null, 'till', 'shop', { ...told, schema: null });
  const second = merged(first, 'till', 'bar', { ...told, schema: null });
  t.deepEqual(Object.keys(second.plans).sort(), ['bar', 'shop']);
  const newer = merged(second, 'till', 'bar', { ...told, digest: 'b', schema: null });
  t.deepEqual(Object.keys(newer.plans).sort(), ['bar', 'shop']);
  t.is(newer.digest, 'b');
});

const MAKE = JSON.stringify(fileURLToPath(new URL('../../build/make.ts', import.meta.url)));

const SCRIPT = (options: string) => `
  import { make } from ${MAKE};
  import { FakeDiscovery, FakeCell, description, macro, plan } from ${JSON.stringify(
    fileURLToPath(new URL('./fake-cell.ts', import.meta.url)),
  )};
  const till = new FakeCell('till', description('Till', [macro('mark')]), () => plan());
  console.log('begun');
  const made = await make({ files: [], cwd: process.cwd(),
    discover: () => new FakeDiscovery({ Till: till }), ${options} });
  console.log(JSON.stringify(made.map((m) => m.findings)));`;

function start(cwd: string, env: Record<string, string> = {}, options = '') {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT(options)], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  return { child, done: once(child, 'close').then(() => out) };
}

const MARKED = (name: string) => `@service class ${name} { @Till.mark hi(): u32 { return 7; } }`;

test('two builds at once lose nothing of what they share', async (t) => {
  const names = ['Aa', 'Bb', 'Cc', 'Dd'];
  const p = project(Object.fromEntries(names.map((n) => [`${n}.cell.ts`, MARKED(n)])));
  const one = (name: string) => start(p.cwd, {}, `files: ['${name}.cell.ts']`).done;
  const outs = await Promise.all(names.map(one));
  for (const out of outs) t.is(out, 'begun\n[[]]\n');
  const found = readAnswers(p.cwd, 'till');
  t.deepEqual(typeof found === 'string' ? found : Object.keys(found.plans), [
    'aa',
    'bb',
    'cc',
    'dd',
  ]);
  t.deepEqual(codes(await p.offline({ locked: true })), []);
  p.remove();
});

test('another folder, locale, time zone and file order make the same files', async (t) => {
  const files = { 'a.cell.ts': MARKED('Aa'), 'z/b.cell.ts': MARKED('Bb') };
  const [p, q] = [project(files), project(Object.fromEntries(Object.entries(files).reverse()))];
  const env = { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', TZ: 'Pacific/Apia' };
  await Promise.all([
    start(p.cwd, { TZ: 'UTC', LANG: 'C' }).done,
    start(q.cwd, env, "files: ['z/b.cell.ts', 'a.cell.ts']").done,
  ]);
  t.deepEqual(p.all(), q.all());
  for (const cell of ['aa', 'bb']) {
    t.is(p.read(`.cell/out/${cell}.wasm`), q.read(`.cell/out/${cell}.wasm`));
    t.is(p.read(`.cell/out/${cell}.wasm.map`), q.read(`.cell/out/${cell}.wasm.map`));
  }
  p.remove();
  q.remove();
});

test('a build killed at any point leaves what is committed whole (seeded)', async (t) => {
  const p = project({ 'a.cell.ts': MARKED('Aa'), 'b.cell.ts': MARKED('Bb') });
  const seed = Date.now() % 1_000_000;
  t.log(`seed ${seed}`);
  let state = seed;
  for (let round = 0; round < 5; round++) {
    p.write('a.cell.ts', MARKED('Aa').replace('7', String(round)));
    p.remove_('.cell/macros');
    const { child, done } = start(p.cwd);
    await once(child.stdout, 'data');
    state = (state * 1103515245 + 12345) % 2147483648;
    const timer = setTimeout(() => child.kill('SIGKILL'), state % 1200);
    await done;
    clearTimeout(timer);
    const folder = path.join(p.cwd, '.cell/macros');
    for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
      if (name.endsWith('.json')) t.is(typeof readAnswers(p.cwd, name.slice(0, -5)), 'object');
    }
  }
  await start(p.cwd).done;
  t.deepEqual(codes(await p.offline({ locked: true })), []);
  p.remove();
});
