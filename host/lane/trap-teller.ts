// Owns what is told of a trap: the message for the caller, and the line for the log with the frames
// of the user's own file. Reading a stack and its source map costs 50 us and more, so a guest that
// traps without end is told of in full only some times a second; the others are counted.
import fs from 'node:fs';
import type { Instance } from '../cell/instance.ts';
import { type TrapFrame, traceTrap } from '../cell/trace.ts';
import { trapText } from '../cell/trap.ts';
import type { LogLine } from './lane.ts';
import type { CellPart } from './part.ts';
import { printable } from './printable.ts';

/** Traps a second that are traced and logged in one lane. Threat: time and log space. */
const TOLD_PER_SECOND = 10;

/** Bytes of a source map that is read. Threat: memory, on a trap. */
const MAP_BYTES = 16 << 20;

/** File of the entry that the build generates. */
const ENTRY = '__cell.ts';

function line({ function: name, file, line, column }: TrapFrame): string {
  return `\n  at ${name} (${file}:${line}:${column})`;
}

/** The cell's own frames: what lies under its generated entry is membrane and kernel, whose
 *  places this map does not know. */
function own(frames: TrapFrame[]): TrapFrame[] {
  const entry = frames.findIndex((f) => f.file === ENTRY);
  const inner = entry < 0 ? frames : frames.slice(0, entry);
  return inner.filter((f) => f.file !== null);
}

/** Turns traps into words, at a bounded cost. */
export class TrapTeller {
  private readonly log: (line: LogLine) => void;
  private second = 0;
  private told = 0;
  private untold = 0;
  private readonly maps = new Map<string, string | undefined>();

  constructor(log: (line: LogLine) => void) {
    this.log = log;
  }

  /** The message for the caller; logs it with its frames when the second's share is not used up. */
  tell(part: CellPart, method: string, instance: Instance | null, error: unknown): string {
    const text = instance?.explain(error, method) ?? trapText(error, method);
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
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    const { frames } = traceTrap(cause, this.mapOf(part));
    const where = own(frames).map(line).join('');
    const more = this.untold > 0 ? `\n  (${this.untold} more before it were not logged)` : '';
    this.untold = 0;
    const told = printable(`${method}: ${text}${where}${more}`);
    this.log({ level: 'error', cell: part.name, text: told });
    return text;
  }

  /** Text of a cell's source map, read when its first trap is told; undefined without one. */
  private mapOf({ map }: CellPart): string | undefined {
    if (map === undefined || this.maps.has(map)) return this.maps.get(map ?? '');
    let text: string | undefined;
    try {
      if (fs.statSync(map).size <= MAP_BYTES) text = fs.readFileSync(map, 'utf8');
    } catch {
      text = undefined;
    }
    this.maps.set(map, text);
    return text;
  }
}
