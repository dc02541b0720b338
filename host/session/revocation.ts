// Owns which subjects are revoked and until when, in memory and in a file that outlives restarts.
// Never touches sessions: reception.ts marks them. `revoke` counts at once; its promise resolves
// when it would survive a power cut.
//
//   line:  until (unix ms, decimal) | space | subject, base64url | space | check, 8 hex digits | \n
//
// Appended and fsynced. A torn last line fails its check and is dropped when the file is opened,
// which also rewrites the file without what has lapsed (draft, fsync, rename, fsync of the folder).

import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TOKEN_SECONDS } from './token.ts';

/** Lines beyond the live ones that make the file worth rewriting. */
const SLACK_LINES = 4096;
/** Milliseconds after which no token accepted now is accepted any more: lifetime and tolerance. */
export const REVOKED_MS = (TOKEN_SECONDS + 300) * 1000;

const check = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8);

function line(subject: string, until: number): string {
  const body = `${until} ${Buffer.from(subject).toString('base64url')}`;
  return `${body} ${check(body)}\n`;
}

function parse(text: string): { subject: string; until: number } | null {
  const match = /^(\d{1,16}) ([\w-]+) ([0-9a-f]{8})$/.exec(text);
  if (!match || check(`${match[1]} ${match[2]}`) !== match[3]) return null;
  return { until: Number(match[1]), subject: Buffer.from(match[2], 'base64url').toString() };
}

export interface Revocations {
  /** True while `subject` is refused. */
  revoked(subject: string, nowMs?: number): boolean;
  /** Refuses `subject` until `untilMs`, default: until every token it can hold has expired. */
  revoke(subject: string, untilMs?: number): Promise<void>;
  /** Subjects that are refused now. */
  list(nowMs?: number): string[];
  close(): Promise<void>;
}

class RevocationFile implements Revocations {
  readonly file: string;
  readonly until: Map<string, number>;
  private handle: FileHandle | null = null;
  private lines = 0;
  /** File operations, one after the other. */
  private work: Promise<void> = Promise.resolve();

  constructor(file: string, until: Map<string, number>) {
    this.file = file;
    this.until = until;
  }

  revoked(subject: string, nowMs = Date.now()): boolean {
    const until = this.until.get(subject);
    return until !== undefined && until > nowMs;
  }

  list(nowMs = Date.now()): string[] {
    return [...this.until].filter(([, until]) => until > nowMs).map(([subject]) => subject);
  }

  revoke(subject: string, untilMs = Date.now() + REVOKED_MS): Promise<void> {
    const until = Math.max(Math.floor(untilMs), this.until.get(subject) ?? 0);
    this.until.set(subject, until);
    return this.inTurn(async () => {
      if (!this.handle) throw new Error('The revocations are closed.');
      if (this.lines > this.until.size + SLACK_LINES) return this.rewrite();
      try {
        await this.handle.appendFile(line(subject, until));
        await this.handle.sync();
        this.lines++;
      } catch (error) {
        this.lines = Number.MAX_SAFE_INTEGER; // a torn line would swallow the next: rewrite then
        throw error;
      }
    });
  }

  private inTurn(step: () => Promise<void>): Promise<void> {
    const done = this.work.then(step);
    this.work = done.catch(() => {});
    return done;
  }

  /** Writes what still holds to a new file and puts it in place of the old one. */
  async rewrite(): Promise<void> {
    const now = Date.now();
    for (const [subject, until] of this.until) if (until <= now) this.until.delete(subject);
    const draft = `${this.file}.${randomUUID()}`;
    const handle = await open(draft, 'ax', 0o600);
    try {
      await handle.appendFile([...this.until].map(([s, until]) => line(s, until)).join(''));
      await handle.sync();
      await rename(draft, this.file);
    } catch (error) {
      await handle.close();
      await rm(draft, { force: true });
      throw error;
    }
    await this.handle?.close();
    this.handle = handle;
    this.lines = this.until.size;
    const folder = await open(dirname(this.file), 'r');
    await folder.sync().finally(() => folder.close());
  }

  close(): Promise<void> {
    return this.inTurn(async () => {
      await this.handle?.close();
      this.handle = null;
    });
  }
}

function readLines(file: string): Map<string, number> {
  const until = new Map<string, number>();
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return until;
    throw error;
  }
  for (const entry of text.split('\n')) {
    const parsed = parse(entry);
    if (!parsed) continue;
    until.set(parsed.subject, Math.max(parsed.until, until.get(parsed.subject) ?? 0));
  }
  return until;
}

/** Opens the file (`.cell/run/revocations`), making it and its folder when they are missing. */
export async function openRevocations(file: string): Promise<Revocations> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const revocations = new RevocationFile(file, readLines(file));
  await revocations.rewrite();
  return revocations;
}
