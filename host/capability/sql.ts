// Owns the imports of `cell:sql` for one guest: guest pointers in, bytes or -status out. What one
// leaves (rows, or words of a failure) is held until the guest takes it, once. It never trusts a
// pointer or a length, never runs what the module's manifest does not list, and leaves no
// transaction open behind a call.
import {
  FAILED_PRECONDITION,
  INTERNAL,
  INVALID_ARGUMENT,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
} from '../../assembly/shared/status.ts';
import type { CallWatcher, Guest } from './contract.ts';
import type { SqlCell } from './sql/cell.ts';
import {
  type Isolation,
  SQL_ARGS_BYTES,
  SQL_PARAMS,
  SQL_TEXT_BYTES,
  type SqlJob,
  type SqlSession,
  type SqlText,
} from './sql/contract.ts';
import { CipherError } from './sql/encryption.ts';
import { countFields, fieldWithNul } from './sql/fields.ts';
import { KeyError } from './sql/keys.ts';
import { ResultBytes } from './sql/result.ts';
import { openResult, type Sealed, sealFields } from './sql/seal.ts';

/** Nothing is held; rows are; words are. */
const NOTHING = 0;
const ROWS = 1;
const WORDS = 2;

const NO_BYTES = new Uint8Array();
const NO_STATEMENT: SqlText = {
  id: 0,
  text: '',
  writes: false,
  params: 0,
  columns: null,
  types: null,
};

/** A guest's one statement under way, and what the last one left. */
class SqlGuest implements SqlJob, CallWatcher {
  statement = NO_STATEMENT;
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  length = 0;
  readonly result = new ResultBytes();
  error = '';
  session: SqlSession | null = null;
  private readonly guest: Guest;
  private readonly cell: SqlCell;
  private held = NOTHING;
  private words: Buffer = Buffer.alloc(0);
  /** Ends what the guest stands still for; null: nothing is under way. */
  private settle: ((status: number) => void) | null = null;
  /** Status of the call in hand when it was answered without the guest; 0 = it was not. */
  private over = 0;
  /** What of the statement under way is encrypted. */
  private sealed: Sealed | null = null;
  /** What is under way ends the transaction. */
  private ending = false;

  constructor(guest: Guest, cell: SqlCell) {
    this.guest = guest;
    this.cell = cell;
    guest.watch(this);
  }

  /** `run`: a statement of the manifest. */
  readonly run = (id: number, pointer: number, size: number): bigint | Promise<bigint> => {
    this.held = NOTHING;
    const statement = this.cell.statements.get(id >>> 0);
    this.sealed = statement?.sealed ?? null;
    if (statement !== undefined) return this.ask(statement, pointer, size);
    return this.refuse(PERMISSION_DENIED, 'the statement is none of those that the build has seen');
  };

  /** `raw`: a text that the build has not seen. */
  readonly raw = (
    text: number,
    textSize: number,
    pointer: number,
    size: number,
  ): bigint | Promise<bigint> => {
    this.held = NOTHING;
    this.sealed = null;
    const bytes = this.guest.bytes();
    if (!within(bytes, text, textSize)) return BigInt(-INVALID_ARGUMENT);
    if (textSize >>> 0 > SQL_TEXT_BYTES) {
      return this.refuse(RESOURCE_EXHAUSTED, `a statement has at most ${SQL_TEXT_BYTES} bytes`);
    }
    const words = decoder.decode(bytes.subarray(text >>> 0, (text >>> 0) + (textSize >>> 0)));
    if (words.includes('\0')) {
      return this.refuse(INVALID_ARGUMENT, 'the text of the statement has U+0000');
    }
    const known = this.cell.raw.known(words);
    if (typeof known === 'object') return this.ask(known, pointer, size);
    if (known !== undefined) return this.refuse(PERMISSION_DENIED, known);
    if (!this.guest.suspended()) return this.refuse(FAILED_PRECONDITION, BENEATH);
    return this.judged(words, pointer, size);
  };

  /** A text that comes for the first time. The guest stands still already. */
  private async judged(text: string, pointer: number, size: number): Promise<bigint> {
    await this.cell.raw.judge(text);
    this.guest.resuming();
    const known = this.cell.raw.known(text);
    if (typeof known === 'object') return this.ask(known, pointer, size);
    return this.refuse(PERMISSION_DENIED, known ?? 'the text cannot be judged');
  }

  private ask(statement: SqlText, pointer: number, size: number): bigint | Promise<bigint> {
    const bytes = this.guest.bytes();
    if (!within(bytes, pointer, size)) return BigInt(-INVALID_ARGUMENT);
    const at = pointer >>> 0;
    const length = size >>> 0;
    const wrong = argumentsFault(statement, bytes, at, length);
    if (wrong !== null) return this.refuse(wrong.status, wrong.text);
    if (this.over !== 0) return this.refuse(this.over, OVER);
    this.statement = statement;
    this.bytes = bytes;
    this.at = at;
    this.length = length;
    if (this.sealed !== null) {
      const unkeyed = this.seal(this.sealed);
      if (unkeyed !== null) return this.refuse(INTERNAL, unkeyed);
    }
    if (!this.guest.suspended()) return this.refuse(FAILED_PRECONDITION, BENEATH);
    return new Promise((resolve) => {
      this.settle = (status) => resolve(this.rows(status));
      (this.session ?? this.cell.pool).run(this);
    });
  }

  /** Encrypts what of the arguments shall be; returns why it cannot. */
  private seal({ params }: Sealed): string | null {
    try {
      const cipher = this.cell.cipher();
      this.bytes = sealFields(cipher, params, this.bytes, this.at, this.length);
      this.at = 0;
      this.length = this.bytes.length;
      return null;
    } catch (error) {
      return error instanceof KeyError ? error.message : 'a value could not be encrypted';
    }
  }

