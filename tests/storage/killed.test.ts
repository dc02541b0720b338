// A host that is killed (SIGKILL) at random moments under load, again and again: what was answered
// is there, entries are whole, and so is what one call wrote to two fields.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Random } from '../kernel/random.ts';
import { answering } from '../std/standard.ts';
import { moduleOf } from './kept-service.ts';

const VICTIM = fileURLToPath(new URL('victim.ts', import.meta.url));
const KILLS = 20;

const SERVICE = `
class Entry { n: u32 = 0; twice: u32 = 0; text: string = ""; }
@service class Victim {
  @Storage.persist entries: Map<string, Entry> = new Map();
  @Storage.persist total: u64 = 0;
  bump(key: string): u32 {
    if (!this.entries.has(key)) this.entries.set(key, new Entry());
    const entry = this.entries.get(key);
    entry.n++;
    entry.twice = 2 * entry.n;
    entry.text = "x".repeat(entry.n % 300);
    this.total++;
    return entry.n;
  }
  all(): Map<string, Entry> { return this.entries; }
  sum(): u64 { return this.total; }
}`;

/** What one process said before it was killed. */
interface Life {
  stored: Record<string, [n: number, twice: number, letters: number]>;
  total: number;
  answered: Map<string, number>;
}

/** Starts a victim, kills it behind its `answers`-th answer, returns what it said. */
async function live(args: string[], answers: number): Promise<Life> {
  const child = spawn(process.execPath, ['--disable-wasm-trap-handler', VICTIM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const life: Life = { stored: {}, total: -1, answered: new Map() };
  let said = '';
  child.stderr.on('data', (data) => {
    said += data;
  });
  let heard = 0;
  const lines = readline.createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const [what, one, two] = line.split(' ');
    if (what === 'all') {
      life.stored = JSON.parse(one);
      life.total = Number(two);
      if (answers === 0) child.kill('SIGKILL');
    } else if (two === undefined && one !== undefined) {
      life.answered.set(what, Math.max(life.answered.get(what) ?? 0, Number(one)));
      if (++heard === answers) child.kill('SIGKILL');
    }
  });
  const [[, signal]] = await Promise.all([once(child, 'close'), once(lines, 'close')]);
  if (signal !== 'SIGKILL') throw new Error(`it ended by itself: ${said}`);
  return life;
}

test('killed again and again: every write that was answered is there', async (t) => {
  t.timeout(600_000, 'twenty processes are started, one after the other');
  const random = new Random();
  t.log(`CELL_SEED=${random.seed}`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-killed-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }));
  const wasm = path.join(folder, 'victim.wasm');
  fs.writeFileSync(wasm, await moduleOf(await answering({ Storage: 'storage' }), SERVICE));
  const args = [wasm, path.join(folder, 'kv', 'victim.sqlite')];
  const answered = new Map<string, number>();
  for (let kill = 0; kill <= KILLS; kill++) {
    const answers = kill === KILLS ? 0 : random.u32() % (kill % 4 === 0 ? 20 : 1500);
    const life = await live([...args, String(random.u32() >>> 1)], answers);
    let sum = 0;
    for (const [key, [n, twice, letters]] of Object.entries(life.stored)) {
      sum += n;
      t.is(twice, 2 * n, `${key} is whole`);
      t.is(letters, n % 300, `${key} is whole`);
    }
    t.is(life.total, sum, 'both fields of a call, or none');
    for (const [key, n] of answered) {
      t.true((life.stored[key]?.[0] ?? 0) >= n, `kill ${kill}: ${key} was answered ${n}`);
    }
    for (const [key, n] of life.answered) answered.set(key, n);
  }
  t.true(answered.size > 0);
});
