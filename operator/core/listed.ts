/** So many names are told, of the others how many they are. */
const NAMES_MAX = 10;

/** Names in a sentence, the first ten. `count`: how many there are, where not all of them are named. */
export function listed(names: readonly string[], count: number = names.length): string {
  const told = names.slice(0, NAMES_MAX);
  const more = count - told.length;
  return `${told.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
