// Owns the verb `cell db rotate`: encrypted columns are encrypted anew with the newest key of their
// service. May be ended at any moment and begun again. Exit code 0 when every value has the newest
// key, else 1.
import fs from 'node:fs';
import { loadConfig } from '../cell/config.ts';
import { readModule } from '../cell/module.ts';
import type { SqlManifest } from '../schema/types.ts';
import { findModule } from './locate.ts';
import { UserError } from './print.ts';
import { projectSchemas, type ServiceSchema } from './project-schemas.ts';

export interface RotateFlags {
  services: string[];
  cwd: string;
  json: boolean;
}

/** Whether a cell reads or writes encrypted columns. */
function encrypts({ statements }: SqlManifest): boolean {
  const values = statements.flatMap(({ params, columns }) => [...params, ...columns]);
  return values.some(({ encrypted }) => encrypted !== undefined);
}

/** Turns the keys. Returns the exit code; rejects with UserError. */
export async function rotateKeys({ services, cwd, json }: RotateFlags): Promise<number> {
  const config = await loadConfig(cwd);
  const told: { service: string; column: string; values: number }[] = [];
  for (const schema of await projectSchemas(cwd, config, services)) {
    const file = findModule(schema.service, cwd);
    const { sql } = readModule(fs.readFileSync(file), file).manifest;
    if (sql === undefined || !encrypts(sql)) continue;
    const grants = config.grants ?? {};
    const grant = Object.hasOwn(grants, schema.service) ? (grants[schema.service].sql ?? {}) : {};
    for (const one of await turned(schema, sql, grant, cwd)) {
      told.push({ service: schema.service, ...one });
      if (json) continue;
      const rest = one.values === 1 ? 'value has' : 'values have';
      console.log(`${one.column}: ${one.values} ${rest} the newest key now`);
    }
  }
  if (json) console.log(JSON.stringify({ ok: true, columns: told }));
  else if (told.length === 0) console.log('no service of this project has encrypted columns');
  return 0;
}

async function turned(
  { service, target, database }: ServiceSchema,
  sql: SqlManifest,
  grant: Parameters<typeof import('../capability/sql/keys.ts').keysOf>[0],
  cwd: string,
): Promise<{ column: string; values: number }[]> {
  const { Cipher, CipherError } = await import('../capability/sql/encryption.ts');
  const { KeyError, keysOf } = await import('../capability/sql/keys.ts');
  const { rotate } = await import('../capability/sql/rotation.ts');
  const { adminError, AdminError } = await import('../database/admin.ts');
  try {
    return await rotate(target, sql, new Cipher(keysOf(grant, cwd)));
  } catch (error) {
    const about = `\`${service}\` in ${database}`;
    if (error instanceof KeyError || error instanceof CipherError) {
      const fix = `name all keys that values have in cell.config.ts: grants.${service}.sql.keys`;
      throw new UserError(`${about}: ${error.message}`, undefined, fix);
    }
    const known = error instanceof AdminError ? error : adminError(error, 'turning keys');
    const fix = 'mend what the message names, then do it again: what is done is not repeated';
    throw new UserError(`${about}: ${known.message}`, undefined, fix);
  }
}
