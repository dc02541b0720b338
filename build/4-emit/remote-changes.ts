// Owns the comparison of a remote cell with what a cell was built against before: its lock. Judged
// by the rule that hosts use, so what passes here is served and what does not is not.
import { differences } from '../../host/schema/compatible.ts';
import type { Schema } from '../../host/schema/types.ts';

/** A method that callers built before cannot call any more. */
export interface Change {
  method: string;
  /** In words: "parameter 2 `amount`: i64 became string". */
  what: string;
}

/** What of `before` (method -> canonical text) `schema` does not serve any more. */
export function remoteChanges(before: Record<string, string>, schema: Schema): Change[] {
  const changes: Change[] = [];
  for (const [method, text] of Object.entries(before).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const now = schema.methods.find((m) => m.name === method && m.channel === undefined);
    if (now === undefined) {
      changes.push({ method, what: 'it is gone' });
      continue;
    }
    const names = now.params.map((p) => p.name);
    for (const what of differencesOf(text, now.canonical, names)) changes.push({ method, what });
  }
  return changes;
}

/** A lock that was edited by hand says nothing about what changed. */
function differencesOf(before: string, now: string, names: string[]): string[] {
  try {
    return differences(before, now, names);
  } catch (error) {
    if (error instanceof RangeError) return ['its signature in the lock cannot be read'];
    throw error;
  }
}
