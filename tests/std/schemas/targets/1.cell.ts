// Where the database is; the engine changes.
@Postgres.table({ name: "notes" })
class Note {
  @Postgres.primaryKey id: string = uuid();
}

@Database.postgres({ url: env("NOTES_URL") })
@service
class Directory {
  ping(): void {}
}
