// Owns the kernel's random numbers: splitmix64, its state a global. Every worker of a lane begins
// elsewhere: the state comes from the lane's numbers for guests (membrane/gate.wat), which are in
// shared memory and have moved on. Not for secrets.
// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).

import { L_RANDOM } from '../shared/layout';
import { lane } from './lane';

/** What the state grows by with every number: odd, so multiplying by it loses nothing. */
export const STEP: u64 = 0x9e3779b97f4a7c15;

let state: u64 = 0;

export function attachRandom(): void {
  const seed = load<u64>(lane + L_RANDOM) + STEP;
  store<u64>(lane + L_RANDOM, seed);
  state = mixed(seed);
}

/** The next number, still to be mixed. */
@inline
export function draw(): u64 {
  state += STEP;
  return state;
}

/** The 64 random bits of a number. */
@inline
export function mixed(number: u64): u64 {
  let z = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
