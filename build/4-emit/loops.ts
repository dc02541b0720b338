// Owns the texts of catching wraps that name nothing of the method that they surround, such as a
// retry's loop: each is one function of the entry, whatever the number of methods. Over 100 methods
// that saves asc half of the time.
//
//   function L(task, run) { text: $attempt -> settle(task, attempt(run, task)) }
import type { Placed } from '../3-negotiate/contract.ts';
import type { GeneratedFunctions, GeneratedNames } from './generated-names.ts';
import { indented, type LayerPlace } from './layers.ts';
import { renamed } from './names-in-text.ts';
import { originOf } from './origin.ts';

export class Loops {
  readonly #names: GeneratedNames;
  readonly #functions: GeneratedFunctions;
  readonly #known = new Map<string, string>();

  constructor(names: GeneratedNames, functions: GeneratedFunctions) {
    this.#names = names;
    this.#functions = functions;
  }

  /** Name of the function in the entry; `entry` is where it is written when it is new. */
  of(one: Placed, entry: LayerPlace): string {
    const key = `${one.macro}\0${one.text}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const origin = originOf(one);
    const name = this.#names.make(one.macro);
    this.#known.set(key, name);
    const [task, run] = [this.#names.local('task'), this.#names.local('run')];
    const layer = (word: string): string => entry.sdk(word, 'layer');
    const words: Record<string, () => string> = {
      $attempt: () => `${layer('settle')}(${task}, ${layer('attempt')}(${run}, ${task}))`,
      $fail: () => `${layer('passOn')}(${task})`,
    };
    const text = renamed(one.text, (word) => {
      if (Object.hasOwn(words, word)) return words[word]();
      const file = entry.declares(one.text).has(word) ? undefined : entry.fileOf(word);
      return file === undefined ? undefined : entry.sdk(word, file);
    });
    const lines = [
      `export function ${name}(${task}: usize, ${run}: u32): void {`,
      indented(text, 2),
      '}',
    ];
    entry.append(lines.join('\n'), origin, true);
    const shown = origin.macro;
    this.#functions.set(`${entry.module}/${name}`, { origin, shown, shared: true });
    return name;
  }
}
