// Owns the contract between the generated entry (handlers.ts, compiler) and the generated guest
// codec (guest-codec.ts). Never holds behaviour.
//
// The entry file of a cell is one AssemblyScript text:
//   import { Hello, Person } from "./hello.cell"       records and enums under their schema names
//   <GuestCodec.text>                                  "cell/<file>" is assembly/guest/<file>.ts
//   function serve0(ptr: usize, len: usize): i64 {     one a method, reached through the table
//     <methods[0].read>
//     const result = service.greet(<methods[0].args>); no `const result =` when it is void
//     <methods[0].write>
//   }

/** The codec of one schema, as AssemblyScript text. `emitGuestCodec(schema): GuestCodec`. */
export interface GuestCodec {
  /** Imports, reader and writer functions. Names start with `read`, `write` or `_`. */
  text: string;
  /** By method index. */
  methods: {
    /**
     * Statements: decode `ptr`, `len` into the names of `args`. A malformed payload calls fail().
     */
    read: string;
    /** One expression a parameter. */
    args: string[];
    /**
     * Statements: encode `result` (void: nothing is in scope) and `return` `ptr << 32 | len` as
     * i64.
     */
    write: string;
  }[];
}
