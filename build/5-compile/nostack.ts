// Owns the switch that asc lacks: it compiles a custom runtime as the incremental one, with a
// shadow stack for its collector. Ours collect between calls only (assembly/guest/arena, collect)
// and the shadow stack assumes one stack, which waiting calls do not keep to. So: no shadow stack,
// and the library told that allocations are not interrupted by collecting (it zeroes memory itself
// then).

/** What is used of asc's program inside a transform. */
interface Program {
  options: { stackSize: number; runtime: number };
  module: { useShadowStack: boolean };
}

/** Runtime.Minimal of asc; its enum is not exported at run time. */
const MINIMAL = 1;

/** To be called from `afterParse` of a transform, before anything is compiled. */
export function withoutShadowStack(program: Program): void {
  program.options.stackSize = 0;
  program.options.runtime = MINIMAL;
  program.module.useShadowStack = false;
}
