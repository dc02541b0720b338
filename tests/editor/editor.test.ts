// What plain VS Code shows of service files, through a real tsserver and what `cell build` writes:
// completion, documentation and errors of macros, and no errors where there are none.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import anyTest, { type TestFn } from 'ava';
import { Editor } from '../../bench/editor.ts';
import { settingsOf } from '../../build/3-negotiate/settings.ts';
import { make } from '../../build/make.ts';
import { discoveryWith } from '../../host/cli/discovery.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ACCOUNTS = path.join(ROOT, 'cells/apps/accounts/accounts.cell.ts');
const FILE = 'accounts.cell.ts';

const test = anyTest as TestFn<{ cwd: string; editor: Editor; text: string }>;

test.before(async (t) => {
  const cwd = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cell-editor-')));
  const text = fs.readFileSync(ACCOUNTS, 'utf8');
  fs.writeFileSync(path.join(cwd, FILE), text);
  for (const name of ['wrong', 'fields', 'typing', 'other']) {
    fs.writeFileSync(path.join(cwd, `${name}.cell.ts`), '');
  }
  const auth = { roles: ['admin', 'customer', 'support'], scopes: ['write:accounts'] };
  const settings = settingsOf({ auth });
  const [made] = await make({ files: [FILE], cwd, settings, discover: discoveryWith({}) });
  t.deepEqual(made.findings, []);
  t.context = { cwd, editor: new Editor(cwd), text };
});

test.after.always((t) => {
  t.context.editor?.close();
  if (t.context.cwd) fs.rmSync(t.context.cwd, { recursive: true, force: true });
});

test.serial('a project with nothing prepared: the editor takes what the build wrote', async (t) => {
  const { editor, text, cwd } = t.context;
  editor.open(FILE, text);
  const project = path.join(cwd, '.cell/tsconfig.json').split(path.sep).join('/');
  t.is(await editor.project(FILE), project);
});

test.serial(
  'a program beside the service is TypeScript as ever, with the types of the client',
  async (t) => {
    const { editor, cwd } = t.context;
    fs.writeFileSync(path.join(cwd, 'package.json'), '{ "type": "module" }');
    fs.mkdirSync(path.join(cwd, 'node_modules'), { recursive: true });
    fs.symlinkSync(ROOT, path.join(cwd, 'node_modules/cell'), 'junction');
    const program = [
      "import { Accounts } from './.cell/clients/accounts.ts';",
      'const accounts = await Accounts.connect();',
      "console.log((await accounts.get('seven')).name);",
      'export {};',
    ].join('\n');
    fs.writeFileSync(path.join(cwd, 'client.ts'), program);
    editor.open('client.ts', program);
    const errors = await editor.errors('client.ts');
    t.deepEqual(
      errors.map(({ line, text }) => [line, text]),
      [[3, "'seven'"]],
    );
  },
);

test.serial('a file that a service imports is one of the services', async (t) => {
  const { editor, cwd } = t.context;
  const helper = 'export function seven(): u32 {\n  return <u32>7;\n}\n';
  const using =
    "import { seven } from './seven';\n@service class Other { a(): u32 { return seven(); } }\n";
  fs.writeFileSync(path.join(cwd, 'seven.ts'), helper);
  fs.writeFileSync(path.join(cwd, 'other.cell.ts'), using);
  editor.open('other.cell.ts', using);
  t.deepEqual(await editor.errors('other.cell.ts'), []);
  editor.open('seven.ts', helper);
  t.deepEqual(await editor.errors('seven.ts'), []);
});

test.serial('tsc takes the settings that a build writes, and finds what the editor finds', (t) => {
  const { cwd } = t.context;
  const tsc = (project: string) => {
    const compiler = path.join(ROOT, 'node_modules/typescript6/lib/tsc.js');
    const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', project], { cwd });
    return {
      status,
      told: String(stdout)
        .split('\n')
        .filter((line) => /TS6\d{3}/.test(line)),
    };
  };
  t.deepEqual(tsc('.'), { status: 0, told: [] });
  t.deepEqual(tsc('.cell/tsconfig.json').told, []);
  t.deepEqual(tsc('.cell/tsconfig.programs.json').told, []);
});

