import { crc32c } from '../../../broker/io/crc32c.ts';
import {
  type AppendRequest,
  type Entry,
  isSame,
  keyOf,
  type LogIndex,
  type LogPlace,
  type Message,
  type ReplicaKey,
  type SnapshotRequest,
  type Term,
  type TimeoutNow,
  type VoteResponse,
} from '../../../broker/core/raft/types.ts';
import { VoteWatch, type WatchedWorld } from './vote-watch.ts';

/** What is known of one entry: what stands before it, and what it says. */
interface SeenEntry {
  readonly previousTerm: Term;
  readonly digest: string;
  readonly voters: readonly ReplicaKey[] | null;
}

/** What one leadership said of its log. */
interface SeenLeader {
  readonly replica: ReplicaKey;
  readonly term: Term;
  /** Term of the entry at each index, as far as it was told. */
  readonly terms: Map<LogIndex, Term>;
  lastIndex: LogIndex;
  /** How far others said to have its log, by replica. */
  readonly matched: Map<string, LogIndex>;
  committedIndex: LogIndex;
  /** Up to here its committed entries were compared. */
  comparedIndex: LogIndex;
}

/**
 * Looks at the messages of a quorum, and says what may not be: Q1, a term has one leader; Q2, what is committed stays, in
 * every later leader's log; Q4, voters change one at a time (PROTOCOL.md §4.3, V5, V7). Knows nothing of any node's state.
 */
export class QuorumWatch {
  readonly problems: string[] = [];
  readonly #leaders = new Map<Term, SeenLeader>();
  readonly #entries = new Map<string, SeenEntry>();
  /** By index: term of the committed entry, and of the first leader that committed it. */
  readonly #committed = new Map<LogIndex, { readonly term: Term; readonly by: Term }>();
  readonly #votes: VoteWatch;
  /** By replica: the furthest place that it said to have; by candidate and term: where its log ends. */
  readonly #durable = new Map<string, LogPlace>();
  readonly #asked = new Map<string, LogPlace>();
  /** The last change of voters that a leader sent; none before the first. */
  latestVoters: readonly ReplicaKey[] = [];
  readonly #world: WatchedWorld;
  #committedIndex: LogIndex = 0;

  constructor(world: WatchedWorld) {
    this.#world = world;
    this.#votes = new VoteWatch(world, (problem) => this.#complain(problem));
  }

  /** Largest index that anybody called committed. */
  get committedIndex(): LogIndex {
    return this.#committedIndex;
  }

  /** Number of leaderships. */
  get leaderCount(): number {
    return this.#leaders.size;
  }

  /** A message is sent. */
  sent(message: Message): void {
    this.#votes.sent(message);
    if (message.kind === 'append') this.#append(message);
    else if (message.kind === 'snapshot') this.#snapshot(message);
    else if (message.kind === 'append-response' && message.outcome === 'matched')
      this.#matchedUpTo(message, message.index);
    else if (message.kind === 'snapshot-response') this.#matchedUpTo(message, message.place.index);
    else if (message.kind === 'timeout-now') this.#transfers(message);
    else if (message.kind === 'vote-response' && message.isGranted) this.#helps(message);
  }

  /** A message arrives. */
  arrived(message: Message): void {
    this.#votes.arrived(message);
    if (message.kind === 'vote') this.#asked.set(`${keyOf(message.from)} ${message.term}`, message.last);
  }

