// Owns the finding of questions that wait for each other. Two cells that ask each other different
// things agree in the next round; what never ends is a question whose answer waits for a question
// whose answer waits for the first.
import type { Ask } from '../2-discover/protocol.ts';

/** A question without an answer. */
export interface Question extends Ask {
  /** The cell that asks. */
  asker: string;
}

/**
 * Cycles of open questions, each once, the shortest from where it begins; first by name of cell.
 * A question leads to every open question of the cell that it asks, those about the same thing if
 * there are any: that is all that can be seen of why there is no answer.
 */
export function cyclesOf(open: Question[]): Question[][] {
  const sorted = [...open].sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
  const cycles: Question[][] = [];
  const told = new Set<Question>();
  for (const start of sorted) {
    if (told.has(start)) continue;
    const cycle = shortest(start, sorted);
    if (cycle === null || cycle.some((question) => told.has(question))) continue;
    for (const question of cycle) told.add(question);
    cycles.push(cycle);
  }
  return cycles;
}

const textOf = ({ asker, cell, about, key, site, use }: Question): string =>
  [asker, cell, about, key, site, use].join('\0');

function next(question: Question, open: Question[]): Question[] {
  const asked = open.filter((other) => other.asker === question.cell);
  const same = asked.filter((other) => other.about === question.about);
  return same.length > 0 ? same : asked;
}

/** The shortest way from a question back to itself; null when there is none. */
function shortest(start: Question, open: Question[]): Question[] | null {
  const from = new Map<Question, Question>();
  const queue = [start];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const step of next(at, open)) {
      if (step === start) return wayTo(at, start, from);
      if (from.has(step)) continue;
      from.set(step, at);
      queue.push(step);
    }
  }
  return null;
}

function wayTo(end: Question, start: Question, from: Map<Question, Question>): Question[] {
  const way = [end];
  for (let at = end; at !== start; ) {
    at = from.get(at) as Question;
    way.unshift(at);
  }
  return way;
}
