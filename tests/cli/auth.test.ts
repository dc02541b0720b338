// Who may call, as a user meets it on the command line: nothing imported, roles said in
// cell.config.ts, a real issuer, and `auth=off`.
import fs from 'node:fs';
import test from 'ava';
import { openLogin, SHOP } from '../host/login.ts';
import { Project } from './program.ts';

const TEXT = `@service
class Shop {
  @Auth.require({ role: "customer" })
  buy(id: u32): u32 {
    return id;
  }
  @Auth.owner("who", { or: { role: "admin" } })
  basket(who: string): string {
    return who;
  }
}
`;
const CONFIG = (more = '') => `import { defineConfig } from 'cell/config';
export default defineConfig({ cells: { auth: { roles: ['admin', 'customer'] } }, ${more} });
`;

test('a misspelt role: its place, the roles that there are, and a fix', async (t) => {
  const project = new Project(t);
  project.write('cell.config.ts', CONFIG());
  project.write('shop.cell.ts', TEXT.replace('customer', 'custmer'));
  const wrong = await project.cell('build');
  t.is(wrong.code, 1);
  t.regex(wrong.err, /CELL4005: `role` wants one of "admin", "customer"/);
  t.regex(wrong.err, /shop\.cell\.ts:3:25/);
  t.regex(wrong.err, /\^~{8}\n {2}fix: did you mean "customer"\?/);
  project.write('cell.config.ts', CONFIG().replace("'customer'", "'custmer'"));
  t.is((await project.cell('build')).code, 0, 'settings are part of what a build depends on');
});

test('a token of a real issuer calls; auth=off is for this machine only', async (t) => {
  const login = await openLogin({ alice: ['customer'], bob: [] });
  t.teardown(() => login.close());
  const project = new Project(t);
  const issuer = { issuer: login.issuer, audience: SHOP, algorithms: ['EdDSA'] };
  const trust = `issuers: [${JSON.stringify({ ...issuer, rolesClaim: 'realm_access.roles' })}]`;
  project.write('cell.config.ts', CONFIG(trust));
  project.write('shop.cell.ts', TEXT);
  t.is((await project.cell('build')).code, 0);
  const { url } = await project.run('shop');
  const call = async (who: string, ...args: string[]) =>
    project.cell('call', 'shop', ...args, '--url', url, '--token', await login.token(who));
  t.is((await call('alice', 'buy', '7')).out.trim(), '7');
  t.is((await call('alice', 'basket', '"alice"')).out.trim(), '"alice"');
  const role = await call('bob', 'buy', '7');
  t.not(role.code, 0);
  t.regex(role.err, /PERMISSION_DENIED/);
  const owner = await call('bob', 'basket', '"alice"');
  t.not(owner.code, 0);
  t.regex(owner.err, /only its owner may do this/);

  const off = await project.cell('build', '--features', 'auth=off');
  t.is(off.code, 0, off.err);
  t.deepEqual(JSON.parse(project.read('.cell/out/shop.wasm.map')).cell.off, ['auth']);
  const outside = await project.cell('run', 'shop', '--host', '0.0.0.0', '--port', '0');
  t.is(outside.code, 1);
  t.regex(outside.err, /^error: .*auth=off.*loopback only, not with 0\.0\.0\.0/);
  t.notRegex(outside.err, /\n\s+at /, 'without a stack');
  fs.rmSync(`${project.folder}/cell.config.ts`);
  await project.run('shop');
  const anyone = await project.cell('call', 'shop', 'buy', '7');
  t.is(anyone.out.trim(), '7', anyone.err);
});
