// Owns what the tests against the real host need: a cell built from text in a folder inside the
// project (so that "cell/synapse" is found), its generated client, and hosts that serve it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../host/cell/config.ts';
import { type Host, startHost } from '../../host/host.ts';
import { make } from '../std/make.ts';

const PROBE = `/** What a client may meet. */
@service
class Probe {
  echo(value: u64): u64 {
    return value;
  }
  reverse(data: Uint8Array): Uint8Array {
    const out = new Uint8Array(data.length);
    for (let i = 0; i < data.length; i++) out[i] = data[data.length - 1 - i];
    return out;
  }
  shout(text: string): string {
    return text + "!";
  }
  refuse(): u32 {
    return fail<u32>(Status.NOT_FOUND, "no such thing");
  }
  trap(): u32 {
    throw new Error("broken inside");
  }
  spin(): u32 {
    let n: u32 = 0;
    while (n != 0xffffffff) n = (n + 2) & 0xfffffffe;
    return n;
  }
  @Auth.require({ role: "admin" })
  secret(): u32 {
    return 42;
  }
  @Auth.public
  open(): string {
    return "come in";
  }
}
`;

/** What the generated client looks like to the tests. */
export interface ProbeClient {
  readonly synapse: import('../../host/synapse/index.ts').Synapse;
  echo(value: bigint, options?: object): Promise<bigint>;
  reverse(data: Uint8Array): Promise<Uint8Array>;
  shout(text: string): Promise<string>;
  refuse(): Promise<number>;
  trap(): Promise<number>;
  spin(options?: object): Promise<number>;
  secret(): Promise<number>;
  open(): Promise<string>;
}
export interface ProbeClass {
  connect(options?: object): Promise<ProbeClient>;
  on(synapse: unknown): ProbeClient;
}

export interface World {
  folder: string;
  wasm: string;
  client: string;
  Probe: ProbeClass;
  /** A host on a free port, or on `port`. */
  host(port?: number, config?: Config): Promise<Host>;
  remove(): void;
}

export async function world(): Promise<World> {
  const out = new URL('../../.cell/out/', import.meta.url).pathname;
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(out, 'test-synapse-'));
  writeFileSync(join(folder, 'probe.cell.ts'), PROBE);
  const [{ summary, findings, paths }] = await make({ files: ['probe.cell.ts'], cwd: folder });
  if (summary === null) throw new Error(JSON.stringify(findings));
  const wasm = join(folder, paths.wasm);
  const client = join(folder, paths.client);
  const { Probe } = (await import(client)) as { Probe: ProbeClass };
  const host = (port = 0, config: Config = {}): Promise<Host> =>
    startHost({
      ...{ cwd: folder, modules: [wasm], config, lanes: 1, port, host: '127.0.0.1' },
      events: { log: () => {} },
    });
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  return { folder, wasm, client, Probe, host, remove };
}
