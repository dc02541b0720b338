// Owns the model of the source: what the decorated classes of a service say. Complains of what
// cannot be a table, at the field or the argument; never asks a database.
import { nearestOf } from "../auth/nearest";
import { Fields } from "./field";
import { Column, Index, Model, Table } from "./model";
import { madeName, NAME_BYTES, nameBytes, schemaOf } from "./names";

/** Keys of `table` for what is not offered. */
const ELSEWHERE: string[] = ["shardBy", "partitions", "replica"];

/** A column that took null and will not; `table` and `column` as the database calls them now. */
export class Filling {
  constructor(
    readonly table: string,
    readonly column: string,
    readonly is: Table,
    readonly now: Column,
  ) {}
}

/** Reads the classes of one request. `sound` is false once something was complained of. */
export class Source {
  readonly model: Model = new Model();
  sound: bool = true;
  /** Found by the difference with the lock; how many rows have null only the database knows. */
  readonly fillings: Filling[] = [];
  /** file, class and field -> uses on it. */
  readonly byField: Map<string, Spot[]> = new Map();

  constructor(
    readonly planning: Planning,
    readonly sqlite: bool,
  ) {
    const spots = planning.spots;
    for (let i = 0; i < spots.length; i++) {
      const spot = spots[i];
      if (spot.declaration.kind != "field") continue;
      const key = fieldKey(spot.site, spot.declaration.name);
      if (!this.byField.has(key)) this.byField.set(key, []);
      this.byField.get(key).push(spot);
    }
    const tables = planning.spotsOf("table");
    for (let i = 0; i < tables.length; i++) this.table(tables[i]);
    this.strays();
    this.model.sort();
  }

  /** Says what is wrong at the field of a column; at the table where `column` is null. */
  tell(table: Table, column: Column | null, message: string, fix: string): void {
    this.sound = false;
    const spot = table.spot;
    if (!spot) return;
    const path = column && column.field != "" ? "." + column.field : "";
    // Several things at one place are told as one: findings at one place are one.
    const complaints = this.planning.plan.complaints;
    for (let i = 0; i < complaints.length; i++) {
      const one = complaints[i];
      const here = one.site == spot.site.id && one.use == spot.index && one.path == path;
      if (!here || one.warning || one.message.includes(message)) continue;
      one.message += "; " + message;
      if (!one.fix.includes(fix)) one.fix += "; " + fix;
      return;
    }
    spot.error(message, fix, path);
  }

  wrong(spot: Spot, message: string, fix: string, path: string = ""): void {
    this.sound = false;
    spot.error(message, fix, path);
  }

  private table(spot: Spot): void {
    if (spot.neighbour("service")) {
      return this.wrong(spot, "a service is no table", "put the macro on a class of its own");
    }
    const args = spot.args;
    for (let i = 0; i < ELSEWHERE.length; i++) {
      if (!args.has(ELSEWHERE[i])) continue;
      const what = "a table is in one place: migrations do not spread tables over databases";
      const fix =
        "remove it; partitions and replicas that the server makes itself need no word here";
      return this.wrong(spot, what, fix, ELSEWHERE[i]);
    }
    const table = new Table(args.text("name"));
    table.spot = spot;
    table.className = spot.declaration.name;
    table.existing = args.bool("existing");
    table.schema = args.text("schema", table.existing && !this.sqlite ? "public" : "");
    if (!this.isName(spot, table.name, "name", table.existing)) return;
    if (table.schema != "" && !this.checkSchema(spot, table)) return;
    const known = this.model.table(table.name, table.schema);
    if (known) {
      const fix = "give one of them another name";
      return this.wrong(spot, "`" + known.className + "` has the table " + table.name, fix, "name");
    }
    const renamed = this.onClass(spot, "renamed");
    if (renamed) table.renamedFrom = renamed.args.text("from");
    const members = spot.site.members;
    for (let i = 0; i < members.length; i++) {
      if (members[i].kind == "field" && !members[i].isStatic)
        new Fields(this, table, spot).take(members[i]);
    }
    if (table.columns.length == 0 && !table.existing) {
      return this.wrong(
        spot,
        "`" + table.className + "` has no fields",
        "add one: id: string = uuid()",
      );
    }
    const listed = args.items("indexes");
    for (let i = 0; i < listed.length; i++) this.listedIndex(table, spot, listed[i], i);
    this.model.tables.push(table);
  }

  private checkSchema(spot: Spot, table: Table): bool {
    const own = schemaOf(this.planning.service);
    if (!table.existing) {
      const fix =
        "remove it: tables of this cell are in the schema " +
        own +
        "; or say existing: true for a table that is there";
      this.wrong(spot, "a cell makes tables in its own schema only", fix, "schema");
      return false;
    }
    if (table.schema != own) return this.isName(spot, table.schema, "schema", true);
    this.wrong(
      spot,
      own + " is the schema of this cell itself",
      "remove existing and schema",
      "schema",
    );
    return false;
  }

