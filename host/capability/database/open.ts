// Owns the databases of one lane, loaded when a cell first asks: lanes that serve calls never pay
// for the drivers and the parser of a build.
import type { Databases } from './operations.ts';

/** What answers questions. */
export interface DatabaseDriver {
  /** Rejects with AdminError. */
  answer(operation: number, question: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** `project`: the folder that targets are read in. */
export function openDatabases(project: string): DatabaseDriver {
  let opened: Promise<Databases> | undefined;
  const open = async (): Promise<Databases> => {
    const { Databases: Opened } = await import('./operations.ts');
    return new Opened({ project, env: process.env });
  };
  return {
    answer: async (operation, question) => {
      opened ??= open();
      return (await opened).answer(operation, question);
    },
    close: async () => (await opened)?.close(),
  };
}
