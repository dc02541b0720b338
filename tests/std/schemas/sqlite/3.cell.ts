// Tables of SQLite: made, altered, made anew.
@Database.table({ name: "notes", schema: "public" })
class Note {
  @Database.foreignKey({ ref: "public.books.id" }) a: string = "";
  id: string = "";
}

@Database.sqlite({ file: "../notes.db" })
@service
class Directory {
  ping(): void {}
}