  /** The use of another macro of ours on the same class. */
  private onClass(spot: Spot, name: string): Spot | null {
    const spots = this.planning.spots;
    for (let i = 0; i < spots.length; i++) {
      if (spots[i].site.id == spot.site.id && spots[i].use.name == name) return spots[i];
    }
    return null;
  }

  isName(spot: Spot, name: string, path: string, anyName: bool): bool {
    let isPlain = name.length > 0;
    for (let i = 0; i < name.length && isPlain; i++) {
      const unit = name.charCodeAt(i);
      const letter = (unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a;
      const digit = unit >= 0x30 && unit <= 0x39;
      isPlain = anyName ? unit >= 0x20 && unit != 0x7f : letter || unit == 0x5f || (digit && i > 0);
    }
    if (isPlain && nameBytes(name) <= NAME_BYTES) return true;
    const what = isPlain ? "is longer than 63 bytes" : "is no name";
    this.wrong(spot, quote(name) + " " + what, "use letters, digits and _, 63 at most", path);
    return false;
  }

  index(
    table: Table,
    columns: string[],
    unique: bool,
    descending: bool,
    spot: Spot,
    name: string,
    path: string = "",
  ): void {
    const made = new Index();
    made.columns = columns;
    made.unique = unique;
    for (let i = 0; i < columns.length; i++) made.descending.push(descending);
    const parts: string[] = [table.name];
    made.name =
      name != "" ? name : madeName(parts.concat(columns).concat([unique ? "key" : "idx"]));
    const twin = table.index(made.name);
    if (twin) {
      const fix = "remove one of them, or give it a name";
      return this.wrong(spot, "two indexes have the name " + made.name, fix, path);
    }
    table.indexes.push(made);
  }

  /** One entry of `indexes: [{ on, unique, descending, name }]`. */
  private listedIndex(table: Table, spot: Spot, listed: Literal, at: i32): void {
    const args = new Arguments([listed]);
    const path = "indexes." + at.toString();
    if (table.existing) {
      return this.wrong(
        spot,
        "the table exists: it has the indexes that it has",
        "remove it",
        path,
      );
    }
    const on = args.texts("on");
    const columns: string[] = [];
    for (let i = 0; i < on.length; i++) {
      const byField = table.columnOf(on[i]);
      const column = byField ? byField : table.column(on[i]);
      const where = args.isText("on") ? path + ".on" : path + ".on." + i.toString();
      if (!column || columns.includes(column.name)) {
        const fields: string[] = [];
        for (let f = 0; f < table.columns.length; f++) fields.push(table.columns[f].field);
        const what = column ? " stands here twice" : " is no field of `" + table.className + "`";
        const near = column ? "" : nearestOf(on[i], fields);
        const fix = near == "" ? "name each field once" : "did you mean " + near + "?";
        return this.wrong(spot, quote(on[i]) + what, fix, where);
      }
      if (column.encrypted) {
        const why = "`" + column.field + "` is encrypted: no index finds it";
        return this.wrong(spot, why, "index another field", where);
      }
      columns.push(column.name);
    }
    if (columns.length == 0) {
      return this.wrong(spot, "an index is on fields", 'on: "createdAt"', path);
    }
    const name = args.text("name");
    if (name != "" && !this.isName(spot, name, path + ".name", false)) return;
    this.index(table, columns, args.bool("unique"), args.bool("descending"), spot, name, path);
  }

  /** Macros on fields of classes that are no tables. */
  private strays(): void {
    const keys = this.byField.keys();
    for (let i = 0; i < keys.length; i++) {
      const spot = this.byField.get(keys[i])[0];
      if (spot.ownerUse(spot.use.ns + ".table")) continue;
      const fix = "put @" + spot.use.ns + '.table({ name: "..." }) on it';
      this.wrong(spot, "`" + spot.owner.name + "` is no table", fix);
    }
    const renamed = this.planning.spotsOf("renamed");
    for (let i = 0; i < renamed.length; i++) {
      const spot = renamed[i];
      if (spot.declaration.kind != "class" || spot.neighbour(spot.use.ns + ".table")) continue;
      const fix = "put @" + spot.use.ns + '.table({ name: "..." }) on it';
      this.wrong(spot, "`" + spot.owner.name + "` is no table", fix);
    }
  }
}

/** Where the uses of a field are found in Source.byField. */
export function fieldKey(site: Site, field: string): string {
  return site.file + "\0" + site.owner.name + "\0" + field;
}
