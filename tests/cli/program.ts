// Owns a folder with the bin in it for tests: runs verbs as a user would, each in a process of its
// own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { ExecutionContext } from 'ava';

const ROOT = path.resolve(import.meta.dirname, '../..');
const BIN = path.join(ROOT, 'host/cli/cell.mjs');

export interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** A project in a folder of its own that is gone after the test. */
export class Project {
  readonly folder: string;
  private readonly hosts: ChildProcess[] = [];

  constructor(t: ExecutionContext<unknown>) {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-cli-'));
    fs.mkdirSync(path.join(this.folder, 'node_modules'));
    fs.symlinkSync(ROOT, path.join(this.folder, 'node_modules', 'cell'), 'junction');
    t.teardown(async () => {
      for (const host of this.hosts) await end(host, 'SIGKILL');
      fs.rmSync(this.folder, { recursive: true, force: true });
    });
  }

  write(name: string, text: string): string {
    const file = path.join(this.folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    return file;
  }

  read(name: string): string {
    return fs.readFileSync(path.join(this.folder, name), 'utf8');
  }

  private spawn(args: string[]): ChildProcess {
    const env = { ...process.env, NO_COLOR: '1', CELL_URL: '', CELL_TOKEN: '' };
    delete (env as Record<string, string | undefined>).FORCE_COLOR;
    return spawn(process.execPath, args, {
      cwd: this.folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Runs a program with this Node to its end. */
  async node(...args: string[]): Promise<Outcome> {
    const child = this.spawn(args);
    let out = '';
    let err = '';
    child.stdout?.on('data', (d) => {
      out += d;
    });
    child.stderr?.on('data', (d) => {
      err += d;
    });
    const [code] = await once(child, 'close');
    return { code: code ?? -1, out, err };
  }

  /** Runs one verb to its end. */
  cell(...args: string[]): Promise<Outcome> {
    return this.node(BIN, ...args);
  }

  /** Starts `cell run ... --json --port 0`; resolves with what it says when it is ready. */
  async run(
    ...args: string[]
  ): Promise<{ process: ChildProcess; url: string; port: number; lines: string[] }> {
    const child = this.spawn([BIN, 'run', ...args, '--port', '0', '--json']);
    this.hosts.push(child);
    const lines: string[] = [];
    let err = '';
    child.stderr?.on('data', (d) => {
      err += d;
    });
    const ready = new Promise<{ url: string; port: number }>((resolve, reject) => {
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
        lines.push(line);
        const event = JSON.parse(line) as { event: string; url: string; port: number };
        if (event.event === 'ready') resolve(event);
      });
      child.on('exit', (code) => reject(new Error(`cell run ended with ${code}: ${err}`)));
    });
    return { process: child, lines, ...(await ready) };
  }
}

/** Ends a process and waits for it; returns its exit code. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
  return child.exitCode;
}

/** The service of the tests. */
export const HELLO = `
class Greeting { text: string = ""; length: u32 = 0; note: string | null = null; }
class Left { left: u32 = 3; }

/** Greets. */
@service
class Hello {
  /** Says hello. */
  greet(name: string): string { return "Hello, " + name + "!"; }
  @Auth.public
  ping(n: u32): u32 { return n + 1; }
  @Auth.public
  title(name: string, title: string | null): string {
    return title === null ? name : title + " " + name;
  }
  @Auth.require({ role: "admin" })
  secret(): u64 { return 18446744073709551615; }
  ration(n: u32): u32 {
    if (n <= 3) return n;
    return fail<u32>(Status.FAILED_PRECONDITION, "no more", details<Left>(new Left()));
  }
  wrap(text: string): Greeting {
    if (text.length == 0) return fail<Greeting>(Status.NOT_FOUND, "nothing to wrap");
    const g = new Greeting();
    g.text = text;
    g.length = text.length;
    return g;
  }
}
`;

/** A service that needs a capability. */
export const SHELF = `
@service
class Shelf {
  size(name: string): i64 { return Blob.size(name); }
}
`;
