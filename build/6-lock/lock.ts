// Owns `.cell/lock/<cell>.lock`: what a build promised, for people to review and for `--locked` to
// hold. Sorted JSON, one fact a line, so that a diff shows what changed and nothing else. Its hash
// is in it: a lock that does not fit its hash is damaged, and says nothing.
import type { Answer } from '../2-discover/answers.ts';
import { hashOf } from '../2-discover/answers.ts';
import type { Compiled } from '../5-compile/compile.ts';
import { sortedJson } from '../5-compile/sorted-json.ts';
import { sha256 } from './files.ts';

/** What decided a build beside its sources. */
export interface Circumstances {
  /** By cell: what it answered. */
  answers: Record<string, Answer>;
  /** Of the cells that were asked: "off" or a profile. */
  features: Record<string, string>;
}

/** The text of a cell's lock. */
export function lockText(compiled: Compiled, { answers, features }: Circumstances): string {
  const { schema, manifest, wasm } = compiled;
  const methods = Object.fromEntries(
    schema.methods.map(({ name, canonical, fingerprint, tier, access, policies, calls }) => [
      name,
      { access, canonical, fingerprint, tier, policies, calls },
    ]),
  );
  const asked = Object.entries(answers).filter(([, a]) => a.description !== null);
  const macros = Object.fromEntries(
    asked.map(([cell, { description, plans }]) => {
      const planned = Object.entries(plans).map(([request, plan]) => [request, hashOf(plan)]);
      return [cell, { description: hashOf(description), plans: Object.fromEntries(planned) }];
    }),
  );
  const lock = {
    version: 2,
    cell: schema.cell,
    service: schema.service,
    actor: manifest.actor,
    start: manifest.start,
    limits: manifest.limits,
    capabilities: manifest.capabilities,
    methods,
    macros,
    features,
    remotes: manifest.remotes ?? {},
    tools: manifest.tools,
    wasm: sha256(wasm),
  };
  return `${sortedJson({ ...lock, hash: hashOf(lock) }, 2)}\n`;
}

/** The facts of a lock; null when it does not fit its hash. */
export function readLock(text: string): Record<string, unknown> | null {
  try {
    const { hash, ...lock } = JSON.parse(text) as Record<string, unknown>;
    return hashOf(lock) === hash ? lock : null;
  } catch {
    return null;
  }
}
