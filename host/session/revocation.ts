// Owns which subjects are revoked and until when, in memory and in a file that outlives restarts.
// Never touches sessions: reception.ts marks them. `revoke` counts at once; its promise resolves
// when it would survive a power cut.
//
//   line:  at | space | until | space | subject, base64url | space | check, 8 hex digits | \n
//   lift:  at | space | until | space | subject, base64url | space | lift | space | check | \n
//
// `at` and `until` are unix ms. Until `until` the subject is refused whatever token it has; after
// it, tokens issued up to `at` still are, for as long as any can live: an old token never comes
// back. A lift takes back every revocation up to its `at`, wherever in the file that stands; it
// is kept until its `until`, when what it took back would have lapsed. Appended and fsynced. A torn
// last line fails its check and is dropped when the file is opened, which also rewrites the file
// without what has lapsed (draft, fsync, rename, fsync of the folder).

import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TOKEN_SECONDS } from './token.ts';

/** Lines beyond the live ones that make the file worth rewriting. */
const SLACK_LINES = 4096;
/** Seconds that an issuer's clock may be ahead of ours: the largest tolerance in cell.config.ts. */
const SKEW_SECONDS = 300;
/** Milliseconds after which no token accepted now is accepted any more: lifetime and tolerance. */
export const REVOKED_MS = (TOKEN_SECONDS + SKEW_SECONDS) * 1000;

interface Entry {
  at: number;
  until: number;
}

const check = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8);

function line(subject: string, { at, until }: Entry, lift = false): string {
  const body = `${at} ${until} ${Buffer.from(subject).toString('base64url')}${lift ? ' lift' : ''}`;
  return `${body} ${check(body)}\n`;
}

function parse(text: string): (Entry & { subject: string; lift: boolean }) | null {
  const match = /^((\d{1,16}) (\d{1,16}) ([\w-]+)( lift)?) ([0-9a-f]{8})$/.exec(text);
  if (!match || check(match[1]) !== match[6]) return null;
  const subject = Buffer.from(match[4], 'base64url').toString();
  const lift = match[5] !== undefined;
  return { at: Number(match[2]), until: Number(match[3]), subject, lift };
}

const lasts = ({ at, until }: Entry): number => Math.max(until, at + REVOKED_MS);

/** The two together: a later revocation never shortens an earlier one. */
function join(a: Entry | undefined, b: Entry): Entry {
  if (!a) return b;
  return { at: Math.max(a.at, b.at), until: Math.max(a.until, b.until) };
}

export interface Revocations {
  /** True while `subject` is refused with a token issued at `issuedMs` (0: it does not say). */
  revoked(subject: string, issuedMs: number, nowMs?: number): boolean;
  /**
   * Refuses the tokens that `subject` has, for as long as they live, and every token until
   * `untilMs` (unix ms). Default: as long as one that it has now could live.
   */
  revoke(subject: string, untilMs?: number): Promise<void>;
  /** Takes back what was revoked of `subject` up to now; its tokens are taken again. */
  lift(subject: string): Promise<void>;
  /** Subjects that are refused now, whatever token they have. */
  list(nowMs?: number): string[];
  close(): Promise<void>;
}

class RevocationFile implements Revocations {
  readonly file: string;
  private readonly entries = new Map<string, Entry>();
  private readonly lifts = new Map<string, Entry>();
  private readonly slackLines: number;
  private handle: FileHandle | null = null;
  private lines = 0;
  /** File operations, one after the other. */
  private work: Promise<void> = Promise.resolve();

  constructor(file: string, slackLines: number) {
    this.file = file;
    this.slackLines = slackLines;
  }

  revoked(subject: string, issuedMs: number, nowMs = Date.now()): boolean {
    const entry = this.entries.get(subject);
    if (!entry) return false;
    if (entry.until > nowMs) return true;
    return issuedMs <= entry.at + SKEW_SECONDS * 1000 && entry.at + REVOKED_MS > nowMs;
  }

  list(nowMs = Date.now()): string[] {
    return [...this.entries].filter(([, { until }]) => until > nowMs).map(([subject]) => subject);
  }