  #leaderOf(message: AppendRequest | SnapshotRequest): SeenLeader {
    const { term, from } = message;
    const known = this.#leaders.get(term);
    if (known !== undefined) {
      if (!isSame(known.replica, from))
        this.#complain(`Q1: ${keyOf(known.replica)} and ${keyOf(from)} lead term ${term}`);
      return known;
    }
    const leader = {
      ...{ replica: from, term, terms: new Map(), matched: new Map() },
      ...{ lastIndex: 0, committedIndex: 0, comparedIndex: 0 },
    };
    this.#leaders.set(term, leader);
    this.#world.onLeader(from, term);
    return leader;
  }

  #append(message: AppendRequest): void {
    const leader = this.#leaderOf(message);
    this.#place(leader, message.previous.index, message.previous.term);
    let before = message.previous.term;
    for (const entry of message.entries) {
      this.#place(leader, entry.index, entry.term);
      this.#entry(entry, before, message);
      before = entry.term;
    }
    this.#commit(leader, message.committedIndex);
  }

  #snapshot(message: SnapshotRequest): void {
    const leader = this.#leaderOf(message);
    const { index, term } = message.meta.place;
    this.#place(leader, index, term);
    this.#commit(leader, Math.max(index, leader.committedIndex));
  }

  /** A leader has an entry of this term there. What was committed in earlier terms is the same in its log (Q2). */
  #place(leader: SeenLeader, index: LogIndex, term: Term): void {
    if (index === 0 || leader.terms.get(index) === term) return;
    const own = leader.terms.get(index);
    if (own !== undefined)
      this.#complain(`Q2: the leader of term ${leader.term} has entry ${index} of term ${own} and of term ${term}`);
    leader.terms.set(index, term);
    leader.lastIndex = Math.max(leader.lastIndex, index);
    const committed = this.#committed.get(index);
    if (committed !== undefined && committed.by <= leader.term && committed.term !== term)
      this.#complain(`Q2: ${this.#lacks(leader, index, committed.term)} but one of term ${term}`);
  }

  /** A replica said that it has a leader's log up to an index, synced. */
  #matchedUpTo({ from, term }: Message, index: LogIndex): void {
    const leader = this.#leaders.get(term);
    if (leader === undefined) return;
    const { matched, terms } = leader;
    const key = keyOf(from);
    matched.set(key, Math.max(matched.get(key) ?? 0, index));
    const place = { index, term: terms.get(index) ?? 0 };
    const before = this.#durable.get(key);
    if (before === undefined || isBehind(before, place)) this.#durable.set(key, place);
  }

  /** A vote goes to somebody whose log has all that the voter ever said to have, and may have lost since (Raft §5.4.1, V10). */
  #helps({ from, to, term }: VoteResponse): void {
    const last = this.#asked.get(`${keyOf(to)} ${term}`);
    const has = this.#durable.get(keyOf(from));
    if (last === undefined || has === undefined || !isBehind(last, has)) return;
    const theirs = `${last.index} of term ${last.term}`;
    this.#complain(
      `Q2: ${keyOf(from)} has entry ${has.index} of term ${has.term} and votes for ${keyOf(to)}, which ends at ${theirs}`,
    );
  }

  /** Only who has the whole log is asked to take over; from a leader that leaves, who has all that is committed (V5). */
  #transfers({ from, to, term }: TimeoutNow): void {
    const leader = this.#leaders.get(term);
    if (leader === undefined) return;
    const isLeaving = !this.latestVoters.some((voter) => isSame(voter, from));
    const needed = isLeaving ? leader.committedIndex : leader.lastIndex;
    const has = leader.matched.get(keyOf(to)) ?? 0;
    if (has < needed)
      this.#complain(`V5: ${keyOf(from)} hands over to ${keyOf(to)}, which has ${has} of ${needed} entries`);
  }

  /** Entries of one place are the same entry, with the same before it (log matching). */
  #entry(entry: Entry, previousTerm: Term, message: AppendRequest): void {
    const key = `${entry.index} of term ${entry.term}`;
    const { body } = entry;
    const voters = body.kind === 'voters' ? body.voters : null;
    const digest =
      body.kind === 'batch'
        ? `batch ${crc32c(body.payload, 0, body.payload.length)}`
        : body.kind === 'voters'
          ? `voters ${body.voters.map(keyOf).join(' ')}`
          : body.kind;
    const known = this.#entries.get(key);
    if (known === undefined) {
      this.#entries.set(key, { previousTerm, digest, voters });
      if (voters !== null) this.latestVoters = voters;
      if (voters !== null && entry.term === message.term) this.#changes(entry, message);
    } else if (known.digest !== digest || known.previousTerm !== previousTerm) {
      this.#complain(`Q2: entry ${key} is ${digest} after term ${previousTerm}, was ${known.digest}`);
    }
  }

  /** A change of voters is begun only when the last one, and an entry of this term, are committed (Q4, V7). */
  #changes(entry: Entry, message: AppendRequest): void {
    const leader = this.#leaders.get(message.term);
    if (leader === undefined || entry.index <= leader.committedIndex) return;
    const committed = Math.max(leader.committedIndex, message.committedIndex);
    for (let index = entry.index - 1; index > committed; index -= 1) {
      const term = leader.terms.get(index);
      if (term === undefined) return;
      if (this.#entries.get(`${index} of term ${term}`)?.voters) {
        this.#complain(`Q4: voters change at ${entry.index} while the change at ${index} is not committed`);
        return;
      }
    }
  }

  #commit(leader: SeenLeader, committedIndex: LogIndex): void {
    leader.committedIndex = Math.max(leader.committedIndex, committedIndex);
    this.#committedIndex = Math.max(this.#committedIndex, committedIndex);
    // What was not told yet of this leader's log is compared when it is.
    for (let index = leader.comparedIndex + 1; index <= leader.committedIndex; index += 1) {
      const term = leader.terms.get(index);
      if (term !== undefined) this.#committedAt(leader, index, term);
      leader.comparedIndex = index;
    }
  }

  #committedAt(leader: SeenLeader, index: LogIndex, term: Term): void {
    const known = this.#committed.get(index);
    if (known !== undefined) {
      if (known.term !== term)
        this.#complain(
          `Q2: the leader of term ${leader.term} commits entry ${index} of term ${term}, committed is one of term ${known.term}`,
        );
      return;
    }
    this.#committed.set(index, { term, by: leader.term });
    this.#changed(index, term);
    this.#counts(leader, index, term);
    for (const other of this.#leaders.values()) {
      const theirs = other.terms.get(index);
      if (other.term > leader.term && theirs !== undefined && theirs !== term)
        this.#complain(`Q2: ${this.#lacks(other, index, term)} but one of term ${theirs}`);
    }
  }

  /** What an earlier leader appended is committed only through an entry of one's own (V7), unless one was that leader. */
  #counts(leader: SeenLeader, index: LogIndex, term: Term): void {
    if (index < leader.committedIndex || term === leader.term) return;
    const earlier = this.#leaders.get(term);
    if (earlier !== undefined && !isSame(earlier.replica, leader.replica))
      this.#complain(
        `V7: ${keyOf(leader.replica)} in term ${leader.term} commits entry ${index} of term ${term} by counting`,
      );
  }

  /** Committed sets of voters that follow each other differ by one (Q4). */
  #changed(index: LogIndex, term: Term): void {
    const voters = this.#entries.get(`${index} of term ${term}`)?.voters ?? null;
    if (voters === null) return;
    for (let at = index - 1; at > 0; at -= 1) {
      const before = this.#committed.get(at);
      if (before === undefined) return;
      const old = this.#entries.get(`${at} of term ${before.term}`)?.voters ?? null;
      if (old === null) continue;
      const gone = old.filter((one) => !voters.some((other) => isSame(one, other)));
      const come = voters.filter((one) => !old.some((other) => isSame(one, other)));
      if (gone.length + come.length > 1)
        this.#complain(`Q4: voters change by ${gone.length + come.length} from entry ${at} to ${index}`);
      return;
    }
  }

  #lacks(leader: SeenLeader, index: LogIndex, term: Term): string {
    return `the leader ${keyOf(leader.replica)} of term ${leader.term} lacks the committed entry ${index} of term ${term}, has none`;
  }

  #complain(problem: string): void {
    if (!this.problems.includes(problem)) this.problems.push(problem);
  }
}

/** Whether a log that ends at one place is behind one that ends at another (Raft §5.4.1). */
function isBehind(one: LogPlace, other: LogPlace): boolean {
  return one.term < other.term || (one.term === other.term && one.index < other.index);
}
