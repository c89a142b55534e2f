/** A struct in its encoded form, in place of the struct itself as an element of an array: it is written as it is. */
export class Encoded {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}
