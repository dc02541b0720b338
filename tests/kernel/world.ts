// Owns nothing: the world of the kernel tests is the one of its benches.

export * from '../../bench/kernel-world.ts';
