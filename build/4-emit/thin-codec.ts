// Temporary: strings and 32-bit numbers only, until guest-codec.ts is there.
import type { Schema, Type } from '../../host/schema/types.ts';
import type { GuestCodec } from './contract.ts';
export function emitGuestCodec(schema: Schema): GuestCodec {
  const size = (t: Type) => (t.kind === 'scalar' && !/64/.test(t.scalar) ? (t.scalar === 'bool' ? 1 : 4) : 8);
  return {
    text: '',
    methods: schema.methods.map((m) => {
      let at = 8; let read = '';
      for (const p of m.params) {
        const n = size(p.type); if (n > 1) at = (at + 3) & ~3;
        if (p.type.kind === 'string') read += `const ${p.name} = String.UTF8.decodeUnsafe(ptr + load<u32>(ptr) + load<u32>(ptr, ${at}), load<u32>(ptr, ${at + 4}));`;
        else if (p.type.kind === 'scalar') read += `const ${p.name} = load<${p.type.scalar}>(ptr, ${at});`;
        at += n;
      }
      let write = 'return 0;';
      if (m.result?.kind === 'string') write = 'const n = String.UTF8.byteLength(result); const o = heap.alloc(17 + n); store<u32>(o, 16); store<u32>(o, 8, 4); store<u32>(o, 1, 8); store<u32>(o, n, 12); store<u8>(o, 0, 16); String.UTF8.encodeUnsafe(changetype<usize>(result), result.length, o + 17); return (<i64>o << 32) | (17 + n);';
      else if (m.result?.kind === 'scalar') write = `const o = heap.alloc(17); store<u64>(o, 0); store<u64>(o, 0, 8); store<u32>(o, ${8 + ((size(m.result) + 3) & ~3)}); store<u32>(o, ${(size(m.result) + 3) & ~3}, 4); store<${m.result.scalar}>(o, result, 8); store<u8>(o, 0, ${8 + ((size(m.result) + 3) & ~3)}); return (<i64>o << 32) | ${9 + ((size(m.result) + 3) & ~3)};`;
      return { read, args: m.params.map((p) => p.name), write };
    }),
  };
}
