// What `cell call`, `cell revoke --lift` and `cell run` tell a user who was refused, or is about to
// be.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { end, Project } from './program.ts';

const TEXT = `
@service
class Till {
  @Auth.public open(): u32 { return 1; }
  own(): u32 { return 2; }
  @Auth.require({ role: "admin" }) one(): u32 { return 3; }
  @Auth.require({ anyRole: ["admin", "clerk"], scope: "till" }) both(): u32 { return 4; }
}
`;

test('call: a refusal says which flags help', async (t) => {
  const project = new Project(t);
  project.write('till.cell.ts', TEXT);
  await project.run('till.cell.ts', '--lanes', '0');
  const cases: [string[], RegExp][] = [
    [
      ['own', '--anonymous'],
      /^UNAUTHENTICATED: till\.own needs a session\nfix: leave out --anonymous, or give --token\n$/,
    ],
    [['one'], /^PERMISSION_DENIED: .*\nfix: with a development token: --role admin\n$/],
    [['both'], /\nfix: .*: --role <one of: admin, clerk> --scope till\n$/],
    [['both', '--role', 'clerk'], /\nfix: .*: --scope till\n$/],
    [['both', '--scope', 'till', '--role', 'x'], /: --role <one of: admin, clerk>\n$/],
  ];
  for (const [args, expected] of cases) {
    const { code, err } = await project.cell('call', 'till', ...args);
    t.is(code, 1, args.join(' '));
    t.regex(err, expected, args.join(' '));
  }
  const json = JSON.parse((await project.cell('call', 'till', 'one', '--json')).out).error;
  t.like(json, { status: 'PERMISSION_DENIED', reason: 5, reasonName: 'REASON_ROLE' });
  t.regex(json.fix, /--role admin/);
  t.is((await project.cell('call', 'till', 'both', '--role', 'clerk', '--scope', 'till')).code, 0);
  t.regex((await project.cell('call', '--help')).out, /reasonName/);
});

test('call: a host that does not answer in time is told as --timeout', async (t) => {
  const project = new Project(t);
  project.write('till.cell.ts', TEXT);
  t.is((await project.cell('build')).code, 0);
  const { createServer } = await import('node:net');
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.teardown(() => silent.close());
  const { port } = silent.address() as import('node:net').AddressInfo;
  const url = `ws://127.0.0.1:${port}/cell`;
  const late = await project.cell('call', 'till', 'open', '--url', url, '--timeout', '20');
  t.is(late.code, 1);
  t.regex(late.err, /^DEADLINE_EXCEEDED: till\.open: .* within 20 ms, .*--timeout/);
  t.regex(late.err, /\nfix: .*--timeout 1000\n$/);
});

test('revoke --lift: served again at once, and by the next host', async (t) => {
  const project = new Project(t);
  project.write('till.cell.ts', TEXT);
  const host = await project.run('till.cell.ts', '--lanes', '0');
  const revoked = await project.cell('revoke', 'developer');
  t.regex(revoked.out, /refused until .*\nto take it back: cell revoke developer --lift\n$/);
  t.regex((await project.cell('call', 'till', 'own')).err, /UNAUTHENTICATED/);
  t.is((await project.cell('revoke', 'developer', '--lift')).out, 'developer is served again\n');
  t.is((await project.cell('call', 'till', 'own')).out, '2\n');
  await end(host.process, 'SIGTERM');
  t.is((await project.cell('revoke', 'developer')).code, 0);
  const later = await project.cell('revoke', 'developer', '--lift', '--json');
  t.deepEqual(JSON.parse(later.out), { subject: 'developer', lift: true, inForce: false });
  await project.run('till', '--lanes', '0');
  t.is((await project.cell('call', 'till', 'own')).out, '2\n', 'in the order that they were given');
});

test('run: auth=off is told at the start; a damaged module is to be built again', async (t) => {
  const project = new Project(t);
  project.write('till.cell.ts', TEXT);
  t.is((await project.cell('build', '--features', 'auth=off')).code, 0);
  const host = await project.run('till', '--lanes', '0');
  const { warnings } = JSON.parse(host.lines[0]) as { warnings: string[] };
  t.is(warnings.length, 1);
  t.regex(warnings[0], /^auth is off: any session may call everything in till/);
  await end(host.process, 'SIGTERM');
  const file = path.join(project.folder, '.cell/out/till.wasm');
  const whole = fs.readFileSync(file);
  for (const length of [4, 100, whole.length - 1]) {
    fs.writeFileSync(file, whole.subarray(0, length));
    const cut = await project.cell('run', 'till', '--port', '0');
    t.is(cut.code, 1);
    t.regex(cut.err, /till\.wasm: .*\nfix: build it again: cell build\n$/, String(length));
  }
});
