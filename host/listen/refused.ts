// Owns why an address cannot be listened on, where a listener says only that it failed.
import net from 'node:net';

/**
 * Asks the system by trying: its error has `code` (EADDRINUSE, EACCES, EADDRNOTAVAIL) and
 * `address`.
 */
export function whyNotListen(host: string, port: number): Promise<Error> {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.on('error', resolve);
    probe.listen({ host, port, exclusive: true }, () => {
      // It was taken a moment ago and is free now: the caller may try again.
      const text = `cannot listen on ${host}:${port}`;
      probe.close(() => resolve(Object.assign(new Error(text), { code: 'EADDRINUSE' })));
    });
  });
}
