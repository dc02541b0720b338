// Owns the process of one stack's server: `node server.ts <stack>`, driven over IPC by
// bench/peers.ts. Answers what CPU the process used, all its threads together.

import { load, type Stack } from './peer.ts';
import type { ServerOrder, ServerReply } from './protocol.ts';
import { mintToken } from './token.ts';

function reply(message: ServerReply): void {
  process.send?.(message);
}

try {
  const peer = await load(process.argv[2] as Stack);
  const service = await peer.serve();
  process.on('message', async (order: ServerOrder) => {
    if (order === 'cpu') {
      const { user, system } = process.cpuUsage();
      reply({ kind: 'cpu', us: user + system });
      return;
    }
    await service.close();
    process.exit(0);
  });
  process.on('disconnect', () => process.exit(0));
  reply({ kind: 'ready', url: service.url, token: mintToken() });
} catch (error) {
  reply({ kind: 'failed', why: (error as Error).stack ?? String(error) });
  process.exitCode = 1;
}
