// Owns which addresses keys may be fetched from. The operator names them in cell.config.ts, or an
// issuer that the operator named does; never a token.

import { isLoopback } from '../listen/loopback.ts';

/**
 * The address in `text`: https, or http to this machine. Throws an Error that says what is wrong
 * with it.
 */
export function keyUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw new Error(`${JSON.stringify(text.slice(0, 200))} is not an address`);
  const plain = url.protocol === 'http:' && isLoopback(url.hostname);
  if (url.protocol !== 'https:' && !plain) {
    throw new Error(`${url.href} is not behind https, so anybody on the way could answer`);
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new Error(`${url.host}: an address of keys has no user name, password or fragment`);
  }
  return url;
}
