// The verb `inspect`: what a module says of itself and what it would need. It is read and checked,
// not run.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { PROTOCOL_NAMES } from '../../build/4-emit/macro-cell.ts';
import { approved } from '../../build/6-lock/approved.ts';
import { databaseText, persistedRows, statementRows } from '../../build/data-text.ts';
import { capabilityOf } from '../capability/registry.ts';
import { loadConfig } from '../cell/config.ts';
import { readModule } from '../cell/module.ts';
import type { Grants } from '../lane/contract.ts';
import type { Access, Manifest, Method, Type } from '../schema/types.ts';
import { findModule } from './locate.ts';
import { size, style, table } from './print.ts';

/** A type as a developer writes it. */
export function typeText(type: Type | null): string {
  if (type === null) return 'void';
  switch (type.kind) {
    case 'scalar':
      return type.scalar;
    case 'list':
      return `${typeText(type.of)}[]`;
    case 'map':
      return `Map<${typeText(type.key)}, ${typeText(type.value)}>`;
    case 'nullable':
      return `${typeText(type.of)} | null`;
    case 'enum':
    case 'record':
      return type.name;
    default:
      return type.kind;
  }
}

function accessText(access: Access): string {
  if (access.public) return 'public';
  const parts = [];
  if (access.anyRole.length > 0) parts.push(`role ${access.anyRole.join(' or ')}`);
  if (access.scopes.length > 0) parts.push(`scope ${access.scopes.join(' and ')}`);
  return parts.length > 0 ? parts.join(', ') : 'any authenticated session';
}

function signature(method: Method): string {
  const params = method.params.map((p) => `${p.name}: ${typeText(p.type)}`).join(', ');
  return `${method.name}(${params}): ${typeText(method.result)}`;
}

/** What this folder grants of each capability: always, to what, or what to write. */
function grantsOf(manifest: Manifest, mine: Grants, lock: string[]): Record<string, string> {
  const said = manifest.capabilities.map(({ name, imports }) => {
    const capability = capabilityOf(imports[0] as string);
    const grant = (mine as Record<string, unknown>)[name];
    if (grant !== undefined) return [name, `granted: ${JSON.stringify(grant)}`];
    if (capability?.granted({})) return [name, 'granted always'];
    if (capability?.granted(mine)) return [name, 'granted in cell.config.ts'];
    if (name.startsWith('call:') && lock.includes(name)) return [name, 'approved by the lock'];
    const example = `grants: { '${manifest.cell}': ${capability?.example ?? '...'} }`;
    return [name, `NOT GRANTED here; cell.config.ts: ${example}`];
  });
  return Object.fromEntries(said);
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** As users write it: `@Retry.onFailure`, `@service`. */
const macroName = (ns: string, name: string): string => `@${ns === '' ? '' : `${ns}.`}${name}`;

/** The statements that it may make, and the fields that outlive it. */
function printData({ sql, persisted }: Manifest, bold: (text: string) => string): void {
  const print = (rows: string[][]): void =>
    console.log(
      rows.length > 0 ? table(rows.map(([a, ...rest]) => [`  ${a}`, ...rest])) : '  none',
    );
  if (sql !== undefined) {
    console.log(`\n${bold('sql')}  ${databaseText(sql)}`);
    print(statementRows(sql));
  }
  if (persisted === undefined) return;
  console.log(`\n${bold('stored')}`);
  print(persistedRows(persisted));
}

/** Prints a module's schema, capabilities, limits and fingerprints. */
export async function inspect(what: string, json: boolean): Promise<number> {
  const file = findModule(what, process.cwd());
  const bytes = fs.readFileSync(file);
  const { schema, manifest, imports } = readModule(bytes, file);
  const config = await loadConfig(process.cwd());
  const mine = Object.hasOwn(config.grants ?? {}, schema.cell) ? config.grants?.[schema.cell] : {};
  const grants = grantsOf(manifest, mine ?? {}, approved(process.cwd(), schema.cell));
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (json) {
    console.log(
      JSON.stringify({
        ...{ file, bytes: bytes.length, sha256: digest },
        ...{ schema, manifest, imports, grants },
      }),
    );
    return 0;
  }
  const bold = (t: string): string => style('bold', t);
  console.log(
    `${bold(schema.cell)}  ${schema.service}, ${size(bytes.length)}, sha256 ${digest.slice(0, 16)}`,
  );
  console.log(
    manifest.actor
      ? 'one instance; calls queue (it keeps state)'
      : 'a pool of instances (no state)',
  );
  const methods = schema.methods
    .filter((m) => m.channel === undefined)
    .map((m) => [`  ${signature(m)}`, m.tier, accessText(m.access), m.fingerprint]);
  console.log(`\n${bold('methods')}`);
  console.log(methods.length > 0 ? table(methods) : '  none');
  const { macros } = manifest;
  if (macros !== undefined) {
    console.log(
      `\n${bold('macros')}  ${macros.names.map((n) => macroName(macros.ns, n)).join(' ')}`,
    );
  }
  for (const [cell, methods] of Object.entries(manifest.remotes ?? {})) {
    console.log(`\n${bold(`calls ${cell}`)}`);
    console.log(table(Object.entries(methods).map(([name, text]) => [`  ${name}`, text])));
  }
  printData(manifest, bold);
  const protocol = macros === undefined ? NO_NAMES : PROTOCOL_NAMES;
  for (const record of schema.records.filter((r) => !protocol.has(r.name))) {
    console.log(`\n${bold(`class ${record.name}`)}`);
    console.log(table(record.fields.map((f) => [`  ${f.name}`, typeText(f.type)])));
  }
  for (const e of schema.enums.filter((e) => !protocol.has(e.name))) {
    console.log(
      `\n${bold(`enum ${e.name}`)}  ${e.members.map((m) => `${m.name} = ${m.value}`).join(', ')}`,
    );
  }
  console.log(`\n${bold('capabilities')}`);
  const rows = manifest.capabilities.map((c) => [
    `  ${c.name}`,
    c.imports.join(', '),
    `by ${c.broughtBy}`,
    grants[c.name] as string,
  ]);
  console.log(rows.length > 0 ? table(rows) : '  none');
  const { pages, cpuMs, payloadBytes } = manifest.limits;
  console.log(
    `\n${bold('limits')}  memory ${size(pages * 65536)}, CPU ${cpuMs} ms a call, ` +
      `arguments ${size(payloadBytes)}`,
  );
  const tools = Object.entries(manifest.tools).map(([name, v]) => `${name} ${v}`);
  console.log(`${bold('tools')}  ${tools.join(', ')}`);
  return 0;
}
