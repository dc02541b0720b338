// Requests that no build sends: whatever stands in them, `auth`, `ratelimit` and `cache` answer
// with a plan, and the next request is answered as if nothing had been. Seeded: CELL_SEED.
import test from 'ava';
import type { Literal } from '../../build/2-discover/protocol.ts';
import { Random } from '../kernel/random.ts';
import { Code, declaration, literal, request, site, use } from '../macros/in-process.ts';
import { standard } from './standard.ts';

const MACROS: Record<string, string[]> = {
  auth: ['Auth.require', 'Auth.protected', 'Auth.public', 'Auth.owner', 'Auth.policy'],
  ratelimit: ['RateLimit.throttle', 'RateLimit.perUser'],
  cache: ['Cache.memoize', 'Cache.cached', 'Cache.invalidate'],
};
const KEYS = ['role', 'anyRole', 'scope', 'or', 'roles', 'scopes', 'issuers', 'perSecond', 'burst'];
const MORE = ['ttl', 'swr', 'tags', 'shared', 'on', '__proto__', '', '0', 'a.b'];
const TEXTS = ['', 'admin', '5m', '99999999999999999999d', '{id}', '{', '}{', '{{id}}', 'id', '\0'];
const NUMBERS = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e308, -0, 2 ** 53];
const TYPES = [
  'u32',
  'string',
  'string | null',
  '',
  'Map<string, u32[]>',
  'f64',
  '| null',
  '\u{1f600}',
];
const ROUNDS = 400;

function value(random: Random, depth = 0): unknown {
  switch (random.below(depth > 3 ? 5 : 8)) {
    case 0:
      return null;
    case 1:
      return random.chance(2);
    case 2:
      return random.pick(NUMBERS);
    case 3:
      return random.pick(TEXTS);
    case 4:
      return random.chance(20) ? 'x'.repeat(random.below(20_000)) : new Code('a + b');
    case 5:
      return Array.from({ length: random.below(5) }, () => value(random, depth + 1));
    default: {
      const keys = Array.from({ length: random.below(5) }, () => random.pick([...KEYS, ...MORE]));
      return Object.fromEntries(keys.map((key) => [key, value(random, depth + 1)]));
    }
  }
}

/** Keys and items that do not go together: only a liar's encoder makes them. */
function torn(random: Random, whole: Literal): Literal {
  if (!random.chance(10)) return whole;
  return { ...whole, keys: [...whole.keys, 'role'], items: whole.items.slice(0, 1) };
}

for (const [cell, macros] of Object.entries(MACROS)) {
  test(`${cell} answers whatever it is asked`, async (t) => {
    const random = new Random();
    t.log(`CELL_SEED=${random.seed}`);
    const provider = await standard(cell);
    const params = () =>
      Array.from({ length: random.below(3) }, () => ({
        name: random.pick(['id', 'name', '', '{id}']),
        type: random.pick(TYPES),
      }));
    const uses = () =>
      Array.from({ length: 1 + random.below(3) }, () => {
        const one = use(
          random.pick(macros),
          ...Array.from({ length: random.below(3) }, () => value(random)),
        );
        return { ...one, args: one.args.map((arg) => torn(random, arg)) };
      });
    for (let round = 0; round < ROUNDS; round++) {
      const kind = random.pick(['method', 'class', 'field', '']);
      const members = Array.from({ length: random.below(4) }, () =>
        declaration({ name: random.pick(['one', 'two', '']), params: params(), uses: uses() }),
      );
      const sites = Array.from({ length: 1 + random.below(3) }, (_, id) => ({
        ...site(uses(), { kind, params: params(), type: random.pick(TYPES) }, id),
        members,
        owner: declaration({ kind: 'class', name: 'Accounts', uses: uses() }),
      }));
      const asked = request(sites, { settings: literal(value(random)), last: random.chance(2) });
      const answer = provider.raw('$plan', asked);
      t.true('value' in answer, `${JSON.stringify(answer)} for ${JSON.stringify(asked)}`);
    }
    const plan = await provider.planOf(macros[0], { role: 'a', perSecond: 1, ttl: '1s' });
    t.is(plan.complaints.length + plan.contributions.length, 1);
  });
}
