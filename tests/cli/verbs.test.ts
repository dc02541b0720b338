// The verbs, as a user types them: build, inspect, call, revoke and their errors.
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { end, HELLO, Project, SHELF } from './program.ts';

test('build, run, call, and a typed program: the tour of the README', async (t) => {
  const project = new Project(t);
  project.write('hello.cell.ts', HELLO);
  const built = await project.cell('build', 'hello.cell.ts');
  t.is(built.code, 0, built.err);
  for (const made of ['.cell/out/hello.wasm', '.cell/clients/hello.ts', '.cell/lock/hello.lock']) {
    t.true(built.out.includes(made), made);
    t.true(fs.existsSync(path.join(project.folder, made)), made);
  }
  const host = await project.run('hello', '--lanes', '0');
  const greeted = await project.cell('call', 'hello', 'greet', '"you"');
  t.is(greeted.out, '"Hello, you!"\n', greeted.err);

  project.write(
    'client.ts',
    [
      `import { Hello } from './.cell/clients/hello.ts';`,
      `const hello = await Hello.connect();`,
      `console.log(await hello.greet('program'), (await hello.wrap('xyz')).length);`,
      `await hello.secret().catch((e) => console.log(e.statusName));`,
      `hello.synapse.close();`,
    ].join('\n'),
  );
  const called = await project.node('client.ts');
  t.is(called.out, 'Hello, program! 3\nPERMISSION_DENIED\n', called.err);
  t.is(await end(host.process, 'SIGINT'), 0);
  t.false(
    fs.existsSync(path.join(project.folder, '.cell/run/host.json')),
    'the host file is removed',
  );
});

test('call: arguments, roles and errors', async (t) => {
  const project = new Project(t);
  project.write('hello.cell.ts', HELLO);
  await project.run('hello.cell.ts', '--lanes', '0');
  const cases: [string[], number, RegExp][] = [
    [['call', 'hello', 'ping', '41', '--anonymous'], 0, /^42\n$/],
    [['call', 'hello', 'title', '"Lovelace"'], 0, /^"Lovelace"\n$/],
    [['call', 'hello', 'title', '"Lovelace"', '"Countess"'], 0, /^"Countess Lovelace"\n$/],
    [
      ['call', 'hello', 'greet', '"x"', '--anonymous'],
      1,
      /UNAUTHENTICATED.*\nfix: leave out --anonymous, or give --token\n$/,
    ],
    [
      ['call', 'hello', 'secret'],
      1,
      /PERMISSION_DENIED.*\nfix: with a development token: --role admin\n$/,
    ],
    [['call', 'hello', 'secret', '--role', 'admin'], 0, /^"18446744073709551615"\n$/],
    [
      ['call', 'hello', 'wrap', '""', '--json'],
      1,
      /^\{"error":\{"status":"NOT_FOUND","message":"nothing to wrap"/,
    ],
    [
      ['call', 'hello', 'ration', '7'],
      1,
      /FAILED_PRECONDITION: no more\ndetails: Left \{"left":3\}/,
    ],
    [['call', 'hello', 'ration', '7', '--json'], 1, /"type":"Left","details":\{"left":3\}\}\}\n$/],
    [['call', 'hello', 'wrap', '"é"', '--json'], 0, /^\{"text":"é","length":1,"note":null\}\n$/],
    [['call', 'hello', 'gret', '"x"'], 1, /did you mean `greet`/],
    [['call', 'helo', 'greet', '"x"'], 1, /did you mean `hello`/],
    [['call', 'hello', 'greet'], 1, /takes 1 argument, and 0 were given/],
    [['call', 'hello', 'greet', 'you'], 1, /not JSON[\s\S]*'"you"'/],
    [['call', 'hello', 'ping', '1.5'], 1, /n: expected u32, got 1.5/],
    [['call', 'hello', 'ping', '1', '--token', 'nonsense'], 1, /UNAUTHENTICATED/],
    [['call', 'hello', 'ping', '1', '--timeout', '0'], 2, /whole number/],
    [['call', 'hello', 'ping', '1', '--url', 'http://x'], 1, /INVALID_ARGUMENT.*ws:/],
  ];
  for (const [args, code, pattern] of cases) {
    const outcome = await project.cell(...args);
    t.is(outcome.code, code, `${args.join(' ')}: ${outcome.out}${outcome.err}`);
    t.regex(outcome.out + outcome.err, pattern, args.join(' '));
  }
});

test('run: a host does not outlive the process that the user started', async (t) => {
  const project = new Project(t);
  project.write('hello.cell.ts', HELLO);
  // So many words that the bin goes on in a Node without guard regions, on any number of cores.
  const words = Array.from({ length: 125 }, () => ['--lanes', '0']).flat();
  const host = await project.run('hello.cell.ts', ...words);
  const { pid } = JSON.parse(project.read('.cell/run/host.json')) as { pid: number };
  t.not(pid, host.process.pid, 'it goes on in a Node with other flags');
  const silent = once(host.process, 'close');
  host.process.kill('SIGKILL');
  await silent;
  t.false(fs.existsSync(path.join(project.folder, '.cell/run/host.json')), 'it ended in order');
});

