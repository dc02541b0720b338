// Owns the ways in which a cell that answers for decorators can fail a build. Each has a diagnostic
// that says what to do (build/diagnostics/negotiation.md).

/**
 * crashed: it trapped or failed. silent: no answer in time. large: request or answer beyond the
 * bounds. wrong: an answer that the protocol does not know. unreachable: nobody took the request.
 * version: it speaks another version. unrecorded: offline, and this was never asked before.
 */
export type Failure =
  | 'crashed'
  | 'silent'
  | 'large'
  | 'wrong'
  | 'unreachable'
  | 'version'
  | 'unrecorded';

/** What a Provider rejects with. The message says what happened, without the cell's name. */
export class ProviderError extends Error {
  override name = 'ProviderError';
  readonly failure: Failure;

  constructor(failure: Failure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** Any error of a provider, as a ProviderError. */
export function providerError(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  const failure = error instanceof Error && error.name === 'NotAnswered' ? 'unrecorded' : 'crashed';
  return new ProviderError(failure, error instanceof Error ? error.message : String(error));
}

/**
 * `promise`, or a ProviderError after `ms`: a provider that never answers holds up nobody, whoever
 * wrote it.
 */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const told = `no answer within ${ms / 1000} s`;
    timer = setTimeout(() => reject(new ProviderError('silent', told)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
