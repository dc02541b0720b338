// Owns a conversation with a real tsserver (TypeScript 6), as plain VS Code has it: one process,
// one JSON message a line, files opened with the text in the editor.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';

const { resolve } = createRequire(import.meta.url);
const TSSERVER = path.join(path.dirname(resolve('typescript6/package.json')), 'lib/tsserver.js');

interface Response {
  request_seq: number;
  success: boolean;
  message?: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies differ by command
  body?: any;
}

/** What is wrong in a file, as an editor underlines it. */
export interface Underlined {
  line: number;
  /** Text from the first to the last underlined character. */
  text: string;
  message: string;
}

export class Editor {
  readonly #cwd: string;
  readonly #server: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (response: Response) => void>();
  readonly #texts = new Map<string, string>();
  #seq = 0;

  constructor(cwd: string) {
    this.#cwd = cwd;
    const args = [TSSERVER, '--disableAutomaticTypingAcquisition'];
    this.#server = spawn(process.execPath, args, { cwd });
    createInterface({ input: this.#server.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) return;
      const message = JSON.parse(line) as Response & { type: string };
      if (message.type !== 'response') return;
      this.#waiting.get(message.request_seq)?.(message);
      this.#waiting.delete(message.request_seq);
    });
  }

  close(): void {
    this.#server.stdin.end();
    this.#server.kill();
  }

  /** Opens a file of the project with `text` in it, or gives an open one that text. */
  open(name: string, text: string): void {
    if (this.#texts.has(name)) this.#send('close', { file: this.#path(name) });
    this.#texts.set(name, text);
    this.#send('open', { file: this.#path(name), fileContent: text });
  }

  /** What is offered behind the first `needle`, or `add` characters into it. */
  async completions(name: string, needle: string, add = needle.length): Promise<string[]> {
    const body = await this.#ask('completionInfo', this.#at(name, needle, add));
    return (body?.entries ?? []).map((e: { name: string }) => e.name);
  }

  /** What hovering `add` characters into the first `needle` shows. */
  async hover(name: string, needle: string, add: number): Promise<{ type: string; doc: string }> {
    const body = await this.#ask('quickinfo', this.#at(name, needle, add));
    const tags = (body?.tags ?? []) as { name: string; text: string }[];
    const parts = [body?.documentation ?? '', ...tags.map((t) => `@${t.name} ${t.text}`)];
    return { type: body?.displayString ?? '', doc: parts.join('\n') };
  }

  /** Everything that is underlined as an error, syntax first. */
  async errors(name: string): Promise<Underlined[]> {
    const file = this.#path(name);
    const lines = (this.#texts.get(name) ?? '').split('\n');
    const all: Underlined[] = [];
    for (const command of ['syntacticDiagnosticsSync', 'semanticDiagnosticsSync']) {
      for (const d of await this.#ask(command, { file })) {
        const line = lines[d.start.line - 1] ?? '';
        const end = d.end.line === d.start.line ? d.end.offset - 1 : line.length;
        all.push({
          line: d.start.line,
          text: line.slice(d.start.offset - 1, end),
          message: d.text,
        });
      }
    }
    return all;
  }

  /** The project settings that hold for a file: path of the tsconfig. */
  async project(name: string): Promise<string> {
    const body = await this.#ask('projectInfo', {
      file: this.#path(name),
      needFileNameList: false,
    });
    return body.configFileName;
  }

  #path(name: string): string {
    return path.join(this.#cwd, name);
  }

  #at(name: string, needle: string, add: number) {
    const text = this.#texts.get(name) ?? '';
    const index = text.indexOf(needle);
    if (index < 0) throw new Error(`${name} has no ${needle}`);
    const before = text.slice(0, index + add).split('\n');
    const offset = (before.at(-1) ?? '').length + 1;
    return { file: this.#path(name), line: before.length, offset };
  }

  #send(command: string, args: object): number {
    this.#seq++;
    const message = { seq: this.#seq, type: 'request', command, arguments: args };
    this.#server.stdin.write(`${JSON.stringify(message)}\n`);
    return this.#seq;
  }

  async #ask(command: string, args: object): Promise<Response['body']> {
    const seq = this.#send(command, args);
    const response = await new Promise<Response>((done) => this.#waiting.set(seq, done));
    if (!response.success && response.message !== 'No content available.') {
      throw new Error(`${command}: ${response.message}`);
    }
    return response.body;
  }
}
