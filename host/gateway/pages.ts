// Owns what the host's port answers over plain HTTP: the files of one folder or map, and, where
// there is a development issuer, `/cell/token`. Never serves calls: those are frames.
import fs from 'node:fs';
import path from 'node:path';
import type { HttpHandler, HttpReply } from '../listen/contract.ts';

/** One file of a page, ready to send. */
export interface PageFile {
  type: string;
  body: Uint8Array | string;
}

const TYPES: Record<string, string | undefined> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** Sent with every reply. Pages load nothing from elsewhere and run no inline script. */
export const SECURITY_HEADERS: Record<string, string> = {
  'content-security-policy':
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; style-src 'self'; " +
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Bytes of one file that `folderPage` serves. Threat: memory. */
export const FILE_BYTES = 64 << 20;

/** Finds the file for a request path (`/`, `/app.js`); undefined = 404. */
export type Page = (requestPath: string) => PageFile | undefined | Promise<PageFile | undefined>;

/** A page held in memory; `/` is `/index.html`. */
export function mapPage(files: ReadonlyMap<string, PageFile>): Page {
  return (p) => files.get(p) ?? (p.endsWith('/') ? files.get(`${p}index.html`) : undefined);
}

/** One file of a folder as it was last read. */
interface Read {
  /** Size and time of change. */
  stamp: string;
  pending: Promise<Uint8Array> | null;
  body: WeakRef<Uint8Array> | null;
}

/**
 * Bodies that are on their way out, one for all who ask for the same file meanwhile. Threat: many
 * who ask for a large file and read it slowly, or not at all.
 */
class Bodies {
  private readonly reads = new Map<string, Read>();

  async of(file: string, stat: fs.Stats): Promise<Uint8Array> {
    const stamp = `${stat.size} ${stat.mtimeMs}`;
    const known = this.reads.get(file);
    if (known?.stamp === stamp) {
      const body = known.pending ?? known.body?.deref();
      if (body !== undefined) return body;
    }
    const read: Read = { stamp, pending: fs.promises.readFile(file), body: null };
    this.reads.set(file, read);
    try {
      const body = (await read.pending) as Uint8Array;
      read.body = new WeakRef(body);
      return body;
    } finally {
      read.pending = null;
    }
  }
}

/**
 * The files of a folder. Nothing outside it: `..`, NUL, dot files and links that leave it are not
 * found.
 */
export function folderPage(folder: string): Page {
  const root = fs.realpathSync(folder);
  const bodies = new Bodies();
  return async (requestPath) => {
    let name: string;
    try {
      name = decodeURIComponent(requestPath);
    } catch {
      return undefined;
    }
    if (name.includes('\0') || name.split(/[/\\]/).some((part) => part.startsWith('.')))
      return undefined;
    if (name.endsWith('/')) name += 'index.html';
    try {
      const file = await fs.promises.realpath(path.join(root, name));
      if (!file.startsWith(root + path.sep)) return undefined;
      const stat = await fs.promises.stat(file);
      if (!stat.isFile() || stat.size > FILE_BYTES) return undefined;
      const type = TYPES[path.extname(file).toLowerCase()] ?? 'application/octet-stream';
      return { type, body: await bodies.of(file, stat) };
    } catch {
      return undefined;
    }
  };
}

function reply(status: number, type: string, body: Uint8Array | string): HttpReply {
  const cache = { 'cache-control': 'no-cache', 'content-type': type };
  return { status, headers: { ...SECURITY_HEADERS, ...cache }, body };
}

/**
 * The handler of a host's port.
 * @param page what to serve, if anything
 * @param mintToken makes a development token for a page of this very origin; absent outside
 * development.
 *   The header `x-cell-token` makes another origin's request need a preflight, which nobody
 *   answers.
 */
export function pages(page: Page | undefined, mintToken?: () => Promise<string>): HttpHandler {
  return async (request) => {
    if (request.path === '/cell/token') {
      if (!mintToken)
        return reply(404, 'text/plain; charset=utf-8', 'No development issuer here.\n');
      const site = request.headers['sec-fetch-site'] ?? 'same-origin';
      if (request.headers['x-cell-token'] !== '1' || site !== 'same-origin') {
        return reply(403, 'text/plain; charset=utf-8', 'Tokens are for pages of this origin.\n');
      }
      return reply(200, TYPES['.json'] as string, JSON.stringify({ token: await mintToken() }));
    }
    const file = page && (await page(request.path));
    if (!file) return reply(404, 'text/plain; charset=utf-8', 'Not found.\n');
    return reply(200, file.type, file.body);
  };
}
