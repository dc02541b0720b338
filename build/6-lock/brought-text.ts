// Owns the words for who brings a capability. Locks and manifests keep the names of the module's
// own methods; those of the macro protocol nobody has written, so people see what they wrote.

const WRITTEN: Record<string, string> = {
  $describe: '@service',
  $plan: '@macro',
  $apply: '@macro.prepare or @macro.commit',
  $rollback: '@macro.rollback',
};

/** `Audit.$plan, Audit.$apply` -> `Audit: @macro, Audit: @macro.prepare or @macro.commit`. */
export function broughtText(broughtBy: string): string {
  const told = /([\w-]+)\.(\$describe|\$plan|\$apply|\$rollback)(?![\w$])/g;
  return broughtBy.replace(told, (_, cell: string, name: string) => `${cell}: ${WRITTEN[name]}`);
}
