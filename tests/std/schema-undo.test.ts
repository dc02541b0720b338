// The migrations of tests/std/schemas on real databases: each is made, leaves what its model says,
// is taken back to what was there before, and made again.
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { onEngines } from '../database/engines.ts';
import { clean, Live } from './live-schemas.ts';
import type { Build, History } from './schemas.ts';

const FOLDER = fileURLToPath(new URL('schemas/', import.meta.url));
const ALL = ['change', 'circle', 'loses', 'rekeyed', 'renamed', 'types'];
/** By engine: the embedded one and the servers are one program. */
const CASES: Record<string, string[]> = { SQLite: ['sqlite'], PGlite: ['change'] };

const errors = ({ findings }: Build): string[] =>
  findings.filter(({ warning }) => warning !== true).map(({ message }) => message);

/** Builds once more: what the database would get, after a look for drift. */
async function due(t: ExecutionContext, history: History, source: string): Promise<string> {
  const built = await history.build(source, { keep: false });
  t.deepEqual(built.told, []);
  return built.plan?.effects[0].preview ?? '';
}

async function run(t: ExecutionContext, live: Live, name: string): Promise<void> {
  const history = await live.history();
  const folder = `${FOLDER}${name}/`;
  const files = fs.readdirSync(folder).filter((file) => file.endsWith('.cell.ts'));
  for (const file of files.sort()) {
    const source = fs.readFileSync(folder + file, 'utf8');
    const built = await history.build(source, { destructive: source.startsWith('// destr') });
    // What is refused is compared with expected.txt elsewhere.
    if (errors(built).length > 0) continue;
    const effects = built.plan?.effects ?? [];
    t.not(effects[0].preview, '', file);
    await live.apply('prepare', effects);
    await live.apply('commit', effects);
    t.is(await due(t, history, source), '', file);
    if (effects[0].destructive) {
      const refused = live.apply('rollback', effects);
      const { message } = (await t.throwsAsync(refused)) ?? { message: '' };
      t.regex(message, /has lost rows, and cannot be taken back/, file);
      continue;
    }
    await live.apply('rollback', effects);
    t.is(await due(t, history, source), effects[0].preview, file);
    await live.apply('prepare', effects);
    await live.apply('commit', effects);
    t.is(await due(t, history, source), '', file);
  }
}

onEngines(test, ['postgres', 'sqlite'], (name, engine) => {
  for (const one of CASES[name] ?? ALL) {
    test.serial(`${name}: ${one}`, async (t) => {
      const live = await Live.open(engine());
      t.teardown(() => live.close());
      await clean(engine());
      await run(t, live, one);
    });
  }
});
