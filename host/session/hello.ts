// Owns what a HELLO asks for and what WELCOME says: who the caller is, and which of the methods
// that it names it may use by which route. Never opens sessions, never touches a wire.
//
// Strangers learn nothing: to a caller without a token, a method that needs one looks like one that
// does not exist.

import { PROTOCOL_VERSION } from '../../assembly/shared/frame.ts';
import type { CellSpec } from '../lane/contract.ts';
import { differences } from '../schema/compatible.ts';
import { fingerprint, fingerprintNumber } from '../schema/fingerprint.ts';
import type { Method } from '../schema/types.ts';
import type { HelloMethod, WelcomeMethod } from './wire.ts';
import {
  HelloError,
  VERDICT_INCOMPATIBLE,
  VERDICT_OK,
  VERDICT_TEXT,
  VERDICT_TOKEN,
  VERDICT_UNKNOWN,
} from './wire.ts';

/** Judged texts that are remembered, so that each client build sends its texts once. */
const JUDGED = 4096;
/** Bytes of a `why`. */
const WHY_BYTES = 1024;

interface Row {
  method: Method;
  route: number;
  fingerprint: bigint;
}

const UNKNOWN: WelcomeMethod = {
  route: 0,
  verdict: VERDICT_UNKNOWN,
  why: 'no loaded cell has this method',
};

/** What a caller without a token is told of every method that is not public, there or not. */
const CLOSED: WelcomeMethod = {
  route: 0,
  verdict: VERDICT_TOKEN,
  why: 'without a token there is no such method',
};

/** Judges the methods of HELLOs against the loaded cells. */
export class Directory {
  private readonly cells: () => readonly CellSpec[];
  private seen = 0;
  private rows = new Map<string, Row>();
  /** `method, fingerprint` -> why it is incompatible, null = compatible. */
  private readonly judged = new Map<string, string | null>();

  /** @param cells the loaded cells; asked at each HELLO, cells are only ever added */
  constructor(cells: () => readonly CellSpec[]) {
    this.cells = cells;
  }

  private refresh(): void {
    const cells = this.cells();
    if (cells.length === this.seen) return;
    this.seen = cells.length;
    this.rows = new Map();
    this.judged.clear();
    for (const { schema, firstRoute } of cells) {
      for (const method of schema.methods) {
        const route = firstRoute + method.index;
        const number = fingerprintNumber(method.fingerprint);
        this.rows.set(`${schema.cell}.${method.name}`, { method, route, fingerprint: number });
      }
    }
  }

  /** WELCOME's rows, in HELLO's order. */
  answer(methods: readonly HelloMethod[], authenticated: boolean): WelcomeMethod[] {
    this.refresh();
    return methods.map((asked) => {
      const row = this.rows.get(asked.name);
      if (!authenticated && !row?.method.access.public) return CLOSED;
      if (!row) return UNKNOWN;
      if (row.fingerprint === asked.fingerprint) return ok(row);
      const why = this.judge(asked, row);
      if (why === undefined) return { route: 0, verdict: VERDICT_TEXT, why: null };
      return why === null ? ok(row) : { route: 0, verdict: VERDICT_INCOMPATIBLE, why };
    });
  }

  /** Null: compatible. Undefined: cannot be said without the text. */
  private judge(asked: HelloMethod, row: Row): string | null | undefined {
    const key = `${asked.name} ${asked.fingerprint}`;
    const known = this.judged.get(key);
    if (known !== undefined || asked.text === null) return known;
    if (fingerprintNumber(fingerprint(asked.text)) !== asked.fingerprint) {
      return 'the text does not have the fingerprint';
    }
    const why = verdict(asked.text, row.method);
    const [oldest] = this.judged.keys();
    if (this.judged.size >= JUDGED) this.judged.delete(oldest);
    this.judged.set(key, why);
    return why;
  }
}

function ok(row: Row): WelcomeMethod {
  return { route: row.route, verdict: VERDICT_OK, why: null };
}

function verdict(text: string, method: Method): string | null {
  try {
    const names = method.params.map((param) => param.name);
    const found = differences(text, method.canonical, names);
    return found.length === 0 ? null : found.join('; ').slice(0, WHY_BYTES);
  } catch (error) {
    if (error instanceof RangeError) return `the text cannot be read: ${error.message}`;
    throw error;
  }
}

/** Client and host speak different versions of the protocol. */
export class VersionError extends HelloError {}

/** Throws VersionError when client and host speak different versions. */
export function checkVersion(version: number): void {
  if (version === PROTOCOL_VERSION) return;
  throw new VersionError(
    `this host speaks version ${PROTOCOL_VERSION} of the protocol, the client version ${version}`,
  );
}