test.serial('no false errors in the examples', async (t) => {
  const { editor, text, cwd } = t.context;
  editor.open(FILE, text);
  t.deepEqual(await editor.errors(FILE), []);
  for (const name of ['hello/hello.cell.ts', 'atlas/atlas.cell.ts']) {
    const source = path.join(ROOT, 'cells/apps', name);
    const file = path.basename(name);
    const folder = path.join(path.dirname(source), 'index');
    if (fs.existsSync(folder)) fs.cpSync(folder, path.join(cwd, 'index'), { recursive: true });
    fs.copyFileSync(source, path.join(cwd, file));
    editor.open(file, fs.readFileSync(source, 'utf8'));
    t.deepEqual(await editor.errors(file), [], name);
  }
});

test.serial('no false errors in the standard cells, which are macro cells', async (t) => {
  const { editor, cwd } = t.context;
  const std = path.join(ROOT, 'cells/std');
  for (const name of ['auth', 'cache', 'flags', 'ratelimit', 'retry', 'service', 'telemetry']) {
    fs.cpSync(path.join(std, name), path.join(cwd, 'std', name), { recursive: true });
    const file = `std/${name}/${name}.cell.ts`;
    editor.open(file, fs.readFileSync(path.join(std, name, `${name}.cell.ts`), 'utf8'));
    t.deepEqual(await editor.errors(file), [], name);
  }
  const retry = 'std/retry/retry.cell.ts';
  t.true((await editor.completions(retry, 'spot.args.')).includes('durationMs'));
  t.regex((await editor.hover(retry, 'spot.wrap', 6)).doc, /\S/);
});

test.serial('completion: macros behind the dot, cells behind the @, keys and values', async (t) => {
  const { editor } = t.context;
  const typing = (inside: string) =>
    `@service class Typing {\n  ${inside}\n  a(id: u32): u32 { return id; }\n}\n`;
  const after = async (inside: string, add = inside.length) => {
    editor.open('typing.cell.ts', typing(inside));
    return await editor.completions('typing.cell.ts', inside, add);
  };
  t.deepEqual(await after('@Auth.'), ['owner', 'policy', 'protected', 'public', 'require']);
  const cells = await after('@');
  for (const name of ['Auth', 'Cache', 'Flags', 'RateLimit', 'Retry', 'Telemetry', 'service']) {
    t.true(cells.includes(name), name);
  }
  const inside = '@Auth.require({ role: "" })';
  t.deepEqual(await after(inside, inside.indexOf('""') + 1), ['admin', 'customer', 'support']);
  const keys = '@Cache.memoize({ ttl: "5m",  })';
  const left = await after(keys, keys.length - 3);
  t.true(left.includes('tags') && left.includes('swr') && !left.includes('ttl'), `${left}`);
  const sdk = await after('@Auth.public\n  b(): string { return Session.', undefined);
  t.true(sdk.includes('subject') && sdk.includes('hasRole'));
});

test.serial(
  'hover: the documentation that the cell published, the example, the type',
  async (t) => {
    const { editor, text } = t.context;
    editor.open(FILE, text);
    const at = async (needle: string) => await editor.hover(FILE, needle, needle.length - 2);
    const require = await at('@Auth.require');
    t.regex(require.doc, /PERMISSION_DENIED/);
    t.regex(require.doc, /@example `@Auth\.require\(\{ role: "admin" \}\)`/);
    t.regex(require.type, /role\?: "admin" \| "customer" \| "support"/);
    t.regex((await at('@Auth.protected')).doc, /this scope, or this role/);
    t.regex((await at('@Auth.public')).doc, /Anybody may call/);
    t.regex((await at('@Cache.memoize')).doc, /exact arguments/);
    t.regex((await at('@Telemetry.span')).doc, /span for each sampled call/);
    t.regex((await at('@service')).doc, /public methods clients can call/);
    t.regex((await editor.hover(FILE, 'ttl:', 1)).type, /ttl: `\$\{number\}ms`/);
  },
);

