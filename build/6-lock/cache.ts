// Owns the cache of finished builds, `.cell/out/cache`. Content addressed: a key is the hash of the
// tools, the service file's place, every input with its content (also that a file was not there),
// and every other cell that had a say, with its state. What a key names is complete or absent;
// anything that does not fit its hash counts as absent.
//
//   <key>.json                 {"artifacts": {"wasm": "<sha256>", ...}, "summary": ...}
//   <sha256>.bin               an artifact
//   inputs-<place>.json        {"files": ["hello.cell.ts", ...], "cells": ["macro:Auth", ...]}: of
//                              the last build of that file; decides nothing
import fs from 'node:fs';
import path from 'node:path';
import type { Inputs } from '../1-read/project.ts';
import { namesIn, readIfThere, sha256, sweep, writeWhole } from './files.ts';

/** Files kept; beyond it the longest unused go. Threat: a disk that fills up over months. */
const FILES = 400;

/** States of cells that had a say, by name: `macro:Auth`, `remote:ledger`; null: nobody there. */
export type CellStates = Map<string, string | null>;

/** Artifacts of one service: name -> bytes; and what the verbs print about it. */
export interface Kept<S> {
  artifacts: Record<string, Uint8Array>;
  summary: S;
}

const areTexts = (list: unknown): boolean =>
  Array.isArray(list) && list.every((name) => typeof name === 'string');

export class Cache {
  readonly #folder: string;
  readonly #cwd: string;
  readonly #tools: string;

  /** `tools` is the hash of everything but the inputs that decides the result. */
  constructor(folder: string, cwd: string, tools: string) {
    this.#folder = folder;
    this.#cwd = cwd;
    this.#tools = tools;
  }

  /** What is kept for `file` (absolute) as its inputs are now; null when that was not built. */
  async find<S>(
    file: string,
    stateOf: (cell: string) => Promise<string | null>,
  ): Promise<Kept<S> | null> {
    const listed = this.#json<{ files: string[]; cells: string[] }>(this.#inputsFile(file));
    if (listed === null || !areTexts(listed.files) || !areTexts(listed.cells)) return null;
    const texts: Inputs = new Map();
    for (const name of listed.files) {
      const at = path.resolve(this.#cwd, name);
      texts.set(at, readIfThere(at)?.toString('utf8') ?? null);
    }
    const states: CellStates = new Map();
    for (const cell of listed.cells) states.set(cell, await stateOf(cell));
    return this.#load(this.#key(file, texts, states));
  }

  /** Keeps a result under the inputs that it was made from. */
  keep<S>(file: string, inputs: Inputs, states: CellStates, kept: Kept<S>): void {
    const artifacts: Record<string, string> = {};
    for (const [name, bytes] of Object.entries(kept.artifacts)) {
      artifacts[name] = sha256(bytes);
      writeWhole(path.join(this.#folder, `${artifacts[name]}.bin`), bytes);
    }
    const entry = JSON.stringify({ artifacts, summary: kept.summary });
    writeWhole(path.join(this.#folder, `${this.#key(file, inputs, states)}.json`), entry);
    const files = [...inputs.keys()].map((at) => this.#relative(at)).sort();
    const cells = [...states.keys()].sort();
    writeWhole(this.#inputsFile(file), JSON.stringify({ files, cells }));
    this.#prune();
  }

  #load<S>(key: string): Kept<S> | null {
    const file = path.join(this.#folder, `${key}.json`);
    const entry = this.#json<{ artifacts: Record<string, string>; summary: S }>(file);
    if (entry === null || typeof (entry.artifacts ?? 0) !== 'object') return null;
    const artifacts: Record<string, Uint8Array> = {};
    for (const [name, hash] of Object.entries(entry.artifacts)) {
      const at = path.join(this.#folder, `${hash}.bin`);
      const bytes = readIfThere(at);
      if (bytes === null || sha256(bytes) !== hash) return null;
      artifacts[name] = bytes;
    }
    return { artifacts, summary: entry.summary };
  }

  #key(file: string, inputs: Inputs, states: CellStates): string {
    const lines = [...inputs].map(
      ([at, text]) => `${this.#relative(at)} ${text === null ? '-' : sha256(text)}`,
    );
    for (const [cell, state] of states) lines.push(`${cell} ${state ?? '-'}`);
    return sha256([this.#tools, this.#relative(file), ...lines.sort()].join('\n'));
  }

  #relative(file: string): string {
    return path.relative(this.#cwd, file).split(path.sep).join('/');
  }

  #inputsFile(file: string): string {
    return path.join(this.#folder, `inputs-${sha256(this.#relative(file)).slice(0, 32)}.json`);
  }

  #json<T>(file: string): T | null {
    try {
      return JSON.parse(fs.readFileSync(file, 'utf8')) as T;
    } catch {
      return null;
    }
  }

  #prune(): void {
    sweep(this.#folder);
    const names = namesIn(this.#folder);
    if (names.length <= FILES) return;
    const aged = names.map((name) => {
      const file = path.join(this.#folder, name);
      return { file, at: fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 };
    });
    aged.sort((a, b) => a.at - b.at);
    for (const { file } of aged.slice(0, names.length - FILES)) fs.rmSync(file, { force: true });
  }
}
