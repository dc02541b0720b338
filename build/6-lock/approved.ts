// Owns `.cell/lock/capabilities.lock`: every capability that cells of this project were built with,
// and what brought each. It is what people approve: a build adds to it and says so, `--locked`
// refuses to. A host may read from it what a cell was approved for.
//
//   { "version": 1, "cells": { "accounts": { "call:ledger": ["@Retry.onFailure", ...] } } }
import path from 'node:path';
import type { Manifest } from '../../host/schema/types.ts';
import { sortedJson } from '../5-compile/sorted-json.ts';
import { readIfThere } from './files.ts';

/** Place of the lock below the working folder. */
export const CAPABILITIES_LOCK = '.cell/lock/capabilities.lock';

/** Capability -> what brought it: macros and methods, sorted. */
export type Approval = Record<string, string[]>;

export interface Approved {
  cells: Record<string, Approval>;
  /** The file was there and is not what a build writes. */
  damaged: boolean;
}

/** What is approved; nothing without a file. */
export function readApproved(cwd: string): Approved {
  const bytes = readIfThere(path.join(cwd, CAPABILITIES_LOCK));
  if (bytes === null) return { cells: {}, damaged: false };
  try {
    const lock = JSON.parse(bytes.toString('utf8')) as { version: number; cells: unknown };
    if (lock.version === 1 && isCells(lock.cells)) return { cells: lock.cells, damaged: false };
  } catch {
    // Not JSON: damaged.
  }
  return { cells: {}, damaged: true };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isCells(value: unknown): value is Record<string, Approval> {
  if (!isObject(value)) return false;
  return Object.values(value).every(
    (approval) =>
      isObject(approval) &&
      Object.values(approval).every(
        (by) => Array.isArray(by) && by.every((b) => typeof b === 'string'),
      ),
  );
}

/** What a finished cell needs approved. */
export function approvalOf(capabilities: Manifest['capabilities']): Approval {
  const approval: Approval = {};
  for (const { name, broughtBy } of capabilities) {
    approval[name] = [...new Set([...(approval[name] ?? []), ...broughtBy.split(', ')])].sort();
  }
  return approval;
}

/** Capabilities of `wanted` that `had` does not approve: name and what brings it. */
export function unapproved(
  had: Approval | undefined,
  wanted: Approval,
): { name: string; by: string[] }[] {
  return Object.entries(wanted)
    .filter(([name]) => !Object.hasOwn(had ?? {}, name))
    .map(([name, by]) => ({ name, by }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The text of the lock. Cells that need nothing do not stand in it. */
export function approvedText(cells: Record<string, Approval>): string {
  const kept = Object.fromEntries(
    Object.entries(cells).filter(([, approval]) => Object.keys(approval).length > 0),
  );
  return `${sortedJson({ version: 1, cells: kept }, 2)}\n`;
}

/** Capabilities that the project's lock approves for a cell, sorted. */
export function approved(cwd: string, cell: string): string[] {
  return Object.keys(readApproved(cwd).cells[cell] ?? {}).sort();
}
