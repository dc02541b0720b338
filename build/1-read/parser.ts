// Owns the few things of asc's AST that reading touches.
import { loadAsc } from './assemblyscript.ts';
import type { Span } from './shapes.ts';

/**
 * Any node. The fields depend on `kind`; asc types its own, which are ambient and do not import.
 */
// biome-ignore lint/suspicious/noExplicitAny: the AST of asc is untyped outside of asc
export type Node = any;

export interface AscParser {
  parse(text: string, path: string): { statements: Node[]; faults: (Span & { message: string })[] };
  kinds: Record<string, number>;
  literals: Record<string, number>;
  flags: Record<string, number>;
}

let loaded: Promise<AscParser> | undefined;

/** asc's parser, loaded once. */
export function loadParser(): Promise<AscParser> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<AscParser> {
  const asc = await loadAsc();
  return {
    kinds: asc.NodeKind,
    literals: asc.LiteralKind,
    flags: asc.CommonFlags,
    parse(text, path) {
      const parser = new asc.Parser();
      try {
        parser.parseFile(text, path, true);
      } catch (error) {
        // Recursive descent: a source that nests thousands deep overflows its stack.
        const message = error instanceof RangeError ? 'nested too deep' : String(error);
        return { statements: [], faults: [{ message, start: 0, end: 0 }] };
      }
      const faults = parser.diagnostics.map((d: Node) => ({
        message: d.message,
        start: d.range?.start ?? 0,
        end: d.range?.end ?? 0,
      }));
      return { statements: parser.sources[0].statements, faults };
    },
  };
}

/** Calls `visit` for `node` and everything below it, in no promised order. */
export function walk(node: Node, visit: (node: Node) => void): void {
  const stack: Node[] = [node];
  while (stack.length > 0) {
    const at = stack.pop();
    if (Array.isArray(at)) {
      for (const item of at) stack.push(item);
    } else if (at && typeof at === 'object' && typeof at.kind === 'number' && at.range) {
      visit(at);
      for (const [key, value] of Object.entries(at)) {
        if (key !== 'range' && value && typeof value === 'object') stack.push(value);
      }
    }
  }
}
