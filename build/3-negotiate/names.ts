// Owns the names of macros: which namespace a decorator belongs to, which decorators are
// asc's own. Resolves nothing.
import type { CallUse, DecoratorUse } from '../1-read/shapes.ts';

/**
 * asc's own decorators. `operator` and `external` also come as `operator.binary`, `external.js`.
 */
export const ASC_DECORATORS: ReadonlySet<string> = new Set(
  'global operator unmanaged final inline external builtin lazy unsafe'.split(' '),
);

/** True for decorators that the compiler itself answers. */
export function isAscDecorator(use: Pick<DecoratorUse, 'ns' | 'name'>): boolean {
  return ASC_DECORATORS.has(use.ns === '' ? use.name : use.ns);
}

/**
 * Namespace and name of a macro. A namespace that begins in lower case is no cell's: `@macro.round`
 * is the bare decorator `macro.round`.
 */
export function macroOf(use: Pick<DecoratorUse, 'ns' | 'name'>): { ns: string; name: string } {
  if (use.ns === '' || !/^[a-z]/.test(use.ns)) return { ns: use.ns, name: use.name };
  return { ns: '', name: `${use.ns}.${use.name}` };
}

/** Whether a use is a call in a body, not a decorator. */
export function isCall(use: DecoratorUse): use is CallUse {
  return 'within' in use;
}

/** How people wrote it: `@Auth.require`, `@service`; a call `Postgres.query`. */
export function writtenText(use: DecoratorUse): string {
  return `${isCall(use) ? '' : '@'}${macroText(macroOf(use))}`;
}

/** How people name it: `Auth.require`, `service`. */
export function macroText({ ns, name }: { ns: string; name: string }): string {
  return ns === '' ? name : `${ns}.${name}`;
}
