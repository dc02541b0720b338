// Owns which of asc's passes run. Its list for -O3 names `simplify-globals-optimizing` eleven
// times, and each run optimizes again the functions that it touched. The first and the last do:
// hello and a small actor keep every byte, atlas loses 4 of 31,988, and the passes take a quarter
// less time.

/** What is used of asc's program inside a transform. */
interface Program {
  module: { runPasses(names: string[], func?: number): void };
}

const REPEATED = 'simplify-globals-optimizing';

/** The list without what stands between the first and the last run of the repeated pass. */
export function withoutRepeats(names: string[]): string[] {
  const first = names.indexOf(REPEATED);
  const last = names.lastIndexOf(REPEATED);
  return names.filter((name, i) => name !== REPEATED || i === first || i === last);
}

/** To be called from `afterParse` of a transform: asc's optimizer then runs the shorter list. */
export function withFewerPasses({ module }: Program): void {
  const run = module.runPasses.bind(module);
  module.runPasses = (names, func) => run(withoutRepeats(names), func);
}
