// Owns the one question asked of every HTTP request and upgrade before anything else: may a page
// that sends this Host and this Origin speak to us? Never looks at tokens.
//
// Threat 1, a page of another origin: browsers send its Origin with every WebSocket upgrade and
// every cross-origin fetch; we refuse it unless configured. Programs send none, and prove
// themselves by token. Threat 2, DNS rebinding: evil.example resolves to 127.0.0.1, so its page is
// of "our" origin. Its Host header still names evil.example; only loopback names, address literals
// and configured names are answered. A literal address cannot be rebound: there is no name to point
// elsewhere.

import { isIP } from 'node:net';

/** The part of ListenOptions that decides admission. */
export interface Admission {
  host: string;
  hosts: string[];
  origins: string[];
}

/** Bytes of a header that is quoted back; threat: logs and pages full of an attacker's text. */
const QUOTED = 120;

function quote(text: string): string {
  const cut = text.length > QUOTED ? `${text.slice(0, QUOTED)}...` : text;
  return JSON.stringify(cut).replace(/[<>&\u007f-\uffff]/g, '?');
}

/** Name of a Host header without its port and brackets, lower case; null when malformed. */
export function hostName(header: string): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header);
  if (!match) return null;
  return (match[1] ?? match[2]).toLowerCase().replace(/\.$/, '');
}

function answersFor(name: string, admission: Admission): boolean {
  if (name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0) return true;
  if (name === admission.host.toLowerCase()) return true;
  return admission.hosts.some((host) => host.toLowerCase() === name);
}

function allowsOrigin(origin: string, hostHeader: string, admission: Admission): boolean {
  let url: URL;
  try {
    url = new URL(origin);
  } catch {
    return false;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return admission.origins.includes(origin);
  if (
    url.host === hostHeader.toLowerCase() ||
    url.host === withoutDefaultPort(hostHeader, url.protocol)
  ) {
    return true;
  }
  return admission.origins.some(
    (allowed) => allowed !== '*' && allowed.toLowerCase() === url.origin,
  );
}

function withoutDefaultPort(hostHeader: string, protocol: string): string {
  const port = protocol === 'https:' ? ':443' : ':80';
  const host = hostHeader.toLowerCase();
  return host.endsWith(port) ? host.slice(0, -port.length) : host;
}

/**
 * Text of the 403 for this request, or null when it is admitted.
 * @param host the Host header, '' when absent
 * @param origin the Origin header, '' when absent (then no browser asks)
 */
export function refusal(admission: Admission, host: string, origin: string): string | null {
  const name = hostName(host);
  if (name === null) return 'Refused: the Host header is missing or malformed.';
  if (!answersFor(name, admission)) {
    return (
      `Refused: this host does not answer to the name ${quote(name)} (DNS rebinding). ` +
      'If the name is yours, add it to `hosts` in cell.config.ts.'
    );
  }
  if (origin === '' || allowsOrigin(origin, host, admission)) return null;
  return (
    `Refused: pages of the origin ${quote(origin)} may not connect. ` +
    'If the page is yours, add the origin to `origins` in cell.config.ts.'
  );
}

/** `ws://127.0.0.1:4400/cell` for what a listener listens on. */
export function webSocketUrl(options: { host: string; upgradePath: string }, port: number): string {
  const host = isIP(options.host) === 6 ? `[${options.host}]` : options.host;
  return `ws://${host}:${port}${options.upgradePath}`;
}
