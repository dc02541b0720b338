// Owns what is told of a trap: the message for the caller, and the line for the log with the frames of the
// user's own file. Reading a stack and its source map costs 50 us and more, so a guest that traps without
// end is told of in full only some times a second; the others are counted.
import type { Instance } from '../cell/instance.ts';
import { trapText } from '../cell/trap.ts';
import type { LogLine } from './lane.ts';
import type { CellPart } from './part.ts';

/** Traps a second that are traced and logged in one lane. Threat: time and log space. */
const TOLD_PER_SECOND = 10;

/** Turns traps into words, at a bounded cost. */
export class TrapTeller {
  private readonly log: (line: LogLine) => void;
  private second = 0;
  private told = 0;
  private untold = 0;

  constructor(log: (line: LogLine) => void) {
    this.log = log;
  }

  /** The message for the caller; logs it with its frames when the second's share is not used up. */
  tell(part: CellPart, method: string, instance: Instance | null, error: unknown): string {
    const text = instance?.explain(error) ?? trapText(error);
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.second) {
      this.second = second;
      this.told = 0;
    }
    if (this.told >= TOLD_PER_SECOND) {
      this.untold++;
      return text;
    }
    this.told++;
    const where = '';
    const more = this.untold > 0 ? `\n  (${this.untold} more before it were not logged)` : '';
    this.untold = 0;
    this.log({ level: 'error', cell: part.name, text: `${method}: ${text}${where}${more}` });
    return text;
  }
}
