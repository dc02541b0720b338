// Owns the walk over effects that `$apply` and `$rollback` make: one at a time, in order, stopping
// at the first that fails, and saying what stands. What the host hears is exact unless the cell
// traps.
import { attemptVoid } from "../attempt";
import { Effect, EffectRequest, EffectResult } from "./protocol";

/**
 * Runs `step` for each effect. A failure ends the walk: `standing` has the keys done before it.
 */
export function applyAll(request: EffectRequest, step: (effect: Effect) => void): EffectResult {
  const result = new EffectResult();
  for (let i = 0; i < request.effects.length; i++) {
    const effect = request.effects[i];
    const went = attemptVoid<Effect>(step, effect);
    if (!went.ok) {
      result.message = effect.key + ": " + went.message;
      return result;
    }
    result.standing.push(effect.key);
  }
  return result;
}

/**
 * Takes effects back, the last one first; goes on after a failure. `standing` has the keys that
 * could not be taken back.
 */
export function rollbackAll(request: EffectRequest, step: (effect: Effect) => void): EffectResult {
  const result = new EffectResult();
  for (let i = request.effects.length - 1; i >= 0; i--) {
    const effect = request.effects[i];
    const went = attemptVoid<Effect>(step, effect);
    if (went.ok) continue;
    result.standing.unshift(effect.key);
    if (result.message != "") result.message += "; ";
    result.message += effect.key + ": " + went.message;
  }
  return result;
}

/** Nobody takes these effects back: all of them stand. */
export function standAll(request: EffectRequest, message: string): EffectResult {
  const result = new EffectResult();
  for (let i = 0; i < request.effects.length; i++) result.standing.push(request.effects[i].key);
  if (result.standing.length > 0) result.message = message;
  return result;
}

/** Nothing was done for these effects. */
export function refuseAll(request: EffectRequest, message: string): EffectResult {
  const result = new EffectResult();
  if (request.effects.length > 0) result.message = message;
  return result;
}
