// The names in a macro's text: found wherever code is, and nowhere else.
import test from 'ava';
import { namesIn, renamed } from '../../build/4-emit/names-in-text.ts';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: AssemblyScript in texts
const CASES: [string, string][] = [
  ['a + b', '<a> + <b>'],
  ['a.b.c', '<a>.b.c'],
  ['a . b', '<a> . b'],
  ['f(a)[b]', '<f>(<a>)[<b>]'],
  ['"a b" + \'a\' + a', '"a b" + \'a\' + <a>'],
  ['"\\"a" + a', '"\\"a" + <a>'],
  ['a // a\n+ b', '<a> // a\n+ <b>'],
  ['a /* b */ + /* \n a */ b', '<a> /* b */ + /* \n a */ <b>'],
  ['0xab + 1e5 + 12u + a1', '0xab + 1e5 + 12u + <a1>'],
  ['`a ${b} c ${`d ${e.f}`} g` + h', '`a ${<b>} c ${`d ${<e>.f}`} g` + <h>'],
  ['`\\${a} $a` + a', '`\\${a} $a` + <a>'],
  ['`${ { x } }`', '`${ { <x> } }`'],
  ['{ a } }', '{ <a> } }'],
  ['$proceed; $a_1', '<$proceed>; <$a_1>'],
  ['überall', '<überall>'],
  ['`open a', '`open a'],
  ['"open a', '"<open> <a>'],
  ['', ''],
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

test('each name and nothing else', (t) => {
  for (const [text, expected] of CASES) {
    t.is(
      renamed(text, (name) => `<${name}>`),
      expected,
      text,
    );
    const names = [...expected.matchAll(/<([^<>]+)>/g)].map((m) => m[1]);
    t.deepEqual([...namesIn(text)], [...new Set(names)], text);
    t.is(
      renamed(text, () => undefined),
      text,
    );
  }
});
