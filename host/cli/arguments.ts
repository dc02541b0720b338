// Owns what the verbs' command lines have in common: kinds of arguments, examples in help texts.
import { type Command, InvalidArgumentError } from 'commander';

/** Adds verbs to the program; `done` takes the exit code. */
export type AddVerbs = (program: Command, done: (code: number) => void) => void;

/** A whole number of at least `least`, for commander. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** Adds an `Examples:` section to a verb's help. */
export function examples(command: Command, ...lines: string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((l) => `  $ ${l}`).join('\n')}`);
}

/** For options that may be repeated. */
export const collect = (value: string, all: string[]): string[] => [...all, value];
