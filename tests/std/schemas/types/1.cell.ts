// One column of each type that fields have.
enum Color {
  Red,
  Blue,
}

@Postgres.table({ name: "things" })
class Thing {
  @Postgres.primaryKey id: Uuid = newUuid();
  yes: bool = false;
  a: i8 = 0;
  b: u8 = 0;
  c: i16 = 0;
  d: u16 = 0;
  e: i32 = 0;
  f: u32 = 0;
  g: i64 = 0;
  h: u64 = 0;
  i: f32 = 0;
  j: f64 = 0;
  text: string = "";
  bytes: Uint8Array = new Uint8Array(0);
  at: Instant = Instant.unset;
  took: Duration = new Duration();
  price: Decimal = Decimal.ofInteger(0);
  maybe: string | null = null;
  tags: string[] = [];
  marks: Array<u64> = [];
  times: Instant[] | null = null;
  @Postgres.column({ type: "int4" }) color: Color = Color.Red;
  @Postgres.column({ type: "character varying (80)" }) short: string = "";
  @Postgres.column({ type: "numeric(12,2)" }) cost: Decimal = Decimal.ofInteger(0);
  @Postgres.column({ name: "json", type: "jsonb" }) body: string = "{}";
  order: string = "";
  createdAt: Instant = Instant.unset;
  orgID: string = "";
  HTTPStatus: i32 = 0;
  @Postgres.column({ name: "MixedCase" }) mixed: string = "";
}

@service
class Directory {
  ping(): void {}
}
