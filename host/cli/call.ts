// The verb `call`: one typed call from the shell. The schema comes from the module that the running
// host serves (or that was built here); JSON becomes values by it, so what is wrong is said with
// its path.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { readModule } from '../cell/module.ts';
import { decodeRecord, decodeResult, encodeArguments } from '../schema/dynamic.ts';
import { fromJson, toJson } from '../schema/json.ts';
import { resultFields } from '../schema/layout.ts';
import { nearest } from '../schema/nearest.ts';
import type { Method, Schema, Type } from '../schema/types.ts';
import { findHostFile } from '../synapse/node/host-file.ts';
import {
  CellError,
  type ConnectOptions,
  parseTraceParent,
  Synapse,
  statusName,
} from '../synapse/node/index.ts';
import { reasonName, type Told, toldOf } from './call-failure.ts';
import { typeText } from './inspect.ts';
import { findModule } from './locate.ts';
import { style, UserError } from './print.ts';

export interface CallFlags {
  url?: string;
  token?: string;
  role: string[];
  scope: string[];
  subject: string;
  claim: string[];
  anonymous?: boolean;
  /** true: a trace that begins here. */
  trace?: string | true;
  timeout: number;
  json?: boolean;
}

/** The cells that the host of `.cell/run/host.json` serves, by name, with their modules. */
function servedModules(cwd: string): Record<string, string> {
  const found = findHostFile(cwd);
  if (!found) return {};
  const { cells } = JSON.parse(fs.readFileSync(found.file, 'utf8')) as {
    cells?: { name: string; file: string }[];
  };
  return Object.fromEntries((cells ?? []).map(({ name, file }) => [name, file]));
}

function schemaOf(cell: string, cwd: string): Schema {
  const served = servedModules(cwd);
  const file = served[cell];
  if (
    file === undefined &&
    Object.keys(served).length > 0 &&
    !fs.existsSync(`.cell/out/${cell}.wasm`)
  ) {
    const meant = nearest(cell, Object.keys(served));
    throw new UserError(
      `the running host serves no cell \`${cell}\``,
      `it serves: ${Object.keys(served).join(', ')}`,
      meant ? `did you mean \`${meant}\`?` : `start it: cell run ${cell}`,
    );
  }
  const module = file !== undefined && fs.existsSync(file) ? file : findModule(cell, cwd);
  return readModule(fs.readFileSync(module), module).schema;
}

function methodOf(schema: Schema, name: string): Method {
  // Those of the macro protocol are for builds, on another channel.
  const methods = schema.methods.filter((m) => m.channel === undefined);
  const method = methods.find((m) => m.name === name);
  if (method) return method;
  const names = methods.map((m) => m.name);
  const meant = nearest(name, names);
  throw new UserError(
    `cell \`${schema.cell}\` has no method \`${name}\``,
    `it has: ${names.join(', ')}`,
    meant
      ? `did you mean \`${meant}\`?`
      : `cell inspect ${schema.cell} shows them with their types`,
  );
}

function readJson(text: string, i: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(
      `argument ${i + 1} is not JSON: ${text}`,
      undefined,
      `a string needs quotes that the shell keeps: '${JSON.stringify(text)}'`,
    );
  }
}

function argumentsOf(schema: Schema, method: Method, texts: string[]): unknown[] {
  const { params } = method;
  const takes = `${params.length} argument${params.length === 1 ? '' : 's'}`;
  const given = `${texts.length} ${texts.length === 1 ? 'was' : 'were'} given`;
  const missing = params.slice(texts.length);
  if (texts.length > params.length || missing.some((p) => p.type.kind !== 'nullable')) {
    const wanted = params.map((p) => `${p.name}: ${typeText(p.type)}`).join(', ');
    throw new UserError(
      `${schema.cell}.${method.name} takes ${takes}, and ${given}`,
      `its parameters: (${wanted})`,
      'give one JSON value for each parameter; nullable ones at the end may be left out',
    );
  }
  try {
    return params.map((p, i) => fromJson(schema, p.type, readJson(texts[i] ?? 'null', i), p.name));
  } catch (error) {
    if (error instanceof TypeError) {
      throw new UserError(error.message, undefined, `cell inspect ${schema.cell} shows the types`);
    }
    throw error;
  }
}

