// What the SDK shows of calls, and what it keeps from build to build: type arguments, fields of the
// class that they name, locks and documents.
import test from 'ava';
import type { Plan } from '../../build/2-discover/protocol.ts';
import { compiled } from '../build/project.ts';
import { declaration, type InProcess, inProcess, request, site, use } from './in-process.ts';

const PROBE = `
@service
class Probe {
  @macro({ on: ["call"], args: [{ type: "string" }], rest: true, result: "T[]" })
  private typed(spot: Spot): void {
    spot.contribute("told", "types", spot.types.join("|"));
    spot.contribute("told", "members of " + spot.site.id.toString(),
      spot.site.members.length.toString());
  }

  @macro({ on: ["method"] })
  private know(spot: Spot): void {
    spot.contribute("told", "path", spot.path);
  }

  @macro.round
  private settle(planning: Planning): void {
    const typed = planning.spotsOf("typed");
    if (typed.length == 0) {
      if (planning.spots.length == 0) planning.effect("of nobody", "x");
      return;
    }
    const documents = planning.documents;
    const texts: string[] = [];
    for (let i = 0; i < documents.length; i++) {
      texts.push(documents[i].name + "=" + documents[i].text);
      planning.document(documents[i].name, documents[i].text);
    }
    typed[0].contribute("told", "kept", planning.service + " " + planning.lock + " "
      + texts.join() + " " + planning.destructive.toString());
    planning.keep(planning.lock + "more");
    planning.document("0002_b.sql", "first");
    planning.document("0002_b.sql", "last");
    planning.effect("of all", "p", "d", true);
  }
}`;

let probe: InProcess;
test.before(async () => {
  probe = await inProcess(await compiled(PROBE));
});

const told = (plan: Plan): Record<string, string> =>
  Object.fromEntries(plan.contributions.map((c) => [c.name, c.text]));

test('a call shows its type arguments; a round what is kept from build to build', async (t) => {
  const at = site([{ ...use('Probe.typed'), types: ['User', 'u32'] }], { kind: 'call' }, 7);
  const more = { service: 'accounts', lock: 'target a\n', destructive: true };
  const documents = [{ name: '0001_a.sql', text: 'create' }];
  const plan = await probe.plan(request([at], { ...more, documents }));
  t.is(told(plan).types, 'User|u32');
  t.is(told(plan).kept, 'accounts target a\n 0001_a.sql=create true');
  t.is(plan.lock, 'target a\nmore');
  t.deepEqual(plan.documents, [
    { name: '0001_a.sql', text: 'create' },
    { name: '0002_b.sql', text: 'last' },
  ]);
  t.deepEqual(plan.effects, [
    { key: 'of all', preview: 'p', data: 'd', destructive: true, site: 7, use: 0 },
  ]);
  const empty = await probe.plan(request([]));
  t.deepEqual([empty.lock, empty.documents, empty.effects], ['', [], []]);
});

test('the fields of a class are at every call that names it', async (t) => {
  const field = declaration({ kind: 'field', name: 'id', type: 'u32' });
  const call = (id: number, file: string, types: string[], members: number) => ({
    ...site([{ ...use('Probe.typed'), types }], { kind: 'call' }, id),
    file,
    members: Array.from({ length: members }, () => field),
  });
  const calls = [
    ...[call(1, 'a', ['User'], 2), call(2, 'a', ['Other'], 1), call(3, 'a', ['User'], 0)],
    ...[call(4, 'b', ['User'], 0), call(5, 'a', [], 0), call(6, 'a', ['Other', 'User'], 0)],
  ];
  const plan = await probe.plan(request(calls));
  const members = Object.entries(told(plan)).filter(([name]) => name.startsWith('members'));
  t.deepEqual(
    members.map(([name, text]) => [Number(name.slice(11)), Number(text)]),
    [
      [1, 2],
      [2, 1],
      [3, 2],
      [4, 0],
      [5, 0],
      [6, 1],
    ],
  );
});

test('a call in a function is named by it alone', async (t) => {
  const own = declaration({ kind: 'call', name: 'lookUp', uses: [use('Probe.know')] });
  const owner = declaration({ kind: '', name: '' });
  const plan = await probe.plan(
    request([{ id: 0, file: 'a', declaration: own, owner, members: [], body: '' }]),
  );
  t.is(told(plan).path, 'lookUp');
});