  revoke(subject: string, untilMs = Date.now() + REVOKED_MS): Promise<void> {
    // After a lift of the same millisecond, too.
    const at = Math.max(Date.now(), (this.lifts.get(subject)?.at ?? 0) + 1);
    const entry = join(this.entries.get(subject), { at, until: Math.max(0, Math.floor(untilMs)) });
    this.entries.set(subject, entry);
    return this.inTurn(() => this.append(line(subject, entry)));
  }

  lift(subject: string): Promise<void> {
    const entry = this.entries.get(subject);
    const at = Math.max(Date.now(), entry?.at ?? 0);
    const lift = join(this.lifts.get(subject), { at, until: entry ? lasts(entry) : 0 });
    this.entries.delete(subject);
    this.lifts.set(subject, lift);
    return this.inTurn(() => this.append(line(subject, lift, true)));
  }

  private async append(text: string): Promise<void> {
    if (!this.handle) throw new Error('The revocations are closed.');
    const grown = this.lines > this.entries.size + this.lifts.size + this.slackLines;
    if (grown || !(await this.ours(this.handle))) return this.rewrite();
    try {
      await this.handle.appendFile(text);
      await this.handle.sync();
      this.lines++;
    } catch (error) {
      this.lines = Number.MAX_SAFE_INTEGER; // a torn line would swallow the next: rewrite then
      throw error;
    }
  }

  /** False when another host of this folder has put its own file in place of ours. */
  private async ours(handle: FileHandle): Promise<boolean> {
    const there = await stat(this.file).catch(() => null);
    return there !== null && there.ino === (await handle.stat()).ino;
  }

  private inTurn(step: () => Promise<void>): Promise<void> {
    const done = this.work.then(step);
    this.work = done.catch(() => {});
    return done;
  }

  /** Writes what still holds to a new file and puts it in place of the old one. */
  async rewrite(): Promise<void> {
    this.merge();
    const now = Date.now();
    for (const kept of [this.entries, this.lifts]) {
      for (const [subject, entry] of kept) if (lasts(entry) <= now) kept.delete(subject);
    }
    const revoked = [...this.entries].map(([subject, entry]) => line(subject, entry));
    const lifted = [...this.lifts].map(([subject, lift]) => line(subject, lift, true));
    const draft = `${this.file}.${randomUUID()}`;
    const handle = await open(draft, 'ax', 0o600);
    try {
      await handle.appendFile([...revoked, ...lifted].join(''));
      await handle.sync();
      await rename(draft, this.file);
    } catch (error) {
      await handle.close();
      await rm(draft, { force: true });
      throw error;
    }
    await this.handle?.close();
    this.handle = handle;
    this.lines = revoked.length + lifted.length;
    const folder = await open(dirname(this.file), 'r');
    await folder.sync().finally(() => folder.close());
  }

  /** Takes in what the file says: lifts first, since they count wherever they stand. */
  private merge(): void {
    const lines = readLines(this.file);
    for (const { subject, lift, ...said } of lines) {
      if (lift) this.lifts.set(subject, join(this.lifts.get(subject), said));
    }
    const held = (subject: string, { at }: Entry) => at > (this.lifts.get(subject)?.at ?? -1);
    for (const [subject, entry] of this.entries) {
      if (!held(subject, entry)) this.entries.delete(subject);
    }
    for (const { subject, lift, ...said } of lines) {
      if (lift || !held(subject, said)) continue;
      this.entries.set(subject, join(this.entries.get(subject), said));
    }
  }

  close(): Promise<void> {
    return this.inTurn(async () => {
      await this.handle?.close();
      this.handle = null;
    });
  }
}

function readLines(file: string): NonNullable<ReturnType<typeof parse>>[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((found) => parse(found) ?? []);
}

/**
 * Opens the file (`.cell/run/revoked`), making it and its folder when they are missing. Rejects
 * when it cannot be read or written.
 * @param slackLines lines beyond the live ones after which the file is rewritten
 */
export async function openRevocations(
  file: string,
  slackLines: number = SLACK_LINES,
): Promise<Revocations> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const revocations = new RevocationFile(file, slackLines);
  await revocations.rewrite();
  return revocations;
}
