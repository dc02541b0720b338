// Owns `cell.flags.json`: read, checked, watched, and changed by the verb `flags`. A file that is
// wrong changes nothing: the last good flags stay in force and the error says what to mend.

import fs from 'node:fs';
import path from 'node:path';
import { checkFlags, type Flags, FlagsError } from './definition.ts';

/** Name of the file, in the folder that a host or a verb runs in. */
export const FLAGS_FILE = 'cell.flags.json';
/** Bytes of the file that are read. Threat: memory. */
export const FILE_BYTES = 4 << 20;
/** Milliseconds between looks at the file, beside change events, which some file systems lack. */
const LOOK_MS = 500;

/** The text of a flag file; null when there is none. Throws FlagsError when it is too large. */
export function readText(file: string): string | null {
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) return null;
  if (size > FILE_BYTES) {
    throw new FlagsError(`${path.basename(file)}: it has ${size} bytes, above ${FILE_BYTES}`);
  }
  return fs.readFileSync(file, 'utf8');
}

/** Changes whenever the file is written or replaced; '' when there is none. */
function stampOf(file: string): string {
  const stat = fs.statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}

/** Parses and checks the text of a flag file. Throws FlagsError. */
export function parseFlags(text: string, name = FLAGS_FILE): Flags {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FlagsError(`${name}${notJson(text, error as Error)}`);
  }
  return checkFlags(value, name);
}

/** ":3:12: it is not JSON: ...", in one line. */
function notJson(text: string, { message }: Error): string {
  // The engine names no place for some faults: it is behind the longest text that could go on.
  let [good, bad] = [0, text.length + 1];
  while (good + 1 < bad) {
    const middle = (good + bad) >> 1;
    if (goesOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  const before = text.slice(0, good).split('\n');
  const place = `${before.length}:${(before.at(-1) ?? '').length + 1}`;
  const [what] = message.split(/,? "|,? \.\.\.| in JSON/);
  return `:${place}: it is not JSON: ${what.replace(/\s+/g, ' ').slice(0, 80)}`;
}

/** True for the beginning of some JSON text. */
function goesOn(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const { message } = error as Error;
    const [, at] = /at position (\d+)/.exec(message) ?? [];
    return at === undefined ? /end of JSON/.test(message) : Number(at) >= text.length;
  }
}

/** The flags of a folder; none when it has no file. Throws FlagsError. */
export function loadFlags(folder: string): Flags {
  const text = readText(path.join(folder, FLAGS_FILE));
  return text === null ? Object.create(null) : parseFlags(text);
}

/** Writes a flag file in one step: a reader finds the old one or the new one, whole. */
export function saveFlags(folder: string, value: unknown): void {
  const file = path.join(folder, FLAGS_FILE);
  const draft = `${file}.${process.pid}.draft`;
  fs.writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`);
  fs.renameSync(draft, file);
}

/** What a watched file tells. `flags` comes once at the beginning and at every good change. */
export interface FlagEvents {
  flags(flags: Flags): void;
  /** The file is wrong: what was in force stays. */
  wrong(error: Error): void;
}

/** Watches the flag file of a folder. */
export class FlagFile {
  private readonly file: string;
  private readonly events: FlagEvents;
  private readonly timer: NodeJS.Timeout;
  private watcher: fs.FSWatcher | null = null;
  private stamp = '';
  private text: string | null = null;

  /** Reads at once. Throws FlagsError when the file is wrong from the beginning. */
  constructor(folder: string, events: FlagEvents) {
    this.file = path.join(folder, FLAGS_FILE);
    this.events = events;
    this.stamp = stampOf(this.file);
    this.text = readText(this.file);
    events.flags(this.text === null ? Object.create(null) : parseFlags(this.text));
    try {
      this.watcher = fs.watch(folder, (_kind, name) => {
        if (name === null || name === FLAGS_FILE) this.look();
      });
      this.watcher.on('error', () => this.watcher?.close()); // the timer goes on
      this.watcher.unref();
    } catch {
      this.watcher = null;
    }
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.timer.unref();
  }

  /** Looks at the file now; tells what is new. */
  look(): void {
    try {
      const stamp = stampOf(this.file);
      if (stamp === this.stamp) return;
      this.stamp = stamp;
      const text = readText(this.file);
      if (text === this.text) return;
      this.text = text;
      this.events.flags(text === null ? Object.create(null) : parseFlags(text));
    } catch (error) {
      this.events.wrong(error as Error);
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.watcher?.close();
  }
}
