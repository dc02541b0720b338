export { Book, shelf } from "./book";
export const type = "lent";
