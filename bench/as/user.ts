// Owns the value that the suite `codec` is about, as a service would declare it.
export class User {
  id: u32 = 0;
  name: string = "";
  email: string = "";
  age: u8 = 0;
  tags: string[] = [];
  balance: i64 = 0;
  at: f64 = 0;
}
