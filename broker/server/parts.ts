import { DecodeError } from '../core/codec/decode-error.ts';
import { STEP_ELEMENT_COUNT, WHOLE_ELEMENT_COUNT_MAX } from '../core/codec/limits.ts';

/**
 * How a request of very many elements is served: part by part, each in a turn of its own, as if they were several requests.
 * So what is named twice may be answered twice.
 */
export interface Parts {
  /** Names of the list that is cut, and of those within its elements that may be cut too. */
  readonly of: readonly string[];
  /** Those of the answer that are joined again. */
  readonly into: readonly string[];
  /** How many elements one of the outermost list stands for, by the time that it takes. */
  readonly weight?: number;
}

/** A decoded message, as far as its lists are concerned. */
export type Message = Readonly<Record<string, unknown>>;

/** Elements of all arrays in a value together. */
export function elementCount(value: unknown): number {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return 0;
  let count = 0;
  if (Array.isArray(value)) for (const one of value) count += 1 + elementCount(one);
  else for (const one of Object.values(value)) count += elementCount(one);
  return count;
}

/** How this request is cut; null when there is nothing in it to cut. */
export function partsOf(request: object, alternatives: readonly Parts[]): Parts | null {
  return alternatives.find(({ of: [name] }) => listOf(request as Message, name).length > 0) ?? null;
}

/**
 * A request in parts of no more than `STEP_ELEMENT_COUNT` elements where that can be. Throws `DecodeError` when one element
 * that can't be cut is larger than `WHOLE_ELEMENT_COUNT_MAX`.
 */
export function* cut(request: object, parts: Parts | null): Generator<object> {
  if (parts === null) yield request;
  else yield* pieces(request as Message, parts.of, parts.weight ?? 1);
}

function* pieces(message: Message, [name = '', ...within]: readonly string[], weight: number): Generator<Message> {
  let some: unknown[] = [];
  let size = 0;
  for (const element of listOf(message, name)) {
    const own = weight + elementCount(element);
    if (size + own > STEP_ELEMENT_COUNT && some.length > 0) {
      yield { ...message, [name]: some };
      some = [];
      size = 0;
    }
    if (own > STEP_ELEMENT_COUNT && within.length > 0) {
      for (const piece of pieces(element as Message, within, 1)) yield { ...message, [name]: [piece] };
    } else {
      if (own > Math.max(weight, WHOLE_ELEMENT_COUNT_MAX)) throw new DecodeError(name, `one with ${own} elements`);
      some.push(element);
      size += own;
    }
  }
  if (some.length > 0) yield { ...message, [name]: some };
}

/** Adds the answer to one part to those before it. An element that was cut is put together again. */
export function join(before: Message | null, next: Message, into: readonly string[]): Message {
  const [name, ...within] = into;
  if (before === null || name === undefined) return next;
  const joined = listOf(before, name) as unknown[];
  const [first, ...others] = listOf(next, name);
  const last = joined.at(-1);
  if (within.length > 0 && isMessage(last) && isMessage(first) && isOne(last, first))
    joined[joined.length - 1] = join(last, first, within);
  else if (first !== undefined) joined.push(first);
  for (const other of others) joined.push(other);
  // One part that failed as a whole tells for all.
  const errorCode = before['errorCode'] === 0 ? next['errorCode'] : before['errorCode'];
  return { ...before, ...(errorCode === undefined ? {} : { errorCode }), [name]: joined };
}

const isMessage = (value: unknown): value is Message => typeof value === 'object' && value !== null;

/** Whether two structs agree in all but their lists. */
function isOne(a: Message, b: Message): boolean {
  return Object.entries(a).every(([name, value]) => Array.isArray(value) || value === b[name]);
}

function listOf(message: Message, name: string | undefined): readonly unknown[] {
  const list = message[name ?? ''];
  return Array.isArray(list) ? list : [];
}
