// Owns the command line: which verbs there are, their flags, help and exit codes. Each verb's work
// is in its own file, imported when it is asked for: `cell build` must not pay for what `cell run`
// loads. Exit codes: 0 done, 1 the work failed (the message says why), 2 the command line was
// wrong.

import fs from 'node:fs';
import { Command, CommanderError, InvalidArgumentError } from 'commander';

const { version } = JSON.parse(
  fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** A whole number of at least `least`, for commander. */
function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** Adds an `Examples:` section to a verb's help. */
function examples(command: Command, ...lines: string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((l) => `  $ ${l}`).join('\n')}`);
}

const collect = (value: string, all: string[]): string[] => [...all, value];

function addBuild(program: Command, done: (code: number) => void): void {
  const command = program
    .command('build')
    .description('Compile service classes (*.cell.ts) to sandboxed modules with typed clients.')
    .argument('[files...]', 'files to build; all *.cell.ts below this folder when none is named')
    .option('--locked', 'fail where the build would change a lock in .cell/lock (for CI)')
    .option('--json', 'print one JSON object instead of text')
    .action(async (files: string[], options: { json?: boolean; locked?: boolean }) => {
      const { runBuild } = await import('./build.ts');
      const { json = false, locked = false } = options;
      done(await runBuild({ files, cwd: process.cwd(), json, locked }));
    });
  examples(
    command,
    'cell build hello.cell.ts',
    'cell build --locked',
    'cell build --json | jq .cells',
  );
}

function addRun(program: Command, done: (code: number) => void): void {
  const command = program
    .command('run')
    .description(
      'Serve cells until Ctrl-C: by name (built before), module (.wasm) or source (.cell.ts).',
    )
    .argument('<cells...>', 'names, .wasm modules or .cell.ts sources (built first)')
    .option('--port <n>', 'TCP port, 0 for any free one', whole(0, 65535))
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .option(
      '--lanes <n>',
      'worker threads; 0 serves in the listener thread, for trusted cells',
      whole(0, 64),
    )
    .option('--listener <kind>', 'uws, ws or auto (default auto: uws where it loads)')
    .option('--public <folder>', 'serve the files of a folder over HTTP')
    .option('--json', 'print one JSON object when ready, then log lines as JSON')
    .action(async (cells: string[], options: import('./run.ts').RunFlags) => {
      const { run } = await import('./run.ts');
      done(await run(cells, options));
    });
  examples(
    command,
    'cell run hello',
    'cell run hello.cell.ts --port 0',
    'cell run a.wasm b.wasm --lanes 2',
  );
}

function addStart(program: Command, done: (code: number) => void): void {
  const command = program
    .command('start')
    .description(
      'Build and serve the example Atlas: 135,000 places in a cell, and a page that asks it.',
    )
    .option(
      '--port <n>',
      'TCP port, 0 for any free one (default 4400, or a free one if taken)',
      whole(0, 65535),
    )
    .option('--lanes <n>', 'worker threads; 0 serves in the listener thread', whole(0, 64))
    .option('--listener <kind>', 'uws, ws or auto')
    .option('--no-open', 'do not open the page in a browser')
    .action(async (options: import('./start.ts').StartFlags) => {
      const { start } = await import('./start.ts');
      done(await start(options));
    });
  examples(command, 'npm start', 'npm start -- --port 0 --no-open');
}

function addCall(program: Command, done: (code: number) => void): void {
  const command = program
    .command('call')
    .description('Call a method of a running cell. Arguments are JSON values, one a parameter.')
    .argument('<cell>', 'name of the cell, e.g. hello')
    .argument('<method>', 'name of the method, e.g. greet')
    .argument('[arguments...]', `JSON values, e.g. '"you"' 3 '{"id": 7}'`)
    .option(
      '--url <url>',
      'host to call: ws://..., wss://... or unix:/path (default: the running host)',
    )
    .option('--token <jwt>', 'token to present (default: a development token on loopback)')
    .option('--role <name>', 'role in the development token; repeat for more', collect, [])
    .option('--scope <name>', 'scope in the development token; repeat for more', collect, [])
    .option('--subject <name>', 'subject in the development token', 'developer')
    .option('--anonymous', 'call without a token')
    .option(
      '--timeout <ms>',
      'milliseconds until the call is given up',
      whole(1, 3_600_000),
      10_000,
    )
    .option('--json', 'print the result, or the error, as one line of JSON')
    .action(
      async (
        cell: string,
        method: string,
        args: string[],
        options: import('./call.ts').CallFlags,
      ) => {
        const { call } = await import('./call.ts');
        done(await call(cell, method, args, options));
      },
    );
  examples(command, `cell call hello greet '"you"'`, 'cell call users get 7 --role admin --json');
}

function addReaders(program: Command, done: (code: number) => void): void {
  examples(
    program
      .command('inspect')
      .description('Print the schema, capabilities, limits and fingerprint of a module.')
      .argument('<module>', 'a .wasm file, or the name of a cell built here')
      .option('--json', 'print one JSON object')
      .action(async (file: string, options: { json?: boolean }) => {
        const { inspect } = await import('./inspect.ts');
        done(await inspect(file, options.json === true));
      }),
    'cell inspect .cell/out/hello.wasm',
    'cell inspect hello --json',
  );
  examples(
    program
      .command('doctor')
      .description('Say which Node, listener, cores and lanes are found here, and why.')
      .option('--json', 'print one JSON object')
      .action(async (options: { json?: boolean }) => {
        const { doctor } = await import('./doctor.ts');
        done(await doctor(options.json === true));
      }),
    'cell doctor',
    'cell doctor --json',
  );
  examples(
    program
      .command('revoke')
      .description('Refuse a subject from its next frame on, until its tokens have expired.')
      .argument('<subject>', 'the `sub` of the tokens')
      .option(
        '--for <hours>',
        'hours to refuse it, at least the life of its tokens',
        whole(1, 87_600),
        24,
      )
      .option('--json', 'print one JSON object')
      .action(async (subject: string, options: { for: number; json?: boolean }) => {
        const { revoke } = await import('./revoke.ts');
        done(await revoke(subject, options.for, options.json === true));
      }),
    'cell revoke mallory',
    'cell revoke mallory --for 720',
  );
}

/** Runs one command line (without node and script); returns the exit code. */
export async function main(argv: string[]): Promise<number> {
  let code = 0;
  const done = (result: number): void => {
    code = result;
  };
  const program = new Command('cell')
    .description('Services as sandboxed WebAssembly cells, with infrastructure as syntax.')
    .version(version)
    .showHelpAfterError('(add --help for usage and examples)')
    .exitOverride();
  for (const add of [addBuild, addRun, addCall, addReaders, addStart]) add(program, done);
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError('(add --help for usage)');
  examples(program, 'cell build hello.cell.ts', 'cell run hello', `cell call hello greet '"you"'`);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { printError } = await import('./print.ts');
    printError(error);
    return 1;
  }
  return code;
}
