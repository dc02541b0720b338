// Owns `.cell/lock/<cell>.lock`: what a build promised, for people to review and for `--locked` to
// hold. Sorted JSON, one fact a line, so that a diff shows what changed and nothing else.
import type { Compiled } from '../5-compile/compile.ts';
import { sortedJson } from '../5-compile/sorted-json.ts';
import { sha256 } from './files.ts';

/** The text of a cell's lock. */
export function lockText(compiled: Compiled): string {
  const { schema, manifest, wasm } = compiled;
  const methods = Object.fromEntries(
    schema.methods.map(({ name, canonical, fingerprint, tier, access }) => [
      name,
      { access, canonical, fingerprint, tier },
    ]),
  );
  const lock = {
    version: 1,
    cell: schema.cell,
    service: schema.service,
    actor: manifest.actor,
    start: manifest.start,
    limits: manifest.limits,
    capabilities: manifest.capabilities,
    methods,
    tools: manifest.tools,
    wasm: sha256(wasm),
  };
  return `${sortedJson(lock, 2)}\n`;
}
