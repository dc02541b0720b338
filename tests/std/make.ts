// Owns builds of tests as a user makes them: the standard cells answer, in a host that the build
// starts. The options are those of build/make.ts.
import { type Made, type MakeOptions, make as makeWith } from '../../build/make.ts';
import { buildStandardCells } from '../../cells/std/build.ts';
import { discoveryWith } from '../../host/cli/discovery.ts';

/** `make` with the standard cells. */
export async function make(options: Omit<MakeOptions, 'discover'>): Promise<Made[]> {
  await buildStandardCells();
  return makeWith({ ...options, discover: discoveryWith({}) });
}
