/** Java's `String.hashCode`: 31-polynomial over UTF-16 code units, wrapped to a signed 32-bit integer. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

/** Kafka's `Utils.abs`: the absolute value, with 0 for the one number that has none. */
function javaAbs(value: number): number {
  return value === -0x8000_0000 ? 0 : Math.abs(value);
}

/**
 * The partition of a coordinator's topic that owns `key` (a group id, or `groupId:topicId:partition` for share state).
 * `partitionCount` ≥ 1 must never change while the topic lives: the answer would.
 */
export function partitionForKey(key: string, partitionCount: number): number {
  return javaAbs(javaHashCode(key)) % partitionCount;
}
