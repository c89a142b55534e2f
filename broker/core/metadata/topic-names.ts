import { Buffer } from 'node:buffer';
import { assert } from '../base/assert.ts';

/** Bytes of a chunk: what the first name after a copy costs. */
const CHUNK_SIZE = 8192;
const LENGTH_MAX = 255;
const DOT = 46;
const UNDERSCORE = 95;
const ASCII_MAX = 127;

/**
 * Names of topics, which are ASCII (Kafka's rule), one after the other in chunks of bytes, each behind its length. What was
 * added is never changed. A copy costs nothing until one of the two gets another name.
 */
export class TopicNames {
  #chunks: Buffer[] = [];
  /** Where the next one goes, all chunks together. */
  #end = 0;
  #isShared = false;

  clone(): TopicNames {
    const copy = new TopicNames();
    copy.#chunks = this.#chunks;
    copy.#end = this.#end;
    copy.#isShared = true;
    this.#isShared = true;
    return copy;
  }

  /** Gives where it is. */
  add(name: string): number {
    assert(name.length > 0 && name.length <= LENGTH_MAX, `a name of ${name.length} characters`);
    const room = this.#chunks.length * CHUNK_SIZE - this.#end;
    if (this.#isShared) this.#own();
    if (room < 1 + name.length) {
      this.#end = this.#chunks.length * CHUNK_SIZE;
      this.#chunks.push(Buffer.alloc(CHUNK_SIZE));
    }
    const [place, chunk] = [this.#end, this.#chunk(this.#end)];
    let at = place % CHUNK_SIZE;
    chunk[at] = name.length;
    for (let index = 0; index < name.length; index += 1) {
      const code = name.charCodeAt(index);
      assert(code <= ASCII_MAX, `the name '${name}' is not ASCII`);
      at += 1;
      chunk[at] = code;
    }
    this.#end += 1 + name.length;
    return place;
  }

  /** The name at a place that `add` gave. */
  name(place: number): string {
    const chunk = this.#chunk(place);
    const at = place % CHUNK_SIZE;
    const length = chunk[at] ?? 0;
    return chunk.toString('latin1', at + 1, at + 1 + length);
  }

  /** Whether the name there is this one, `folded`: or differs from it only in '.' against '_'. */
  is(place: number, name: string, options?: { readonly folded: boolean }): boolean {
    const chunk = this.#chunk(place);
    const at = place % CHUNK_SIZE;
    if (chunk[at] !== name.length) return false;
    const folded = options?.folded === true;
    // Names often begin alike.
    for (let index = name.length; index > 0; index -= 1) {
      const [one, other] = [chunk[at + index] ?? 0, name.charCodeAt(index - 1)];
      if (one !== other && !(folded && fold(one) === fold(other))) return false;
    }
    return true;
  }

  /** As `nameHash` of the name there. */
  hash(place: number): number {
    const chunk = this.#chunk(place);
    const at = place % CHUNK_SIZE;
    const length = chunk[at] ?? 0;
    let hash = length;
    for (let index = 1; index <= length; index += 1) hash = mixed(hash, chunk[at + index] ?? 0);
    return hash;
  }

  #chunk(place: number): Buffer {
    const chunk = this.#chunks[Math.floor(place / CHUNK_SIZE)];
    assert(chunk !== undefined, `no name at ${place}`);
    return chunk;
  }

  #own(): void {
    const last = this.#chunks.at(-1);
    this.#chunks = last === undefined ? [] : [...this.#chunks.slice(0, -1), Buffer.from(last)];
    this.#isShared = false;
  }
}

/** A hash that is the same for names that differ only in '.' against '_'. */
export function nameHash(name: string): number {
  let hash = name.length;
  for (let index = 0; index < name.length; index += 1) hash = mixed(hash, name.charCodeAt(index));
  return hash;
}

function mixed(hash: number, code: number): number {
  return Math.imul(hash ^ fold(code), 0x01000193);
}

function fold(code: number): number {
  return code === DOT ? UNDERSCORE : code;
}
