import { asRecord } from '../answer.ts';
import { CONTAINER } from './names.ts';

/** What is at a path of foreign JSON; undefined where there is nothing. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((one, field) => {
    const record = asRecord(one);
    return record !== null && Object.hasOwn(record, field) ? record[field] : undefined;
  }, value);
}

/** The text at a path, null when there is none. */
export function textAt(value: unknown, ...path: readonly string[]): string | null {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : null;
}

/** The list at a path, empty when there is none. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** A time as servers write them (RFC 3339), wall clock, ms since the epoch; null where it is none. */
export function timeOf(text: string | null): number | null {
  try {
    return text === null ? null : Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    // Nothing else can be wrong with it.
    return null;
  }
}

/** The tag of a node's image, in its pod or in what it is made from; null where there is none. */
export function versionOf(pod: unknown): string | null {
  const container = listAt(pod, 'spec', 'containers').find((one) => textAt(one, 'name') === CONTAINER);
  return /:([^/:@]+)(?:@|$)/.exec(textAt(container, 'image') ?? '')?.[1] ?? null;
}
