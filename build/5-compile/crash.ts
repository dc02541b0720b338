// Owns surviving a crash of asc. It catches its own errors, prints them and ends the process; here
// that becomes an error, so that a source it cannot take is a finding and a host that builds lives
// on.

/** asc gave up on a source. `message` says with what, e.g. a stack overflow. */
export class AscCrash extends Error {
  override name = 'AscCrash';
}

/** Where asc's own calls come from: its bundle, or its sources where a map is applied. */
const ASC = /[\\/]assemblyscript[\\/](dist|cli|src)[\\/]/;

let guarded = 0;
const { exit } = process;
const { error } = console;
let said = '';

const fromAsc = (): boolean => ASC.test(new Error().stack ?? '');

/** Runs `work`; asc ending the process inside it rejects with AscCrash. Calls may overlap. */
export async function withoutExit<T>(work: () => Promise<T>): Promise<T> {
  if (guarded++ === 0) install();
  try {
    return await work();
  } finally {
    if (--guarded === 0) restore();
  }
}

function install(): void {
  process.exit = ((code?: number) => {
    if (!fromAsc()) return exit(code);
    throw new AscCrash(/^\W*(\w*Error: .*)$/m.exec(said)?.[1] ?? 'it gives no reason');
  }) as typeof process.exit;
  console.error = (...parts: unknown[]) => {
    if (fromAsc()) said = parts.join(' ');
    else error(...parts);
  };
}

function restore(): void {
  process.exit = exit;
  console.error = error;
}
