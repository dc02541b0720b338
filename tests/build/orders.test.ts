// The order of decorators, and how they are laid out, changes nothing: all 120 orders of the five
// on one method make the same program. Every order is emitted and compared; some are compiled.
import path from 'node:path';
import test from 'ava';
import { sha256 } from '../../build/6-lock/files.ts';
import { Findings, printFinding } from '../../build/diagnostics/findings.ts';
import { emitFile } from '../../build/driver.ts';
import { ENTRY, folderWith } from './folder.ts';
import { compiled, STANDARD } from './project.ts';

const FIVE = [
  '@Telemetry.span',
  '@Auth.require({ role: "admin" })',
  '@RateLimit.throttle({ perSecond: 100, burst: 20 })',
  '@Cache.memoize({ ttl: "5m", tags: ["account:{id}"] })',
  '@Retry.onFailure({ max: 3, backoff: "50ms" })',
];

const service = (decorators: string): string => `class Account { id: u32 = 0; name: string = ""; }
@service
class Accounts {
  private rows: Map<u32, Account> = new Map();
  /** One. */
  ${decorators}
  get(id: u32): Account { return this.rows.get(id); }
  @Cache.invalidate({ tags: ["account:{id}"] })
  put(id: u32, name: string): void {
    const a = new Account(); a.id = id; a.name = name; this.rows.set(id, a);
  }
}
`;

function orders<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]];
  return list.flatMap((one, i) => {
    const rest = [...list.slice(0, i), ...list.slice(i + 1)];
    return orders(rest).map((more) => [one, ...more]);
  });
}

const ALL = orders(FIVE);

test.serial('120 orders: one program, one schema', async (t) => {
  t.is(ALL.length, 120);
  const seen = new Set<string>();
  for (const [i, order] of ALL.entries()) {
    const text = service(order.join(i % 2 === 0 ? '\n  ' : ' '));
    const files = folderWith({ [ENTRY]: text });
    const findings = new Findings();
    const made = await emitFile(path.join(files.folder, ENTRY), files.folder, STANDARD, findings);
    files.remove();
    if (!made?.emission) throw new Error(findings.sorted().map(printFinding).join('\n'));
    const { texts, service: described, functions } = made.emission;
    // asc sees no difference between one blank and many.
    const lines = [...texts].map(([at, { text }]) => `${at} ${text.replace(/\s+/g, ' ')}`);
    const known = [...functions].map(([name, { shown }]) => `${name} ${shown}`);
    const { schema, limits, actor } = described;
    seen.add(sha256(JSON.stringify([lines, known, schema, limits, actor])));
  }
  t.is(seen.size, 1);
});

test.serial('orders and layouts that are compiled: the same bytes', async (t) => {
  const some = [0, 119, 17, 64].map((i, n) => service(ALL[i].join(n % 2 === 0 ? ' ' : '\n\n  ')));
  const seen = new Set<string>();
  for (const text of some) seen.add(sha256((await compiled(text)).wasm));
  t.is(seen.size, 1);
});
