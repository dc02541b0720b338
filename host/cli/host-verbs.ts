// Owns the verbs that serve, call and look: their flags, help and examples. Each verb's work is in
// its own file, imported when it is asked for: `cell call` must not pay for what `cell run` loads.
import type { Command } from 'commander';
import { collect, examples, whole } from './arguments.ts';
import { addMacroFlags } from './macro-flags.ts';

/** Adds `run`. */
export function addRun(program: Command, done: (code: number) => void): void {
  const command = program
    .command('run')
    .description(
      'Serve cells until Ctrl-C: by name (built before), module (.wasm) or source (.cell.ts).',
    )
    .argument('<cells...>', 'names, .wasm modules or .cell.ts sources (built first)');
  addMacroFlags(command)
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

/** Adds `start`, what `npm start` does. */
export function addStart(program: Command, done: (code: number) => void): void {
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

/** Adds `call`. */
export function addCall(program: Command, done: (code: number) => void): void {
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
    .option('--claim <name=value>', 'further claim of the development token', collect, [])
    .option('--anonymous', 'call without a token')
    .option('--trace [traceparent]', 'call within this trace, or begin one and print its id')
    .option(
      '--timeout <ms>',
      'milliseconds until connecting, and then the call, is given up',
      whole(1, 3_600_000),
      10_000,
    )
    .option('--json', 'print the result, or the error, as one line of JSON (`reason`: see below)')
    .addHelpText(
      'after',
      '\n`reason` of an error is 0 where the cell itself answered; else the host did, and\n' +
        '`reasonName` names why, e.g. REASON_ROLE. The exit code is 1 for any error.',
    )
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

/** Adds `inspect`, `doctor` and `revoke`. */
export function addReaders(program: Command, done: (code: number) => void): void {
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
      .option('--lift', 'take back what was revoked of it: its tokens are taken again')
      .option('--json', 'print one JSON object')
      .action(async (subject: string, options: import('./revoke.ts').RevokeFlags) => {
        const { revoke } = await import('./revoke.ts');
        done(await revoke(subject, options));
      }),
    'cell revoke mallory',
    'cell revoke mallory --for 720',
    'cell revoke mallory --lift',
  );
}