test('revoke: the next frame of a connection is refused, and so is the next host', async (t) => {
  const project = new Project(t);
  project.write('hello.cell.ts', HELLO);
  const host = await project.run('hello.cell.ts', '--lanes', '0');
  const asMallory = ['call', 'hello', 'greet', '"m"', '--subject', 'mallory'];
  t.is((await project.cell(...asMallory)).code, 0);
  const revoked = await project.cell('revoke', 'mallory', '--json');
  t.like(JSON.parse(revoked.out), { subject: 'mallory', inForce: true });
  t.regex((await project.cell(...asMallory)).err, /UNAUTHENTICATED/);
  t.is((await project.cell('call', 'hello', 'greet', '"m"')).code, 0, 'others go on');
  await end(host.process, 'SIGTERM');
  await project.run('hello', '--lanes', '0');
  t.regex((await project.cell(...asMallory)).err, /UNAUTHENTICATED/, 'it outlives a restart');
});

test('inspect prints what a module says of itself', async (t) => {
  const project = new Project(t);
  project.write('hello.cell.ts', HELLO);
  await project.cell('build', 'hello.cell.ts');
  const text = await project.cell('inspect', '.cell/out/hello.wasm');
  t.is(text.code, 0, text.err);
  for (const part of [
    'greet(name: string): string',
    'role admin',
    'public',
    'capabilities',
    'limits',
    'sha256',
  ]) {
    t.true(text.out.includes(part), `${part} in:\n${text.out}`);
  }
  const json = JSON.parse((await project.cell('inspect', 'hello', '--json')).out);
  t.is(json.schema.methods.length, HELLO.match(/^ {2}\w+\(.*\{/gm)?.length);
  t.regex(json.schema.methods[0].fingerprint, /^[0-9a-f]{16}$/);
  project.write('shelf.cell.ts', SHELF);
  await project.cell('build', 'shelf.cell.ts');
  t.regex(
    (await project.cell('inspect', 'shelf')).out,
    /blob .*NOT GRANTED here.*'shelf': \{ blob/,
  );
  project.write('cell.config.ts', `export default { grants: { shelf: { blob: { root: '.' } } } };`);
  t.regex((await project.cell('inspect', 'shelf')).out, /blob .*granted: \{"root":/);
  project.write('not.wasm', 'nonsense');
  const wrong = await project.cell('inspect', 'not.wasm');
  t.is(wrong.code, 1);
  t.regex(wrong.err, /not\.wasm/);
  t.notRegex(wrong.err, /\n\s+at /, 'an authored error, without a stack');
});

test('doctor says what was found, and why', async (t) => {
  const project = new Project(t);
  const json = JSON.parse((await project.cell('doctor', '--json')).out);
  t.true(json.ok);
  t.true(['uws', 'ws'].includes(json.listener.kind));
  t.true(json.listener.why.length > 0);
  t.true(json.lanes >= 1);
  const text = (await project.cell('doctor')).out;
  for (const word of ['Node', 'listener', 'cores', 'lanes']) t.true(text.includes(word), word);
});

test('every verb has help with an example, and a wrong line exits with 2', async (t) => {
  const project = new Project(t);
  const main = await project.cell('--help');
  t.is(main.code, 0);
  const verbs = [...main.out.matchAll(/^ {2}(\w+) /gm)].map((m) => m[1] as string);
  const own = verbs.filter((v) => v !== 'help');
  t.true(own.includes('build') && own.includes('doctor'), main.out);
  await Promise.all(
    own.map(async (verb) => {
      const help = await project.cell(verb, '--help');
      t.is(help.code, 0, verb);
      t.regex(help.out, /Examples:\n {2}\$ /, verb);
    }),
  );
  t.is((await project.cell('bild')).code, 2);
  t.is((await project.cell('run')).code, 2);
  t.is((await project.cell('run', 'x', '--lanes', '-1')).code, 2);
});

test('run: what cannot be served is said with a fix', async (t) => {
  const project = new Project(t);
  const none = await project.cell('run', 'nothing');
  t.is(none.code, 1);
  t.regex(none.err, /no cell `nothing`[\s\S]*fix: .*cell build/);
  project.write('bad.cell.ts', '@service class Bad { go(x: any): void {} }');
  const bad = await project.cell('run', 'bad.cell.ts');
  t.is(bad.code, 1);
  t.regex(bad.err, /bad\.cell\.ts:1:\d+/);
  project.write('hello.cell.ts', HELLO);
  const first = await project.run('hello.cell.ts', '--lanes', '0');
  const second = await project.cell('run', 'hello', '--lanes', '0', '--port', String(first.port));
  t.is(second.code, 1, second.out);
  t.regex(second.err, /EADDRINUSE[\s\S]*fix: .*--port 0/);
  t.notRegex(second.err, /\n\s+at /);
  project.write('cell.config.ts', 'export default { prot: 1 };');
  t.regex((await project.cell('run', 'hello')).err, /prot.*did you mean `port`/);
});

test('run: a called cell that is not served is told at the start', async (t) => {
  const project = new Project(t);
  project.write('till.cell.ts', '@service class Till { ring(): u32 { return 1; } }');
  const shop =
    '@remote("till") class Till {}\n@service class Shop { buy(): u32 { return Till.ring(); } }';
  project.write('shop.cell.ts', shop);
  t.is((await project.cell('build')).code, 0);
  const ready = async (...cells: string[]) =>
    JSON.parse((await project.run(...cells, '--lanes', '0')).lines[0]).warnings;
  t.is(await ready('shop', 'till'), undefined);
  t.deepEqual(await ready('shop'), [
    'shop calls till, which is not served here: cell run shop till',
  ]);
});
