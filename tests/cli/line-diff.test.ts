// What differs between two texts, as `cell test-macro` shows it.
import test from 'ava';
import { lineDifference } from '../../host/cli/line-diff.ts';
import { Random, seedOf } from '../values/random.ts';

const text = (...lines: (string | number)[]): string => `${lines.join('\n')}\n`;
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

test('two changes far apart are two places, each with two lines around', (t) => {
  const was = upTo(20);
  const is = was.map((n) => (n === 5 ? 'five' : n === 15 ? 'fifteen' : n));
  t.deepEqual(lineDifference(text(...was), text(...is)), [
    { line: 5, lines: ['  3', '  4', '- 5', '+ five', '  6', '  7'] },
    { line: 15, lines: ['  13', '  14', '- 15', '+ fifteen', '  16', '  17'] },
  ]);
});

test('lines that come, go, or stand at an end', (t) => {
  t.deepEqual(lineDifference(text(1, 2), text(1, 2)), []);
  t.deepEqual(lineDifference(text(1, 2), text(1, 2, 3))[0].lines, ['  1', '  2', '+ 3']);
  t.deepEqual(lineDifference(text(1, 2), text(2))[0].lines, ['- 1', '  2']);
  t.deepEqual(lineDifference(text(1), text(2)), [{ line: 1, lines: ['- 1', '+ 2'] }]);
  t.deepEqual(lineDifference('', text('a'))[0].lines, ['- ', '+ a']);
  const near = lineDifference(text(1, 2, 3, 4, 5), text('a', 2, 3, 4, 'b'));
  t.deepEqual(near.length, 1);
  t.deepEqual(near[0].lines, ['- 1', '+ a', '  2', '  3', '  4', '- 5', '+ b']);
});

test('texts too long to compare line by line are told as a whole', (t) => {
  const many = (word: string): string => text(...upTo(1100).map((n) => `${word} ${n % 7}`));
  const [{ lines }, ...more] = lineDifference(many('a'), many('b'));
  t.deepEqual([lines.length, more.length], [2200, 0]);
});

test('1,000 random texts: what is shown makes one of the other (seeded)', (t) => {
  const random = new Random(seedOf((line) => t.log(line)));
  const some = (): string[] => Array.from({ length: random.below(12) }, () => `${random.below(4)}`);
  for (let round = 0; round < 1000; round++) {
    const [was, is] = [some(), some()];
    let made = [...was];
    let moved = 0;
    for (const { line, lines } of lineDifference(text(...was), text(...is))) {
      const old = lines.filter((one) => !one.startsWith('+')).map((one) => one.slice(2));
      const now = lines.filter((one) => !one.startsWith('-')).map((one) => one.slice(2));
      const before = lines.findIndex((one) => !one.startsWith(' '));
      const from = line - 1 - before + moved;
      if (was.length > 0) t.deepEqual(made.slice(from, from + old.length), old);
      made = [...made.slice(0, from), ...now, ...made.slice(from + old.length)];
      moved += now.length - old.length;
    }
    if (was.length > 0) t.is(made.join('\n'), is.join('\n'), `${was} -> ${is}`);
  }
});
