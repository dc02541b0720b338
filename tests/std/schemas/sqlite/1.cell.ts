// Tables of SQLite: made, altered, made anew.
@Database.table({ name: "notes" })
class Note {
  @Database.primaryKey id: Uuid = newUuid();
  title: string = "";
  count: u64 = 0;
  price: Decimal = Decimal.ofInteger(0);
  data: Uint8Array = new Uint8Array(0);
  tags: string[] = [];
  done: bool = false;
  @Database.column({ type: "numeric(10,2)" }) cost: Decimal = Decimal.ofInteger(0);
  @Database.default("current_timestamp") createdAt: Instant = Instant.unset;
  @Database.foreignKey({ ref: "books.id", onDelete: "cascade" }) bookId: string | null = null;
}

@Database.table({ name: "books" })
class Book {
  @Database.primaryKey id: string = uuid();
  @Database.index name: string = "";
}

@Database.sqlite({ file: "data/notes.db" })
@service
class Directory {
  ping(): void {}
}
