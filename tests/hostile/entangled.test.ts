// The canonical text of a stranger whose records refer to all records around them: written out from
// the inside it has a factorial length. The difference is found all the same, and said in short.
import test from 'ava';
import { differences } from '../../host/schema/compatible.ts';

const OURS = 'c.m((next:^1?))->void';
const LEVELS = 24;

/** Records nested in `next`, each with references to all that are around it. */
function nested(level: number): string {
  const back = (n: number): string =>
    Array.from({ length: n }, (_, k) => `,r${k}:^${k + 2}?`).join('');
  if (level === LEVELS) return `(next:[(q:u8${back(level)})]${back(level - 1)})`;
  return `(next:${nested(level + 1)}?${back(level - 1)})`;
}

test('a text of entangled records is judged by its difference, not by its size', (t) => {
  const found = differences(`c.m(${nested(1)})->void`, OURS);
  t.is(found.length, 1);
  t.regex(found[0], /field `next`: a large list became \(next:\^1\?\)\?$/);
});