  /** What the guest goes on with after a statement. */
  private rows(status: number): bigint {
    this.bytes = NO_BYTES;
    if (status !== 0) return this.refuse(status, this.error);
    if (this.sealed !== null) {
      try {
        openResult(this.cell.cipher(), this.sealed.columns, this.result);
      } catch (error) {
        const known = error instanceof CipherError;
        return this.refuse(INTERNAL, known ? error.message : 'a value could not be decrypted');
      }
    }
    this.held = ROWS;
    return BigInt(this.result.length);
  }

  readonly begin = (isolation: number, readOnly: number): number | Promise<number> => {
    this.held = NOTHING;
    if (isolation >>> 0 > 2) return -INVALID_ARGUMENT;
    if (this.session !== null) return this.deny(FAILED_PRECONDITION, 'a transaction is open');
    if (this.over !== 0) return this.deny(this.over, OVER);
    if (!this.guest.suspended()) return this.deny(FAILED_PRECONDITION, BENEATH);
    return new Promise((resolve) => {
      this.settle = (status) => {
        if (status !== 0) this.drop();
        resolve(status === 0 ? 0 : this.deny(status, this.error));
      };
      this.cell.pool.begin(isolation as Isolation, readOnly !== 0, this);
    });
  };

  readonly end = (commit: number): number | Promise<number> => {
    this.held = NOTHING;
    const { session } = this;
    if (session === null) return this.deny(FAILED_PRECONDITION, 'no transaction is open');
    if (this.over !== 0 && commit !== 0) return this.deny(this.over, OVER);
    if (!this.guest.suspended()) return this.deny(FAILED_PRECONDITION, BENEATH);
    return new Promise((resolve) => {
      this.ending = true;
      this.settle = (status) => {
        this.ending = false;
        this.session = null;
        resolve(status === 0 ? 0 : this.deny(status, this.error));
      };
      session.end(commit !== 0, this);
    });
  };

  /** SqlJob: what was under way has ended. */
  done(status: number): void {
    const { settle } = this;
    this.settle = null;
    if (settle === null) return;
    this.guest.resuming();
    settle(status);
  }

  readonly take = (pointer: number): number => {
    const { held } = this;
    if (held === NOTHING) return -FAILED_PRECONDITION;
    const source = held === ROWS ? this.result.bytes : this.words;
    const size = held === ROWS ? this.result.length : source.length;
    const bytes = this.guest.bytes();
    if (!within(bytes, pointer, size)) return -INVALID_ARGUMENT;
    this.held = NOTHING;
    bytes.set(size === source.length ? source : source.subarray(0, size), pointer >>> 0);
    return size;
  };

  readonly failure = (): number => (this.held === WORDS ? this.words.length : 0);

  cancelled(status: number): void {
    this.over = status;
    if (this.settle !== null && !this.ending) {
      (this.session ?? this.cell.pool).cancel(this, status);
    }
  }

  ended(): void {
    this.held = NOTHING;
    this.over = 0;
    this.result.forget();
    this.drop();
  }

  private drop(): void {
    const { session } = this;
    this.session = null;
    session?.drop();
  }

  /** Holds the words of a failure. */
  private deny(status: number, text: string): number {
    this.held = WORDS;
    this.words = Buffer.from(text);
    return -status;
  }

  private refuse(status: number, text: string): bigint {
    return BigInt(this.deny(status, text));
  }
}

const BENEATH = 'nothing can wait here: the frames of another cell lie beneath';
const OVER = 'the call was answered before the statement began';
const decoder = new TextDecoder();

/** Whether [pointer, pointer + size) lies in a guest's memory. */
function within(bytes: Uint8Array, pointer: number, size: number): boolean {
  return pointer >>> 0 <= bytes.length && size >>> 0 <= bytes.length - (pointer >>> 0);
}

/** What is wrong with the arguments of a statement; null: nothing. */
function argumentsFault(
  statement: SqlText,
  bytes: Uint8Array,
  at: number,
  length: number,
): { status: number; text: string } | null {
  if (length > SQL_ARGS_BYTES) {
    const text = `arguments of one statement have at most ${SQL_ARGS_BYTES >>> 20} MB`;
    return { status: RESOURCE_EXHAUSTED, text };
  }
  const count = countFields(bytes, at, length);
  const { params } = statement;
  if (count < 0 || count > SQL_PARAMS || (params >= 0 && params !== count)) {
    const takes = params < 0 ? `at most ${SQL_PARAMS}` : params;
    const text =
      count < 0
        ? 'the arguments are no sequence of fields'
        : `the statement takes ${takes} arguments, not ${count}`;
    return { status: INVALID_ARGUMENT, text };
  }
  const nul = fieldWithNul(bytes, at, length);
  if (nul < 0) return null;
  const text = `argument ${nul + 1} has the character U+0000, which no text of a database can hold`;
  return { status: INVALID_ARGUMENT, text };
}

const suspending = (work: (...args: never[]) => unknown): WebAssembly.ImportValue =>
  new WebAssembly.Suspending(work as never) as unknown as WebAssembly.ImportValue;

/** The imports of `cell:sql` for one guest; `raw` only where it was granted. */
export function sqlImports(
  cell: SqlCell,
  guest: Guest,
  raw: boolean,
): Record<string, WebAssembly.ImportValue> {
  const sql = new SqlGuest(guest, cell);
  return {
    'cell:sql.run': suspending(sql.run),
    'cell:sql.begin': suspending(sql.begin),
    'cell:sql.end': suspending(sql.end),
    'cell:sql.take': sql.take,
    'cell:sql.error': sql.failure,
    ...(raw ? { 'cell:sql.raw': suspending(sql.raw) } : {}),
  };
}
