// Owns the one error that clients see. Never thrown for anything but a call or a connection that
// failed: every rejection of a synapse is a CellError, whoever refused: cell, kernel, host, client.

import {
  ABORTED,
  ALREADY_EXISTS,
  CANCELLED,
  DATA_LOSS,
  DEADLINE_EXCEEDED,
  FAILED_PRECONDITION,
  INTERNAL,
  INVALID_ARGUMENT,
  NOT_FOUND,
  OK,
  OUT_OF_RANGE,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
  UNAUTHENTICATED,
  UNAVAILABLE,
  UNIMPLEMENTED,
  UNKNOWN,
} from '../../assembly/shared/status.ts';

/** The statuses of an answer by name: gRPC's codes. */
export const Status = {
  OK,
  CANCELLED,
  UNKNOWN,
  INVALID_ARGUMENT,
  DEADLINE_EXCEEDED,
  NOT_FOUND,
  ALREADY_EXISTS,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
  FAILED_PRECONDITION,
  ABORTED,
  OUT_OF_RANGE,
  UNIMPLEMENTED,
  INTERNAL,
  UNAVAILABLE,
  DATA_LOSS,
  UNAUTHENTICATED,
} as const;

export type StatusName = keyof typeof Status;

const NAMES: StatusName[] = [];
for (const name of Object.keys(Status) as StatusName[]) NAMES[Status[name]] = name;

/** Name of a status number; a number outside 0-16 reads as UNKNOWN. */
export function statusName(status: number): StatusName {
  return NAMES[status] ?? 'UNKNOWN';
}

/** What a CellError may carry beside its status and message. */
export interface ErrorParts {
  /** `cell.method` that failed; absent for a connection's error. */
  method?: string;
  /** REASON_* of assembly/shared/reason.ts when the kernel or host answered; 0 = a cell did. */
  reason?: number;
  /** Milliseconds after which trying again makes sense; 0 = not said. */
  retryAfterMs?: number;
  /** Name of the value class in `details`, as the cell's schema has it. */
  type?: string | null;
  /** Encoded details that the cell attached. */
  details?: Uint8Array | null;
  /** The call certainly did not run: repeating it is safe even when it is not idempotent. */
  unsent?: boolean;
  cause?: unknown;
}

/**
 * A call or a connection failed. `status` is one of `Status`; `retryable` says whether the same
 * call may succeed later (UNAVAILABLE, or a limit with `retryAfterMs`), not whether repeating it
 * is safe: that is `unsent`, or the method's own nature.
 */
export class CellError extends Error {
  readonly status: number;
  readonly statusName: StatusName;
  readonly method: string | null;
  readonly reason: number;
  readonly retryAfterMs: number;
  readonly type: string | null;
  readonly details: Uint8Array | null;
  readonly unsent: boolean;

  constructor(status: number, message: string, parts: ErrorParts = {}) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = 'CellError';
    this.status = NAMES[status] === undefined ? Status.UNKNOWN : status;
    this.statusName = statusName(status);
    this.method = parts.method ?? null;
    this.reason = parts.reason ?? 0;
    this.retryAfterMs = parts.retryAfterMs ?? 0;
    this.type = parts.type ?? null;
    this.details = parts.details ?? null;
    this.unsent = parts.unsent ?? false;
  }

  get retryable(): boolean {
    return (
      this.status === UNAVAILABLE || (this.status === RESOURCE_EXHAUSTED && this.retryAfterMs > 0)
    );
  }
}

/**
 * Any thrown value as a CellError; an encoder's TypeError or RangeError is the caller's argument.
 */
export function asCellError(error: unknown, method?: string): CellError {
  if (error instanceof CellError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const argument = error instanceof TypeError || error instanceof RangeError;
  const status = argument ? INVALID_ARGUMENT : UNKNOWN;
  return new CellError(status, text, { method, cause: error, unsent: true });
}
