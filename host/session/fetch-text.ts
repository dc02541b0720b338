// Owns one GET of a text, for keys: bounded in bytes and time, never redirected, never cached, on a
// connection of its own that ends with it. What comes back is as hostile as any input.

import http from 'node:http';
import https from 'node:https';

export interface FetchOptions {
  /** Ends it, whatever it waits for: name lookup, connection, headers or body. */
  signal: AbortSignal;
  /** Bytes that the body may have. */
  bytes: number;
}

/**
 * The body of a 200 answer to GET `url`, as UTF-8. Rejects with an Error that says what came
 * instead; it names the address and never quotes the answer.
 */
export function fetchText(url: URL, { signal, bytes }: FetchOptions): Promise<string> {
  const { request } = url.protocol === 'http:' ? http : https;
  const headers = { accept: 'application/json', 'accept-encoding': 'identity' };
  return new Promise((resolve, reject) => {
    const refuse = (what: string) => {
      reject(new Error(`${url.href} ${what}`));
      asking.destroy();
    };
    const asking = request(url, { method: 'GET', agent: false, headers, signal }, (answer) => {
      const { statusCode = 0 } = answer;
      if (statusCode >= 300 && statusCode < 400) {
        return refuse(`answers ${statusCode}: redirects are not followed`);
      }
      if (statusCode !== 200) return refuse(`answers ${statusCode}`);
      const parts: Buffer[] = [];
      let size = 0;
      answer.on('data', (part: Buffer) => {
        size += part.length;
        if (size > bytes) refuse(`answers more than ${bytes} bytes`);
        else parts.push(part);
      });
      answer.on('error', () => refuse('broke off its answer'));
      answer.on('end', () => resolve(Buffer.concat(parts, size).toString('utf8')));
    });
    asking.on('error', (error: NodeJS.ErrnoException) => {
      refuse(`cannot be reached (${error.code ?? error.message})`);
    });
    asking.end();
  });
}
