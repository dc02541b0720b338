// Owns the steps from one model to the next, and the document that people review: each statement
// with what takes it back, so that the document alone says all there is to say.
//
//   -- directory: migration 2, made by `cell build`. To be reviewed, not edited.
//   alter table users add column age int4;
//   -- undo: alter table users drop column age;
//   -- loses: users.phone
import { Migration } from "./lock";

const UNDO = "-- undo: ";
const LOSES = "-- loses: ";
/** In place of what takes a step back: nothing does. */
export const NOTHING: string[] = ["nothing"];
/** Characters of a document's name: what a folder's listing shows in one line. */
const NAME_CHARS: i32 = 60;

/** One statement. */
export class Step {
  constructor(
    /** Without a semicolon at its end. */
    readonly sql: string,
    /** Statements that take it back, in order; [] = it needs none, or goes with a later step. */
    readonly undo: string[],
    /** What is lost, "users.phone"; "" = nothing. */
    readonly loses: string = "",
  ) {}
}

/** All steps of one migration, in order. */
export class Steps {
  readonly list: Step[] = [];
  /** Names of what changes, the first of which names the document: "create_users". */
  readonly titles: string[] = [];

  add(sql: string, undo: string[], loses: string = ""): void {
    this.list.push(new Step(sql, undo, loses));
  }

  title(text: string): void {
    const lower = text.toLowerCase();
    if (!this.titles.includes(lower)) this.titles.push(lower);
  }
}

/** "0002_add_users_age.sql"; of several changes the first, or all tables that are made. */
export function documentName(number: i32, titles: string[]): string {
  const made: string[] = [];
  for (let i = 0; i < titles.length; i++) {
    if (titles[i].startsWith("create_")) made.push(titles[i].substring(7));
  }
  let title = titles.length == 0 ? "change" : titles[0];
  if (made.length == titles.length && made.length > 1) title = "create_" + made.join("_");
  else if (titles.length > 1) title += "_and_more";
  if (title.length > NAME_CHARS) title = title.substring(0, NAME_CHARS - 5) + "_more";
  return (10000 + number).toString().substring(number < 10000 ? 1 : 0) + "_" + title + ".sql";
}

export function documentText(service: string, number: i32, steps: Steps): string {
  const title = service + ": migration " + number.toString();
  const lines: string[] = ["-- " + title + ", made by `cell build`. To be reviewed, not edited."];
  for (let i = 0; i < steps.list.length; i++) {
    const step = steps.list[i];
    if (step.loses != "") lines.push(LOSES + step.loses);
    lines.push(step.sql + ";");
    for (let u = 0; u < step.undo.length; u++) {
      lines.push(UNDO + step.undo[u].replaceAll("\n", " ") + (step.undo == NOTHING ? "" : ";"));
    }
  }
  lines.push("");
  return lines.join("\n");
}

/** What a document says that is lost. */
export function lossesOf(text: string): string[] {
  return marked(text, LOSES);
}

/**
 * Statements that take a document's steps back, in the order to run them; [] = some step cannot be
 * taken back.
 */
export function undoOf(text: string): string[] {
  const lines = text.split("\n");
  const steps: string[][] = [];
  let now: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    if (lines[i].startsWith(UNDO)) now.push(lines[i].substring(UNDO.length));
    else if (now.length > 0) {
      steps.push(now);
      now = [];
    }
  }
  if (now.length > 0) steps.push(now);
  const all: string[] = [];
  for (let i = steps.length - 1; i >= 0; i--) {
    for (let s = 0; s < steps[i].length; s++) {
      const line = steps[i][s];
      if (!line.endsWith(";")) return [];
      all.push(line.substring(0, line.length - 1));
    }
  }
  return all;
}

/** The statements of a document without its comments, one line each, for previews. */
export function statementsOf(text: string): string[] {
  const lines = text.split("\n");
  const found: string[] = [];
  let now = "";
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i].trim();
    if (line == "" || line.startsWith("--")) continue;
    now += (now == "" || now.endsWith("(") || line.startsWith(")") ? "" : " ") + line;
    if (!line.endsWith(";")) continue;
    found.push(now.substring(0, now.length - 1));
    now = "";
  }
  if (now != "") found.push(now);
  return found;
}

function marked(text: string, mark: string): string[] {
  const lines = text.split("\n");
  const found: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    if (lines[i].startsWith(mark)) found.push(lines[i].substring(mark.length));
  }
  return found;
}

/** A migration of these steps; its hash is not known yet. */
export function migrationOf(service: string, number: i32, steps: Steps): Migration {
  const made = new Migration();
  made.number = number;
  made.name = documentName(number, steps.titles);
  made.text = documentText(service, number, steps);
  return made;
}