const WRONG: [string, string, RegExp][] = [
  ['@Auth.require({ rol: "admin" })', 'rol', /Did you mean to write 'role'/],
  ['@Auth.require({ role: "customr" })', 'role', /"admin" \| "customer" \| "support"/],
  ['@Auth.protected({ scope: 7 })', 'scope', /not assignable/],
  ['@Auth.requir({ role: "admin" })', 'requir', /Did you mean 'require'/],
  ['@Cache.memoize({ ttl: "5 minutes" })', 'ttl', /`\$\{number\}ms`/],
  ['@Cache.memoize({ tags: ["x"] })', '{ tags: ["x"] }', /Property 'ttl' is missing/],
  ['@Cache.memoize', 'Cache.memoize', /decorator|not assignable|argument/i],
  ['@Retry.onFailure({ max: "3" })', 'max', /not assignable to type 'number'/],
  ['@Retry.onFailure({ on: ["UNAVAILABL"] })', '"UNAVAILABL"', /Did you mean '"UNAVAILABLE"'/],
  ['@RateLimit.throttle(true)', 'true', /not assignable/],
  ['@Nobody.knows', 'Nobody', /Cannot find name 'Nobody'/],
];

for (const [written, underlined, says] of WRONG) {
  test.serial(`underlined: ${written}`, async (t) => {
    const { editor } = t.context;
    editor.open(
      'wrong.cell.ts',
      `@service class Wrong {\n  ${written}\n  a(id: u32): u32 { return id; }\n}\n`,
    );
    const errors = await editor.errors('wrong.cell.ts');
    t.deepEqual([...new Set(errors.map((e) => e.line))], [2], JSON.stringify(errors));
    t.is(errors[0].text.replace(/^@/, ''), underlined);
    t.regex(errors[0].message, says);
  });
}

test.serial('a macro on the wrong kind of declaration is underlined', async (t) => {
  const { editor } = t.context;
  editor.open(
    'fields.cell.ts',
    `@Telemetry.span class Row {}
@service class Fields {
  @Telemetry.span rows: u32 = 0;
  @Telemetry.span fine(): u32 { return this.rows; }
  @Telemetry.span({ name: "x" }) too(): void {}
}
`,
  );
  t.deepEqual(
    (await editor.errors('fields.cell.ts')).map((e) => [e.line, e.text.replace(/^@/, '')]),
    [
      [1, 'Telemetry.span'],
      [3, 'Telemetry.span'],
    ],
  );
});

test.serial('a name that is a namespace of macros and a class of the SDK is both', async (t) => {
  const { editor } = t.context;
  const text = `@service class Other {
  @Flags.when("new-pricing", { otherwise: "old" })
  price(id: u32): u32 { return Flags.on("x") ? 1 : id; }
  private old(id: u32): u32 { return Flags.variantOf("y").length; }
}
`;
  editor.open('other.cell.ts', text);
  t.deepEqual(await editor.errors('other.cell.ts'), []);
  const offered = await editor.completions('other.cell.ts', '@Flags.');
  t.true(offered.includes('when') && offered.includes('variant'), `${offered}`);
});

test.serial('errors of AssemblyScript types are those of TypeScript', async (t) => {
  const { editor } = t.context;
  editor.open(
    'other.cell.ts',
    `@service class Other {
  a(id: u32): string { return id; }
  b(): u32 { return fail<u32>(Status.NOT_FOND, "x"); }
}
`,
  );
  const errors = await editor.errors('other.cell.ts');
  t.deepEqual(
    errors.map((e) => e.line),
    [2, 3],
  );
  t.regex(errors[1].message, /NOT_FOND/);
});
