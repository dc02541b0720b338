// cell.config.ts: defaults, every key's check, and the words of its errors.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { settingsOf } from '../../build/3-negotiate/settings.ts';
import {
  ConfigError,
  checkConfig,
  checkServed,
  defineConfig,
  loadConfig,
} from '../../host/cell/config.ts';
import { placeOfKey } from '../../host/cell/config-place.ts';

function refused(value: unknown): string {
  try {
    checkConfig(value);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('the configuration was taken');
}

const issuer = {
  issuer: 'https://id.example.org',
  audience: 'cells',
  algorithms: ['EdDSA'],
  keyFile: 'id.pem',
};

test('everything may be absent; what is there is kept', (t) => {
  t.deepEqual(checkConfig({}), {});
  const whole = defineConfig({
    port: 0,
    host: '::1',
    lanes: 2,
    origins: ['https://example.org', 'http://localhost:3000'],
    hosts: ['cells.example.org'],
    issuers: [{ ...issuer, algorithms: ['EdDSA', 'RS256'], clockToleranceSec: 300 }],
    grants: { atlas: { blob: { root: './data' } } },
    limits: {
      perSession: { perSecond: 1000, burst: 100 },
      methods: { 'atlas.search': { perSecond: 50 } },
      cpuMs: 1,
      pages: 65536,
    },
  });
  t.is(checkConfig(whole), whole);
});

test('what is wrong is said with its path and what would be right', (t) => {
  const cases: [unknown, RegExp][] = [
    [null, /^cell\.config\.ts: expected an object, got null/],
    [
      { port: 65536 },
      /^cell\.config\.ts\.port: expected a whole number from 0 to 65535, got 65536/,
    ],
    [{ port: '80' }, /port: expected a whole number/],
    [{ lanes: -1 }, /lanes: expected a whole number from 0 to 64/],
    [{ limit: {} }, /\.limit: there is no such key; did you mean `limits`\?/],
    [{ zebra: 1 }, /\.zebra: there is no such key; known: port, host/],
    [{ origins: ['*'] }, /origins\[0\]: `\*` would let every page in; name the origins/],
    [{ origins: ['https://a.org/x'] }, /an origin without a path/],
    [{ origins: ['nonsense'] }, /origins\[0\]: expected an origin such as/],
    [{ grants: { Atlas: {} } }, /`Atlas` is not the name of a cell/],
    [{ grants: { atlas: { blob: {} } } }, /grants\.atlas\.blob\.root: expected a value/],
    [{ grants: { atlas: { blobs: {} } } }, /did you mean `blob`/],
    [{ limits: { cpuMs: 0 } }, /limits\.cpuMs: expected a whole number from 1/],
    [{ limits: { perSession: { burst: 1 } } }, /perSession\.perSecond: expected a value/],
    [{ limits: { perSession: { perSecond: 0 } } }, /perSecond: expected a number above/],
    [{ limits: { perSession: { perSecond: Number.NaN } } }, /perSecond: expected a number above/],
    [{ limits: { methods: { search: { perSecond: 1 } } } }, /`search` is not a method such as/],
    [{ issuers: [{ ...issuer, algorithms: ['none'] }] }, /algorithms\[0\]: expected one of EdDSA/],
    [{ issuers: [{ ...issuer, algorithms: [] }] }, /at least one algorithm/],
    [{ issuers: [{ ...issuer, key: 'x' }] }, /exactly one of key, keyFile, secret and jwksUrl/],
    [
      { issuers: [{ ...issuer, issuer: 'us', keyFile: undefined }] },
      /exactly one of .* \(none only for an issuer that is an https address\)/,
    ],
    [{ issuers: [{ ...issuer, algorithms: ['HS256'] }] }, /HS256 goes with `secret`/],
    [{ issuers: [{ ...issuer, algorithms: ['HS256', 'RS256'] }] }, /HS256 stands alone/],
    [{ issuers: [{ ...issuer, clockToleranceSec: 301 }] }, /from 0 to 300/],
    [
      { issuers: [{ audience: 'a', algorithms: ['RS256'], key: 'x' }] },
      /\.issuer: expected a value/,
    ],
  ];
  for (const [value, expected] of cases) t.regex(refused(value), expected, JSON.stringify(value));
  const secret = { ...issuer, algorithms: ['HS256'], keyFile: undefined };
  t.regex(refused({ issuers: [{ ...secret, secret: 'x'.repeat(31) }] }), /at least 32 bytes/);
  t.notThrows(() => checkConfig({ issuers: [{ ...secret, secret: 'x'.repeat(32) }] }));
});

test('the loader: absent, good, without default, broken', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-config-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const write = (name: string, text: string): string => {
    const at = path.join(folder, name);
    fs.mkdirSync(at);
    fs.writeFileSync(path.join(at, 'cell.config.ts'), text);
    return at;
  };
  t.deepEqual(await loadConfig(folder), {});
  const good = write(
    'good',
    `export default { port: 4500, issuers: [${JSON.stringify(issuer)}],
    grants: { atlas: { blob: { root: './data' } } } } satisfies object;`,
  );
  const config = await loadConfig(good);
  t.is(config.port, 4500);
  t.is(config.issuers?.[0].keyFile, path.join(good, 'id.pem'));
  t.deepEqual(config.grants, { atlas: { blob: { root: path.join(good, 'data') } } });
  const none = write('none', 'export const port = 1;');
  await t.throwsAsync(loadConfig(none), { message: /write `export default defineConfig/ });
  const broken = write('broken', 'export default {');
  await t.throwsAsync(loadConfig(broken), { message: /cell\.config\.ts: it could not be loaded/ });
  const syntax = write('syntax', 'export default {\n  lanes: = 2,\n};\n');
  await t.throwsAsync(loadConfig(syntax), { message: / \(cell\.config\.ts:2\)$/ });
  const unknown = write('unknown', 'export default {\n  lanes: nosuch,\n};\n');
  await t.throwsAsync(loadConfig(unknown), { message: / \(cell\.config\.ts:2:10\)$/ });
  const wrong = write('wrong', 'export default { port: -1 };');
  await t.throwsAsync(loadConfig(wrong), { instanceOf: ConfigError });
});

test('every wrong key is told, with its place in the file', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-config-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const text = `// prot: 1, limts: in a comment
const other = { prot: 5 };
export default defineConfig({
  prot: 1, // not yet
  limits: { perSession: { perSecond: 1 }, methods: { 'shop.buy': { perSecond: 0 } } },
  origins: ['https://good.org', 'https://example.org/{', "*"],
  grants: {
    'Bad': { blob: { root: ':{' } },
    shop: { blob: {} },
  },
  cells: { auth: { roles: ['a', undefined] } },
});
function defineConfig(config: object): object { return { lanes: other, ...config }; }
`;
  fs.writeFileSync(path.join(folder, 'cell.config.ts'), text);
  const { message } = await t.throwsAsync(loadConfig(folder), { instanceOf: ConfigError });
  const lines = message.split('\n');
  const expected: RegExp[] = [
    /^cell\.config\.ts\.lanes: expected a whole number from 0 to 64, got .*\}$/,
    /^cell\.config\.ts\.prot: .*did you mean `port`\? \(cell\.config\.ts:4:3\)$/,
    /methods\.shop\.buy\.perSecond: .*\(cell\.config\.ts:5:68\)$/,
    /origins\[1\]: .*\(cell\.config\.ts:6:33\)$/,
    /origins\[2\]: .*\(cell\.config\.ts:6:58\)$/,
    /`Bad` is not the name of a cell .*\(cell\.config\.ts:8:5\)$/,
    /shop\.blob\.root: expected a value, got nothing \(cell\.config\.ts:9:13\)$/,
    /cells\.auth\.roles\[1\]: .*\(cell\.config\.ts:11:33\)$/,
  ];
  t.is(lines.length, expected.length, message);
  for (const [i, pattern] of expected.entries()) t.regex(lines[i], pattern);
});

test('of very many wrong keys ten are told; the place is only said where it is sure', (t) => {
  const wrong = Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`zebra${i}`, 1]));
  t.is(refused(wrong).split('\n').length, 10);
  t.regex(refused({ constructor: 1 }), /^cell\.config\.ts\.constructor: there is no such key/);
  t.is(placeOfKey('export default { a: { b: 1 } };', '.a.b'), '1:23');
  t.is(placeOfKey('export default { a: { b: 1 } };', '.a.c'), '1:18');
  for (const text of ['', '{ a: 1 }', 'export default config;', 'export default {', 'export']) {
    t.is(placeOfKey(text, '.a'), null, text);
  }
});

test('what is said of a served cell is checked against it, of others not', (t) => {
  const served = [{ name: 'atlas', schema: { methods: [{ name: 'search' }, { name: 'near' }] } }];
  const limited = (key: string) => ({ limits: { methods: { [key]: { perSecond: 1 } } } });
  const granted = (cell: string, root: string) => ({ grants: { [cell]: { blob: { root } } } });
  t.notThrows(() => checkServed(limited('atlas.near'), served));
  t.notThrows(() => checkServed(limited('users.serch'), served));
  t.throws(() => checkServed(limited('atlas.serch'), served), {
    instanceOf: ConfigError,
    message: /`atlas` has no method `serch`; did you mean `search`\?/,
  });
  const here = import.meta.dirname;
  t.notThrows(() => checkServed(granted('atlas', here), served));
  t.notThrows(() => checkServed(granted('users', path.join(here, 'none')), served));
  for (const root of [path.join(here, 'none'), import.meta.filename]) {
    t.throws(() => checkServed(granted('atlas', root), served), {
      instanceOf: ConfigError,
      message: /^cell\.config\.ts\.grants\.atlas\.blob\.root: expected a folder that is there/,
    });
  }
});

test('published keys: the address, https or this machine, and where roles stand', (t) => {
  const { keyFile: _, ...published } = issuer;
  const good = (more: object) =>
    t.notThrows(() => checkConfig({ issuers: [{ ...published, ...more }] }), JSON.stringify(more));
  good({});
  good({ issuer: 'http://127.0.0.1:3000' });
  good({ issuer: 'our-login', jwksUrl: 'https://id.example.org/keys' });
  for (const host of ['localhost', '127.0.0.1:80', '[::1]:80'])
    good({ jwksUrl: `http://${host}/` });
  good({ rolesClaim: 'realm_access.roles', scopesClaim: ['https://x.org/s'] });
  const cases: [object, RegExp][] = [
    [{ issuer: 'http://id.example.org' }, /issuers\[0\]\.issuer: .* not behind https/],
    [{ jwksUrl: 'http://id.example.org/keys' }, /jwksUrl: .* not behind https/],
    [{ jwksUrl: 'http://127.0.0.1.example.org/' }, /not behind https/],
    [{ jwksUrl: 'http://localhost@id.example.org/' }, /not behind https/],
    [{ jwksUrl: 'http://10.0.0.1/' }, /not behind https/],
    [{ jwksUrl: 'file:///etc/passwd' }, /not behind https/],
    [{ jwksUrl: 'https://a:b@id.example.org/' }, /no user name, password or fragment/],
    [{ jwksUrl: 'keys' }, /"keys" is not an address/],
    [{ jwksUrl: 7 }, /jwksUrl: expected a text/],
    [{ jwksUrl: 'https://x.org/', keyFile: 'id.pem' }, /exactly one of/],
    [{ jwksUrl: 'https://x.org/', algorithms: ['HS256'] }, /HS256 goes with `secret`/],
    [{ algorithms: ['HS256'] }, /HS256 goes with `secret`/],
    [{ rolesClaim: '' }, /rolesClaim\[0\]: expected a text/],
    [{ rolesClaim: 'a..b' }, /rolesClaim\[1\]: expected a text/],
    [{ rolesClaim: [] }, /rolesClaim: expected 1 to 16 keys/],
    [{ rolesClaim: Array(17).fill('x') }, /rolesClaim: expected 1 to 16 keys/],
    [{ scopesClaim: 7 }, /scopesClaim: expected a list/],
  ];
  for (const [more, expected] of cases) {
    const value = { issuers: [{ ...published, ...more }] };
    t.regex(refused(value), expected, JSON.stringify(more));
  }
});

test('settings of cells are bounded literals, and become what a build hands on', (t) => {
  const auth = { roles: ['admin', 'dev'], strict: true, most: 1.5, none: null, deep: { a: [{}] } };
  const { cells } = checkConfig({ cells: { auth, 'rate-limit': [] } });
  t.deepEqual([...settingsOf(cells).keys()], ['auth', 'rate-limit']);
  const literal = settingsOf({ auth: { b: 1, a: 'x' } }).get('auth');
  t.deepEqual(literal, settingsOf({ auth: { a: 'x', b: 1 } }).get('auth'), 'in any order');
  t.is(literal?.kind === 'object' && literal.entries.map((e) => e.key).join(), 'a,b');
  const self: unknown[] = [];
  self.push(self);
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  const cases: [unknown, RegExp][] = [
    [{ Auth: {} }, /`Auth` is not the name of a cell/],
    [{ auth: () => {} }, /cells\.auth: expected a literal, got function/],
    [{ auth: { when: new Date() } }, /cells\.auth\.when: expected a literal, got object/],
    [{ auth: { at: undefined } }, /cells\.auth\.at: expected a literal, got undefined/],
    [{ auth: { big: 1n } }, /expected a literal, got bigint/],
    [{ auth: [Number.NaN] }, /cells\.auth\[0\]: NaN is no literal/],
    [{ auth: 'x'.repeat(4097) }, /at most 4096 characters/],
    [{ auth: { ['x'.repeat(4097)]: 1 } }, /at most 4096 characters/],
    [{ auth: Array(4096).fill(1) }, /more than 4096 values/],
    [{ auth: nested(17) }, /more than 16 levels/],
    [{ auth: self }, /more than 16 levels/],
  ];
  for (const [value, expected] of cases) t.regex(refused({ cells: value }), expected);
  const most = { auth: Array(4095).fill('x'.repeat(4096)) };
  t.notThrows(() => checkConfig({ cells: most }));
  t.notThrows(() => checkConfig({ cells: { auth: nested(16) } }));
});
