// Owns the flags of a host as a provider of the OpenFeature server SDK for Node, so that programs
// beside the cells evaluate the same flags in the same way:
//   OpenFeature.setProvider(new CellFlags(process.cwd()))
// The interface is written out here: the SDK itself is not needed. Numbers and objects are not
// flags of ours: TYPE_MISMATCH.

import { type Flags, variantNames } from './definition.ts';
import { askerOf, type Evaluation, evaluate } from './evaluate.ts';
import { FlagFile } from './file.ts';

/** The parts of OpenFeature's EvaluationContext that count here. */
export interface Context {
  targetingKey?: string;
  /** A list of texts, or one. */
  roles?: unknown;
}

/** OpenFeature's ResolutionDetails. */
export interface Resolution<T> {
  value: T;
  variant?: string;
  reason: string;
  errorCode?: string;
}

function rolesOf(context: Context): string[] {
  const { roles } = context;
  const list = Array.isArray(roles) ? roles : [roles];
  return list.filter((role): role is string => typeof role === 'string');
}

/** Reads and watches the flag file of `folder`, as a host there does. */
export class CellFlags {
  readonly metadata = { name: 'cell' } as const;
  readonly runsOn = 'server' as const;
  private flags: Flags = Object.create(null);
  private readonly file: FlagFile;

  /** Throws FlagsError when the file is wrong. `wrong` is told when it becomes so later. */
  constructor(folder: string, wrong: (error: Error) => void = () => {}) {
    this.file = new FlagFile(folder, {
      flags: (flags) => {
        this.flags = flags;
      },
      wrong,
    });
  }

  async resolveBooleanEvaluation(
    key: string,
    otherwise: boolean,
    context: Context,
  ): Promise<Resolution<boolean>> {
    const found = evaluate(this.flags, key, 'boolean', this.asker(context));
    const value = found.value === null ? otherwise : found.value === true;
    return this.told(found, value, value ? 'on' : 'off');
  }

  async resolveStringEvaluation(
    key: string,
    otherwise: string,
    context: Context,
  ): Promise<Resolution<string>> {
    const found = evaluate(this.flags, key, 'string', this.asker(context));
    const value = found.value === null ? otherwise : String(found.value);
    return this.told(found, value, value);
  }

  async resolveNumberEvaluation(_key: string, otherwise: number): Promise<Resolution<number>> {
    return { value: otherwise, reason: 'ERROR', errorCode: 'TYPE_MISMATCH' };
  }

  async resolveObjectEvaluation<T>(_key: string, otherwise: T): Promise<Resolution<T>> {
    return { value: otherwise, reason: 'ERROR', errorCode: 'TYPE_MISMATCH' };
  }

  /** Ends the watching; OpenFeature calls it when another provider takes over. */
  async onClose(): Promise<void> {
    this.file.close();
  }

  /** Names of a flag's variants; [] when there is no such flag. */
  variants(key: string): string[] {
    return Object.hasOwn(this.flags, key) ? variantNames(this.flags[key]) : [];
  }

  private asker({ targetingKey, ...rest }: Context) {
    return askerOf(targetingKey ?? null, rolesOf(rest));
  }

  private told<T>({ value: found, reason, errorCode }: Evaluation, value: T, variant: string) {
    const told: Resolution<T> = { value, reason };
    if (found !== null) told.variant = variant;
    if (errorCode !== undefined) told.errorCode = errorCode;
    return told;
  }
}
