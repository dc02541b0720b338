// Owns the import `cell:retry.pause`: a guest stands still for a while before it tries again. Never
// longer than PAUSE_MS, never past the deadline of its call.
import { PAUSE_MS } from '../../assembly/shared/limits.ts';
import type { Guest } from './contract.ts';

/**
 * pause(ms) -> i32: suspends the caller; 1 when it has. 0 when it has not: its deadline would pass,
 * or it must not stand still. Only for calls that may wait (`cell:core.waits`): any other that
 * tries it traps.
 */
export function pauseImports(guest: Guest): Record<string, WebAssembly.ImportValue> {
  const pause = (ms: number): number | Promise<number> => {
    const most = Math.min(ms >>> 0, PAUSE_MS);
    if (most >= guest.remainingMs() || !guest.suspended()) return 0;
    return new Promise((resolve) => {
      setTimeout(() => {
        guest.resuming();
        resolve(1);
      }, most);
    });
  };
  return {
    'cell:retry.pause': new WebAssembly.Suspending(pause) as unknown as WebAssembly.ImportValue,
  };
}
