// Owns the planning of one service's schema, once a round: source -> lock -> difference ->
// migration, and what the database says to it. What is kept (lock, documents, contributions,
// facts) depends on the request alone; the database adds complaints and previews.
import { Database } from "cell/database";
import { scratchOf } from "./ddl";
import { Diff } from "./diff";
import { provideFacts } from "./facts";
import { Judge } from "./judge";
import { Lock, lockText, Migration, modelText, parseLock, parseModel } from "./lock";
import { addMigration, checkDocuments, effectData } from "./migration";
import { Model } from "./model";
import { schemaOf } from "./names";
import { Source } from "./source";
import { lossesOf } from "./steps";

/** Schemas that a service cannot have for its own. */
const TAKEN: string[] = ["public", "information_schema", "cell_build", "cell_scratch"];
/** Characters of a preview that is printed. */
const PREVIEW_CHARS: i32 = 4000;

/** A schema that is sound: what rows, queries and transactions are made of. */
export class Planned {
  model: Model = new Model();
  /** "postgres" or "sqlite". */
  engine: string = "";
  /** As the manifest has it: "default", "env:DATABASE_URL", "file:notes.db". */
  target: string = "";
  /** Schema that the cell owns; its tables are named without it. */
  schema: string = "";
  /** DDL of the tables for `Database.describe`. */
  scratch: string = "";
  /** Tables of others that are read, "public.orders", sorted. */
  reads: string[] = [];

  constructor(
    /** Namespace of the macros: "Postgres" or "Database". */
    readonly ns: string,
    /** Where the service as a whole is spoken of. */
    readonly first: Spot,
    readonly database: Database,
  ) {}
}

/**
 * Plans the schema of the service for the macros of `ns` in `target`. null: something is wrong and
 * was complained of.
 */
export function planSchema(planning: Planning, ns: string, target: string): Planned | null {
  if (planning.spots.length == 0) return null;
  const sqlite = target.startsWith("file:");
  const schema = schemaOf(planning.service);
  const first = firstSpot(planning);
  if (!sqlite && (TAKEN.includes(schema) || schema.startsWith("pg_"))) {
    const fix = "give the service another name";
    first.error("the schema " + schema + " is not a cell's to own", fix);
    return null;
  }
  const source = new Source(planning, sqlite);
  provideFacts(planning, source);
  if (!source.sound) return null;
  const database = new Database(target);
  const lock = readLock(planning, first, target, schema);
  if (!lock || !checkDocuments(planning, first, lock, database)) return null;
  const model = parseModel(lock.modelText);
  const diff = new Diff(model ? model : new Model(), source, planning.request.destructive);
  if (!source.sound) return null;
  // What the ledger's last row has said is compared with the database, so before it is replaced.
  const judge = new Judge(source, lock, database, schema, first);
  if (diff.steps.list.length > 0) {
    const text = modelText(source.model);
    addMigration(planning.service, lock, diff.steps, text, database);
  }
  if (!judge.look()) return null;
  keep(planning, first, lock, judge);
  const planned = new Planned(ns, first, database);
  planned.model = source.model;
  planned.engine = sqlite ? "sqlite" : "postgres";
  planned.target = target;
  planned.schema = schema;
  planned.scratch = scratchOf(source.model, sqlite);
  planned.reads = readsOf(source.model);
  return planned;
}

/** The first table, else the first use: where people look for what is said of the whole. */
function firstSpot(planning: Planning): Spot {
  const tables = planning.spotsOf("table");
  return tables.length > 0 ? tables[0] : planning.spots[0];
}

function readLock(planning: Planning, first: Spot, target: string, schema: string): Lock | null {
  const lock = parseLock(planning.lock);
  if (!lock) {
    first.error(
      "what the lock says of the schema is not in its form",
      "restore it from version control",
    );
    return null;
  }
  const changes =
    lock.migrations.length > 0 && lock.target.startsWith("file:") != target.startsWith("file:");
  if (changes) {
    const was = lock.target.startsWith("file:") ? "SQLite" : "PostgreSQL";
    const fix =
      "remove the service from the lock and its folder of migrations: they begin anew, the " +
      "database that was is left as it is";
    first.error("the migrations of this service were made for " + was, fix);
    return null;
  }
  lock.target = target;
  lock.schema = schema;
  return lock;
}

/** Lock, documents, manifest and the effect. A service without tables of its own leaves no lock. */
function keep(planning: Planning, first: Spot, lock: Lock, judge: Judge): void {
  const migrations = lock.migrations;
  const count = migrations.length;
  const last = count > 0 ? migrations[count - 1] : new Migration();
  const made = first.contribute("database", lock.schema, lock.target);
  const values = [
    lock.target.startsWith("file:") ? "sqlite" : "postgres",
    count.toString(),
    last.hash,
  ];
  made.values = values.concat(readsOf(judge.source.model));
  if (count == 0) return planning.keep("");
  planning.keep(lockText(lock));
  for (let i = 0; i < count; i++) planning.document(migrations[i].name, migrations[i].text);
  const losses = lossesOf(last.text);
  const preview = clipped(judge.preview);
  const data = effectData(planning.service, lock);
  first.effect("schema " + planning.service, preview, data, losses.length > 0);
}

function clipped(text: string): string {
  return text.length > PREVIEW_CHARS ? text.substring(0, PREVIEW_CHARS) + " ..." : text;
}

function readsOf(model: Model): string[] {
  const reads: string[] = [];
  for (let i = 0; i < model.tables.length; i++) {
    const table = model.tables[i];
    if (table.existing && table.schema != "") reads.push(table.schema + "." + table.name);
  }
  return reads.sort();
}
