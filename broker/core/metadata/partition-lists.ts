import type { BrokerId } from '../base/ids.ts';
import { HashIndex } from './hash-index.ts';
import { InternedLists, numbersIn } from './interned-lists.ts';
import type { PartitionChange } from './records.ts';
import type { PartitionView } from './view.ts';

/** The lists of a partition. */
export type ListsOfPartition = Pick<
  PartitionView,
  'replicas' | 'isr' | 'elr' | 'lastKnownElr' | 'addingReplicas' | 'removingReplicas'
> & { readonly directories: readonly string[] };
/** The same in records; null where a list is not said. */
type SaidLists = Pick<PartitionChange, keyof ListsOfPartition>;

/** Where the number of each list stands among the seven. */
const Place = {
  replicas: 0,
  directories: 1,
  isr: 2,
  elr: 3,
  lastKnownElr: 4,
  addingReplicas: 5,
  removingReplicas: 6,
} as const;
const PLACES = [0, 1, 2, 3, 4, 5, 6] as const;
const LENGTH = PLACES.length;

/**
 * The lists of partitions, so that a row names all seven by one number: lists are kept once, and so is each combination of them
 * that ever was. Number 0 is that of empty lists. Nothing is ever changed or dropped, so tables that know the same numbers may
 * share them; what is not in use any more goes when a table takes what it uses to new ones.
 */
export class PartitionLists {
  readonly #brokers = new InternedLists<BrokerId>((id) => id);
  readonly #directories = new InternedLists<string>(textHash);
  /** Seven numbers of lists for each combination. */
  #cells = new Int32Array(16 * LENGTH);
  #count = 0;
  readonly #index = new HashIndex((number) => hashOf(this.#cells, number * LENGTH));
  /** A combination that is looked for. */
  readonly #wanted = new Int32Array(LENGTH);

  constructor() {
    this.#interned();
  }

  /** How many combinations there are: numbers are below. */
  get count(): number {
    return this.#count;
  }

  /** How many different lists there are. */
  get listCount(): number {
    return this.#brokers.size + this.#directories.size;
  }

  /** What a number stands for; lists that agree are one. */
  of(number: number): ListsOfPartition {
    const at = number * LENGTH;
    return {
      replicas: this.#brokersAt(at + Place.replicas),
      directories: this.#directories.list(this.#cells[at + Place.directories] ?? 0),
      isr: this.#brokersAt(at + Place.isr),
      elr: this.#brokersAt(at + Place.elr),
      lastKnownElr: this.#brokersAt(at + Place.lastKnownElr),
      addingReplicas: this.#brokersAt(at + Place.addingReplicas),
      removingReplicas: this.#brokersAt(at + Place.removingReplicas),
    };
  }

  /** The number of some lists; those that are null are as with the number `before`. */
  numberOf(lists: SaidLists, before: number): number {
    const wanted = this.#wanted;
    for (const place of PLACES) wanted[place] = this.#cells[before * LENGTH + place] ?? 0;
    this.#want(Place.replicas, lists.replicas);
    this.#want(Place.isr, lists.isr);
    this.#want(Place.elr, lists.elr);
    this.#want(Place.lastKnownElr, lists.lastKnownElr);
    this.#want(Place.addingReplicas, lists.addingReplicas);
    this.#want(Place.removingReplicas, lists.removingReplicas);
    if (lists.directories !== null) wanted[Place.directories] = this.#directories.numberOf(lists.directories);
    return this.#interned();
  }

  /** By each number of `from`: the number here, −1 where that is not kept. */
  numbersOf(from: PartitionLists): Int32Array {
    const brokers = numbersIn(this.#brokers, from.#brokers);
    const directories = numbersIn(this.#directories, from.#directories);
    return Int32Array.from({ length: from.#count }, (_, number) => {
      for (const place of PLACES) {
        const list = from.#cells[number * LENGTH + place] ?? 0;
        // Where there is none no combination has it.
        this.#wanted[place] = (place === Place.directories ? directories : brokers)[list] ?? -1;
      }
      return this.#find();
    });
  }

  /** By number: 1 where the lists are so. */
  marks(isSo: (lists: ListsOfPartition) => boolean): Uint8Array {
    return Uint8Array.from({ length: this.#count }, (_, number) => (isSo(this.of(number)) ? 1 : 0));
  }

  /** By number: what the lists come to. */
  map<T>(of: (lists: ListsOfPartition) => T): readonly T[] {
    return Array.from({ length: this.#count }, (_, number) => of(this.of(number)));
  }

  #brokersAt(cell: number): readonly BrokerId[] {
    return this.#brokers.list(this.#cells[cell] ?? 0);
  }

  #want(place: number, ids: readonly number[] | null): void {
    // Ids in records were checked before they were written.
    if (ids !== null) this.#wanted[place] = this.#brokers.numberOf(ids as readonly BrokerId[]);
  }

  /** The number of what is wanted. */
  #interned(): number {
    const known = this.#find();
    if (known !== -1) return known;
    const number = this.#count;
    if ((number + 1) * LENGTH > this.#cells.length) {
      const grown = new Int32Array(2 * this.#cells.length);
      grown.set(this.#cells);
      this.#cells = grown;
    }
    this.#cells.set(this.#wanted, number * LENGTH);
    this.#count += 1;
    this.#index.add(number);
    return number;
  }

  #find(): number {
    return this.#index.find(hashOf(this.#wanted, 0), (number) => {
      for (const place of PLACES) if (this.#cells[number * LENGTH + place] !== this.#wanted[place]) return false;
      return true;
    });
  }
}

function hashOf(numbers: Int32Array, from: number): number {
  let hash = 0;
  for (const place of PLACES) {
    hash = Math.imul(hash ^ (numbers[from + place] ?? 0), 0x5bd1e995);
    hash ^= hash >>> 15;
  }
  return hash;
}

function textHash(text: string): number {
  let hash = text.length;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}
