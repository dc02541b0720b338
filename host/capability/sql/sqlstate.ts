// Owns what an error of PostgreSQL means to a cell: a status, and words that name constraint, table
// and columns, never a value. The server's own message is used only where it names nothing but
// identifiers; details and hints never are: they quote rows.
import {
  ABORTED,
  ALREADY_EXISTS,
  CANCELLED,
  DEADLINE_EXCEEDED,
  FAILED_PRECONDITION,
  INTERNAL,
  INVALID_ARGUMENT,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
  UNAVAILABLE,
} from '../../../assembly/shared/status.ts';

/** Fields of an ErrorResponse that are read. */
export interface ServerError {
  /** `23505`. https://www.postgresql.org/docs/18/errcodes-appendix.html */
  code: string;
  /** FATAL and PANIC end the connection. */
  fatal: boolean;
  message: string;
  table: string;
  column: string;
  constraint: string;
}

export interface Failure {
  status: number;
  text: string;
}

const named = (word: string, name: string): string =>
  name === '' ? word : `${word} \`${plain(name)}\``;
const inTable = ({ table }: ServerError): string => (table === '' ? '' : ` of \`${plain(table)}\``);

const NEEDED = 'a row that it needs is not there, or is still needed';

/** What single codes mean. */
const CODES: Record<string, (e: ServerError) => Failure> = {
  '23505': (e) => ({
    status: ALREADY_EXISTS,
    text: `a row with the same key exists: ${named('unique', e.constraint)}${inTable(e)}`,
  }),
  '23503': (e) => ({
    status: FAILED_PRECONDITION,
    text: `${NEEDED}: ${named('foreign key', e.constraint)}${inTable(e)}`,
  }),
  '23502': (e) => ({
    status: INVALID_ARGUMENT,
    text: `null is not allowed in ${named('column', e.column)}${inTable(e)}`,
  }),
  '23514': (e) => ({
    status: INVALID_ARGUMENT,
    text: `the values do not pass ${named('check', e.constraint)}${inTable(e)}`,
  }),
  '23P01': (e) => ({
    status: ALREADY_EXISTS,
    text: `a row is in the way: ${named('exclusion', e.constraint)}${inTable(e)}`,
  }),
  '40001': () => ({
    status: ABORTED,
    text: 'another transaction changed the same rows; try again',
  }),
  '40P01': () => ({
    status: ABORTED,
    text: 'two transactions waited for each other, and this one gave way; try again',
  }),
  '55P03': () => ({ status: ABORTED, text: 'the rows are locked by another transaction' }),
  '57014': () => ({ status: CANCELLED, text: 'the statement was cancelled' }),
  '25006': () => ({
    status: FAILED_PRECONDITION,
    text: 'the database (or the transaction) is read-only, and the statement writes',
  }),
  '25P02': () => ({
    status: FAILED_PRECONDITION,
    text: 'an earlier statement of this transaction failed: it can only be rolled back',
  }),
  '25P03': () => ({ status: ABORTED, text: 'the transaction stood idle for too long' }),
  '25P04': () => ({ status: DEADLINE_EXCEEDED, text: 'the transaction took too long' }),
  '0A000': () => ({
    status: FAILED_PRECONDITION,
    text: 'the tables have changed since the statement was prepared; call again',
  }),
  '22021': () => ({
    status: INVALID_ARGUMENT,
    text: 'a text is not UTF-8, or has U+0000, which PostgreSQL cannot hold',
  }),
  '53100': () => ({ status: RESOURCE_EXHAUSTED, text: 'the disk of the database is full' }),
  '53300': () => ({
    status: RESOURCE_EXHAUSTED,
    text: 'the database takes no more connections; lower `sql.connections` of the grant',
  }),
  '42501': (e) => ({
    status: PERMISSION_DENIED,
    text: `the database refuses it: ${plain(e.message)}`,
  }),
  '08P01': () => ({
    status: UNAVAILABLE,
    text: 'the server refuses the settings of a session: a pooler has to be in session mode',
  }),
  '3D000': () => ({ status: UNAVAILABLE, text: 'the server has no database of this name' }),
  '57P03': () => ({ status: UNAVAILABLE, text: 'the database is starting up or shutting down' }),
  '58030': () => ({ status: INTERNAL, text: 'the database could not read or write its files' }),
};

/** What classes (the first two characters) mean where the code has no words of its own. */
const CLASSES: Record<string, { status: number; text: string }> = {
  '08': { status: UNAVAILABLE, text: 'the connection to the database was lost' },
  '22': { status: INVALID_ARGUMENT, text: 'a value does not fit its type' },
  '23': { status: INVALID_ARGUMENT, text: 'a constraint is not met' },
  '25': { status: FAILED_PRECONDITION, text: 'the transaction is in a state that forbids it' },
  '28': { status: UNAVAILABLE, text: 'the database refuses the login' },
  '40': { status: ABORTED, text: 'the transaction was rolled back; try again' },
  '53': { status: RESOURCE_EXHAUSTED, text: 'the database has run out of a resource' },
  '54': { status: RESOURCE_EXHAUSTED, text: 'the statement is beyond a limit of the database' },
  '57': { status: UNAVAILABLE, text: 'the database was shut down' },
};

/** Codes of class 42 whose message names identifiers only: what is not there, or not unique. */
const NAMES = new Set(['42P01', '42703', '42883', '42704', '42702', '42P10', '42P07']);

/** The server's sentence about identifiers, on one line and bounded. */
function plain(message: string): string {
  const line = message.replace(/[\u0000-\u001f\u007f]+/g, ' ');
  return line.length > 200 ? `${line.slice(0, 200)}...` : line;
}

/** Status and words for an error of the server. */
export function failureOf(error: ServerError): Failure {
  const { code } = error;
  const own = CODES[code];
  if (own !== undefined) return own(error);
  if (NAMES.has(code)) {
    const text = `${plain(error.message)}: the schema is not what the cell was built against`;
    return {
      status: FAILED_PRECONDITION,
      text: `${text}; run \`cell migrate\`, or build it again`,
    };
  }
  const kind = CLASSES[code.slice(0, 2)];
  if (kind !== undefined) return { status: kind.status, text: `${kind.text} (SQLSTATE ${code})` };
  return { status: INTERNAL, text: `the database failed the statement (SQLSTATE ${code})` };
}

/** What a socket's error means: the server was not reached. Names no address: that may hold a
 *  password. */
export function unreachable(error: NodeJS.ErrnoException): Failure {
  const { code } = error;
  const why: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there',
    ENOENT: 'its socket is not there',
    ENOTFOUND: 'its name is not known',
    EAI_AGAIN: 'its name could not be looked up',
    ETIMEDOUT: 'it does not answer',
    ECONNRESET: 'it ended the connection',
    EHOSTUNREACH: 'there is no way to it',
  };
  const words = why[code ?? ''] ?? (code === undefined ? 'it does not speak as expected' : code);
  return { status: UNAVAILABLE, text: `the database cannot be reached: ${words}` };
}
