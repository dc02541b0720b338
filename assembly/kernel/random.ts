// Owns the lane's random numbers inside the kernel: splitmix64 over the state that guests draw from
// too (membrane/gate.wat), kept in shared memory, so a new worker never repeats the last one's.
// Not for secrets. Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).

import { L_RANDOM } from '../shared/layout';
import { lane } from './lane';

/** What the state grows by with every number: odd, so multiplying by it loses nothing. */
export const STEP: u64 = 0x9e3779b97f4a7c15;

/** Takes the next number: its state, to be mixed. */
@inline
export function draw(): u64 {
  const state = load<u64>(lane + L_RANDOM) + STEP;
  store<u64>(lane + L_RANDOM, state);
  return state;
}

/** The 64 random bits of a state. */
@inline
export function mixed(state: u64): u64 {
  let z = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
