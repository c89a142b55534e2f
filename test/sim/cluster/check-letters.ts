import { type GroupFacts, type Observation, placeKey, type Seen } from '../history.ts';

/** What of one group's history concerns its dead letters; all by the places of records. */
class LettersOf {
  readonly letters: Seen<'letter'>[] = [];
  readonly #accepted = new Set<string>();
  readonly #rejected = new Set<string>();
  /** Lowest offset handed out, by partition. */
  readonly #firstOffsets = new Map<string, number>();
  /** Letters that nodes said they gave up, by partition. */
  readonly #givenUp = new Map<string, number>();

  constructor(history: readonly Observation[], group: string) {
    for (const one of history) if ('group' in one && one.group === group) this.#take(one);
  }

  #take(one: Observation): void {
    switch (one.kind) {
      case 'letter':
        this.letters.push(one);
        break;
      case 'letters-given-up': {
        const partition = `${one.topic}-${one.partition}`;
        this.#givenUp.set(partition, (this.#givenUp.get(partition) ?? 0) + one.count);
        break;
      }
      case 'delivered': {
        const partition = partitionOf(one);
        const first = this.#firstOffsets.get(partition) ?? Number.POSITIVE_INFINITY;
        this.#firstOffsets.set(partition, Math.min(first, one.place.offset));
        break;
      }
      case 'giving-up':
        if (one.verdict === 'reject') this.#rejected.add(placeKey(one.place));
        break;
      case 'settled':
      case 'unsettled':
        if (one.verdict === 'accept') this.#accepted.add(placeKey(one.place));
        break;
      default:
        break;
    }
  }

  /** What a letter says that can't be. */
  problemsOf(letter: Seen<'letter'>, { deliveryLimit, topics, deadLetters }: GroupFacts): string[] {
    const { place, deliveryCount, reason, value } = letter;
    const wrong: string[] = [];
    if (deadLetters === undefined || !topics.includes(place.topic)) wrong.push('which it has nothing to do with');
    if (!(deliveryCount >= 1 && deliveryCount <= deliveryLimit)) wrong.push(`delivered ${deliveryCount} times`);
    if (reason === 'other') wrong.push('for no reason that there is');
    if (reason === 'rejected' && !this.#rejected.has(placeKey(place))) wrong.push('which nobody rejected');
    if (reason === 'exhausted' && deliveryCount < deliveryLimit)
      wrong.push(`with ${deliveryCount} deliveries behind it`);
    if (value !== null && deadLetters?.areCopies === false) wrong.push('with a copy that nobody wants');
    return wrong;
  }

  /** Whether the group had nothing to do with it, or somebody may have accepted it. */
  isExcused(one: Seen<'acknowledged' | 'scanned'>, { offsetReset }: GroupFacts): boolean {
    const first = this.#firstOffsets.get(partitionOf(one)) ?? Number.POSITIVE_INFINITY;
    return (offsetReset === 'latest' && one.place.offset < first) || this.#accepted.has(placeKey(one.place));
  }

  givenUpOf(partition: string): number {
    return this.#givenUp.get(partition) ?? 0;
  }
}

function partitionOf({ place }: Pick<Seen<'delivered'>, 'place'>): string {
  return `${place.topic}-${place.partition}`;
}

/**
 * S4, of groups with dead letters: when a group has finished everything (`drained`), each record that nobody accepted has left a letter;
 * of a partition as many may lack as nodes said they gave up. And what letters say is true. A history in which no topic is deleted, and
 * nothing of it.
 */
export function checkLetters(
  history: readonly Observation[],
  groups: ReadonlyMap<string, GroupFacts>,
  drained: ReadonlySet<string>,
): string[] {
  const values = new Map<string, Seen<'acknowledged' | 'scanned'>>();
  for (const one of history)
    if (one.kind === 'acknowledged' || one.kind === 'scanned') values.set(placeKey(one.place), one);
  return [...groups].flatMap(([group, facts]) => {
    const known = new LettersOf(history, group);
    const problems = known.letters.flatMap((letter) => {
      const key = placeKey(letter.place);
      const { value } = letter;
      const wrong = known.problemsOf(letter, facts);
      if (value !== null && value !== values.get(key)?.value) wrong.push(`with a copy of ${value}`);
      return wrong.map((why) => `S4: ${group} left a dead letter of ${key}, ${why}`);
    });
    if (facts.deadLetters === undefined || !drained.has(group)) return problems;
    const lettered = new Set(known.letters.map(({ place }) => placeKey(place)));
    const missing = new Map<string, string[]>();
    for (const [key, one] of values) {
      if (!facts.topics.includes(one.place.topic) || lettered.has(key) || known.isExcused(one, facts)) continue;
      const partition = partitionOf(one);
      missing.set(partition, [...(missing.get(partition) ?? []), `${one.value} at ${key}`]);
    }
    for (const [partition, records] of missing) {
      const givenUp = known.givenUpOf(partition);
      if (records.length <= givenUp) continue;
      const excuse = givenUp === 0 ? '' : `, where ${givenUp} were given up`;
      for (const record of records)
        problems.push(`S4: ${group} left no dead letter of ${record}, which nobody accepted${excuse}`);
    }
    return problems;
  });
}
