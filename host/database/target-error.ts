// Owns the error that says why a database cannot be named or reached, and what to do about it.

/** `message` says what is wrong, `fix` what to do. Neither has a password in it. */
export class TargetError extends Error {
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.name = 'TargetError';
    this.fix = fix;
  }
}
