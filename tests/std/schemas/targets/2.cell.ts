// Where the database is; the engine changes.
@Postgres.table({ name: "notes" })
class Note {
  @Postgres.primaryKey id: string = uuid();
}

@Database.sqlite({ file: "notes.db" })
@service
class Directory {
  ping(): void {}
}
