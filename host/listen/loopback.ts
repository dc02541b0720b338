// Owns the question which addresses only this machine reaches. Names are not looked up: what a
// resolver says can change after it was asked.

/** True for `localhost`, `::1` (with or without brackets) and 127.0.0.0/8. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || /^\[?::1\]?$/.test(host) || /^127(\.\d{1,3}){3}$/.test(host);
}
