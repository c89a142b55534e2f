/**
 * Lists, each kept once under a small number, so that a table of numbers can name them: the replicas of many partitions are
 * few different lists. Number 0 is the empty list. Lists are only ever added, and never changed: tables that know the same
 * numbers may share them.
 */
export class InternedLists<T extends number | string> {
  readonly #hashOf: (element: T) => number;
  readonly #lists: (readonly T[])[] = [[]];
  readonly #firstByHash = new Map<number, number>();
  /** By number: the next one of the same hash, 0 at the end. */
  readonly #next: number[] = [0];
  /** What was asked for last: many rows in a row name the same list. */
  #last: { readonly list: readonly T[]; readonly number: number } = { list: [], number: 0 };

  /** `hashOf` gives a 32-bit number of an element. */
  constructor(hashOf: (element: T) => number) {
    this.#hashOf = hashOf;
  }

  /** How many there are: numbers are below. */
  get size(): number {
    return this.#lists.length;
  }

  /** The list of a number that `numberOf` gave. */
  list(number: number): readonly T[] {
    return this.#lists[number] ?? [];
  }

  /** The number of a list. */
  numberOf(list: readonly T[]): number {
    if (list.length === 0) return 0;
    if (list === this.#last.list) return this.#last.number;
    const hash = this.#hash(list);
    const known = this.#find(list, hash);
    const number = known === -1 ? this.#add(list, hash) : known;
    this.#last = { list, number };
    return number;
  }

  /** The number of a list, −1 when it is not kept. */
  find(list: readonly T[]): number {
    return list.length === 0 ? 0 : this.#find(list, this.#hash(list));
  }

  #find(list: readonly T[], hash: number): number {
    for (let number = this.#firstByHash.get(hash) ?? 0; number !== 0; number = this.#next[number] ?? 0) {
      if (isSameList(this.list(number), list)) return number;
    }
    return -1;
  }

  #hash(list: readonly T[]): number {
    let hash = list.length;
    for (const element of list) hash = Math.imul(hash ^ this.#hashOf(element), 0x01000193);
    return hash;
  }

  #add(list: readonly T[], hash: number): number {
    const added = this.#lists.push([...list]) - 1;
    this.#next.push(this.#firstByHash.get(hash) ?? 0);
    this.#firstByHash.set(hash, added);
    return added;
  }
}

/** By the number of each list of `from`: its number in `to`, −1 where it is not kept there. */
export function numbersIn<T extends number | string>(to: InternedLists<T>, from: InternedLists<T>): Int32Array {
  const numbers = new Int32Array(from.size);
  for (let number = 0; number < from.size; number += 1) numbers[number] = to.find(from.list(number));
  return numbers;
}

/** Whether two lists have the same elements in the same order. */
function isSameList<T>(one: readonly T[], other: readonly T[]): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false;
  return true;
}