/** `plan=gold` as a claim. */
function claimsOf(texts: string[]): Record<string, string> {
  const claims: Record<string, string> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 1) throw new UserError(`--claim ${text} has no value`, undefined, '--claim plan=gold');
    claims[text.slice(0, at)] = text.slice(at + 1);
  }
  return claims;
}

/** The traceparent of the call; a new trace's is printed, so that it can be looked up. */
function traceOf(given: string | true, json: boolean): string {
  if (given === true) {
    const traceId = randomBytes(16).toString('hex');
    if (!json) console.error(`trace: ${traceId}`);
    return `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
  }
  if (parseTraceParent(given) !== null) return given;
  const form = '00-<32 hex digits>-<16 hex digits>-01, small letters, not all zero';
  throw new UserError(`--trace ${given} is no traceparent`, undefined, form);
}

function connectOptions(flags: CallFlags): ConnectOptions {
  const options: ConnectOptions = {
    reconnect: false,
    timeout: flags.timeout,
    connectTimeout: flags.timeout,
    agent: 'cell-call',
    as: {
      ...{ subject: flags.subject, roles: flags.role, scopes: flags.scope },
      claims: claimsOf(flags.claim),
    },
  };
  if (flags.trace !== undefined) {
    const trace = traceOf(flags.trace, flags.json === true);
    options.trace = () => trace;
  }
  if (flags.url !== undefined) options.url = flags.url;
  if (flags.token !== undefined) options.token = flags.token;
  if (flags.anonymous === true) options.token = null;
  return options;
}

/** The details of an error as JSON; null for none, or of a class that this schema does not know. */
function detailsOf(schema: Schema, { type, details }: CellError): unknown {
  if (type === null || details === null || !schema.details?.includes(type)) return null;
  const record: Type = { kind: 'record', name: type };
  try {
    const { value } = decodeRecord(schema, resultFields(record), details);
    return toJson(schema, record, value);
  } catch (error) {
    // Another version of the cell than the one built here.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function printFailure(error: CellError, told: Told, schema: Schema, json: boolean): void {
  const { method, reason, retryAfterMs, type } = error;
  const { status, message, fix } = told;
  const details = detailsOf(schema, error);
  if (json) {
    const what = { status: statusName(status), message, ...(fix === null ? {} : { fix }) };
    const why = { method, reason, reasonName: reasonName(reason), retryAfterMs };
    console.log(JSON.stringify({ error: { ...what, ...why, type, details } }));
    return;
  }
  console.error(`${style(['red', 'bold'], `${statusName(status)}:`, process.stderr)} ${message}`);
  if (details !== null) console.error(`details: ${type} ${JSON.stringify(details)}`);
  if (fix !== null) console.error(`fix: ${fix}`);
}

/** Calls one method and prints its result as JSON. 1 when the call was refused or failed. */
export async function call(
  cell: string,
  name: string,
  texts: string[],
  flags: CallFlags,
): Promise<number> {
  const schema = schemaOf(cell, process.cwd());
  const method = methodOf(schema, name);
  const args = argumentsOf(schema, method, texts);
  const payload = encodeArguments(schema, method, args);
  const ref = {
    name: `${schema.cell}.${method.name}`,
    fingerprint: BigInt(`0x${method.fingerprint}`),
    text: method.canonical,
  };
  let synapse: Synapse | undefined;
  try {
    synapse = await Synapse.open([ref], connectOptions(flags));
    const at = synapse.begin();
    synapse.outbox.grow(at + payload.length);
    synapse.outbox.bytes.set(payload, at);
    const result = await synapse.end(0, payload.length, (bytes, _view, from, to) =>
      decodeResult(schema, method, bytes.subarray(from, to)),
    );
    const json = method.result === null ? null : toJson(schema, method.result, result);
    if (method.result !== null || flags.json)
      console.log(JSON.stringify(json, null, flags.json ? 0 : 2));
    return 0;
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    printFailure(error, toldOf(error, method, ref.name, flags), schema, flags.json === true);
    return 1;
  } finally {
    synapse?.close();
  }
}
