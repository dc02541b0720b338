// The numeric types of AssemblyScript that the shared consts are declared with, for tsc's eyes.
type u32 = number;
