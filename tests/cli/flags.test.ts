// The verb `flags`, as a user types it; and the claims and traces of the verb `call`.
import test from 'ava';
import { loadFlags } from '../../host/flags/file.ts';
import { receiver } from '../telemetry/receiver.ts';
import { HELLO, Project } from './program.ts';

test('flags: set for all, for some, for a share; list; remove', async (t) => {
  const project = new Project(t);
  const flags = (...args: string[]) => project.cell('flags', ...args);
  const file = () => JSON.parse(project.read('cell.flags.json')).flags;
  t.regex((await flags()).out, /no flags here; begin with: cell flags set/);
  const made = await flags('set', 'new-pricing', 'off');
  t.is(made.out, 'new-pricing: false for everybody\nhosts started here will use it\n', made.err);
  t.deepEqual(file(), { 'new-pricing': false });
  await flags('set', 'new-pricing', 'true', '--percent', '25');
  await flags('set', 'new-pricing', 'on', '--role', 'staff', '--subject', 'zoe');
  t.deepEqual(file()['new-pricing'], {
    default: false,
    rules: [{ subjects: ['zoe'], roles: ['staff'], give: true }, { percent: 25 }],
  });
  const look = await flags('set', 'look', 'bold', '--variants', 'control, bold', '--json');
  t.deepEqual(JSON.parse(look.out).flag.default, 'bold');
  const list = await flags('list', '--subject', 'zoe');
  t.regex(
    list.out,
    /new-pricing +true \(TARGETING_MATCH\) +false +subjects zoe or roles staff: true/,
  );
  t.regex(list.out, /look +bold \(STATIC\) +bold +- +control, bold/);
  const told = JSON.parse((await flags('list', '--json', '--subject', 'nobody')).out).flags;
  t.is(told[0].is.reason, 'SPLIT');
  const off = await flags('set', 'new-pricing', 'false');
  t.regex(off.out, /^dropped: subjects zoe or roles staff: true; true 25 %\n/);
  t.is(loadFlags(project.folder)['new-pricing'].default, false);
  t.is((await flags('remove', 'look')).code, 0);
  t.deepEqual(Object.keys(file()), ['new-pricing']);
});

test('flags: a new flag for some leaves the others as they were', async (t) => {
  const project = new Project(t);
  const set = ['set', 'checkout', 'bold', '--variants', 'control,bold', '--subject', 'alice'];
  const made = await project.cell('flags', ...set);
  t.regex(made.out, /^checkout: subjects alice: bold; else control\n/, made.err);
  t.is(loadFlags(project.folder).checkout.default, 'control');
});

test('flags: every verb has examples in its help', async (t) => {
  const project = new Project(t);
  for (const verb of ['list', 'set', 'remove']) {
    const { out, code } = await project.cell('flags', verb, '--help');
    t.is(code, 0);
    t.regex(out, new RegExp(`\n\nExamples:\n  \\$ cell flags ${verb}`));
  }
});

test('flags: a reason that was written down is kept', async (t) => {
  const project = new Project(t);
  const text = JSON.stringify({ flags: { f: { default: false, doc: 'why' } } });
  project.write('cell.flags.json', text);
  t.is((await project.cell('flags', 'set', 'f', 'true')).code, 0);
  t.deepEqual(JSON.parse(project.read('cell.flags.json')).flags.f, { doc: 'why', default: true });
});

test('flags: what is wrong is said, and nothing is written', async (t) => {
  const project = new Project(t);
  const text = '{"flags":{"look":{"variants":["control","bold"],"default":"bold"},"f":true}}';
  project.write('cell.flags.json', text);
  const cases: [string[], number, RegExp][] = [
    [['set', 'look', 'blod'], 1, /no variant `blod`\nfix: did you mean `bold`\?/],
    [['set', 'f', 'bold'], 1, /`f` is true or false, not `bold`/],
    [['set', 'lok', 'bold'], 1, /no flag `lok`\nfix: did you mean `look`\?/],
    [['set', 'new', 'x'], 1, /--variants control,x/],
    [['set', 'a b', 'true'], 1, /`a b` is not a name/],
    [['set', 'look', 'bold', '--percent', '5'], 1, /--percent is the share that gets true/],
    [['set', 'f', 'true', '--percent', '101'], 2, /from 0 to 100/],
    [['set', 'f', 'true', '--percent', 'x'], 2, /from 0 to 100/],
    [['set', 'f'], 2, /missing required argument 'value'/],
    [['remove', 'g'], 1, /no flag `g`/],
    [['toggle'], 2, /no verb 'toggle'; list, set or remove/],
    [['lsit'], 2, /no verb 'lsit'; did you mean list\?/],
  ];
  for (const [args, code, message] of cases) {
    const { code: ended, err } = await project.cell('flags', ...args);
    t.is(ended, code, args.join(' '));
    t.regex(err, message, args.join(' '));
    t.is(project.read('cell.flags.json'), text, args.join(' '));
  }
  project.write('cell.flags.json', '{\n  "flags": {\n    "f": tru\n  }\n}\n');
  const torn = await project.cell('flags');
  t.regex(torn.err, /cell\.flags\.json:3:13: it is not JSON: [^\n]+\n/);
  project.write('cell.flags.json', '{"flags":{"f":7}}');
  const broken = await project.cell('flags');
  t.is(broken.code, 1);
  t.regex(broken.err, /cell\.flags\.json\.flags\.f: expected an object, got 7/);
});

test('call: a trace that begins here or goes on, and claims', async (t) => {
  const project = new Project(t);
  project.write('hello.cell.ts', HELLO);
  const got = await receiver(t);
  project.write(
    'cell.config.ts',
    `export default { cells: { telemetry: { otlp: '${got.base}' } } };`,
  );
  await project.run('hello.cell.ts', '--lanes', '0');
  const call = (...more: string[]) => project.cell('call', 'hello', 'ping', '1', ...more);
  const traced = await call('--trace');
  t.is(traced.out, '2\n', traced.err);
  t.regex(traced.err, /^trace: [0-9a-f]{32}\n$/);
  const given = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  t.deepEqual(await call('--trace', given, '--claim', 'plan=gold'), {
    ...{ code: 0, out: '2\n', err: '' },
  });
  const wrong = await call('--trace', '00-nonsense');
  t.is(wrong.code, 1);
  t.regex(wrong.err, /--trace 00-nonsense is no traceparent\nfix: 00-<32 hex digits>/);
  t.regex((await call('--claim', 'plan')).err, /--claim plan has no value\nfix: --claim plan=gold/);
});
