/** Somebody who reads. */
export class Member {
  name: string = "";
}
