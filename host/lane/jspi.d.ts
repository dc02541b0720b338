// JavaScript Promise Integration, as Node >= 24.20 has it and TypeScript's libraries do not declare
// yet.
declare namespace WebAssembly {
  /** A function that a promising export may wait in: its promise suspends the guest's stack. */
  class Suspending {
    // biome-ignore lint/suspicious/noExplicitAny: imports have any signature.
    constructor(fn: (...args: any[]) => unknown);
  }
  /** Runs an export on a stack of its own, which imports made with Suspending may suspend. */
  function promising(
    // biome-ignore lint/complexity/noBannedTypes: exports are plain functions of any signature.
    fn: Function,
    // biome-ignore lint/suspicious/noExplicitAny: as above.
  ): (...args: any[]) => Promise<any>;
  /** Thrown when an import would suspend where no promising export is below it. */
  class SuspendError extends Error {}
}
