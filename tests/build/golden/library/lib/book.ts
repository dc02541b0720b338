import { Member } from "./people";

class Book {
  id: u32 = 0;
  title: string = "";
  first: Member | null = null;
}

export function shelf(book: Book): u32 {
  return book.id % 7;
}

export { Book };
