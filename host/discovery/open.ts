// Owns the opening of one module for a build, without looking for it: what builds the standard
// cells asks a module that it has just made. Starts a host for it alone.
import { createHash } from 'node:crypto';
import type { Config } from '../cell/config.ts';
import { readModule } from '../cell/module.ts';
import type { Schema } from '../schema/types.ts';
import type { Synapse } from '../synapse/index.ts';
import { SILENT } from './silent.ts';
import { StartedHost } from './started.ts';

/** A cell in a host of its own: a place in the sense of build/2-discover/places.ts. */
export interface Opened {
  cell: string;
  kind: 'own';
  from: string;
  digest: string;
  ns: string | null;
  schema(): Schema;
  connect(): Promise<Synapse>;
  close(): Promise<void>;
}

/**
 * Opens a module; its host starts at the first `connect`. `name` is for errors and people. Throws
 * when the bytes are no cell.
 */
export function openModule(bytes: Uint8Array, name: string, config: Config = {}): Opened {
  const { name: cell, schema, manifest } = readModule(bytes, name);
  let host: Promise<StartedHost> | undefined;
  const start = async (): Promise<StartedHost> => {
    const started = await StartedHost.start(config, SILENT);
    try {
      await started.load(bytes, name);
    } catch (error) {
      // Nobody else knows of this host: its threads would keep the process for ever.
      await started.close();
      throw error;
    }
    return started;
  };
  return {
    ...{ cell, kind: 'own', from: name, ns: manifest.macros?.ns ?? null },
    digest: createHash('sha256').update(bytes).digest('hex'),
    schema: () => schema,
    connect: async () => {
      host ??= start();
      return (await host).connect();
    },
    close: async () => {
      const started = await host?.catch(() => undefined);
      await started?.close();
    },
  };
}
