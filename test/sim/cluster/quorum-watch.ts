import { crc32c } from '../../../broker/io/crc32c.ts';
import {
  type AppendRequest,
  type Entry,
  isSame,
  keyOf,
  type LogIndex,
  type Message,
  type ReplicaKey,
  type SnapshotRequest,
  type Term,
} from '../../../broker/core/raft/types.ts';

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
  committedIndex: LogIndex;
  /** Up to here its committed entries were compared. */
  comparedIndex: LogIndex;
}

/** When a replica last heard its leader, and which processes those were. */
interface Contact {
  readonly atMs: number;
  readonly term: Term;
  readonly leader: number;
  readonly life: number;
  readonly leaderLife: number;
}

/** What the watch has to know of the world. */
export interface WatchedWorld {
  readonly nowMs: () => number;
  /** Changes with each end and start of a node's process; `NOT_ALIVE` between them. */
  readonly lifeOf: (id: number) => number;
  /** E of SAFETY.md, ms. */
  readonly electionTimeoutMs: number;
  /** Somebody leads for the first time. */
  readonly onLeader: (leader: ReplicaKey, term: Term) => void;
}

/** Life of a node that has none. */
export const NOT_ALIVE = -1;

/** Part of E for which a voter that heard its leader refuses others, whatever pace its clock has. */
const SURELY = 0.9;

/**
 * Looks at the messages of a quorum, and says what may not be: Q1, a term has one leader; Q2, what is committed stays, in
 * every later leader's log; Q3, nobody is helped against a leader that is heard, and nobody asks for votes without a pre-vote
 * (V1, V2); Q4, voters change one at a time (PROTOCOL.md §4.3, V7). Knows nothing of any node's state.
 */
export class QuorumWatch {
  readonly problems: string[] = [];
  readonly #leaders = new Map<Term, SeenLeader>();
  readonly #entries = new Map<string, SeenEntry>();
  /** By index: term of the committed entry, and of the first leader that committed it. */
  readonly #committed = new Map<LogIndex, { readonly term: Term; readonly by: Term }>();
  readonly #contacts = new Map<string, Contact>();
  /** Questions for (pre-)votes that came to one that had just heard its leader; and pre-votes that were granted. */
  readonly #untimely = new Set<string>();
  readonly #granted = new Set<string>();
  readonly #world: WatchedWorld;
  #committedIndex: LogIndex = 0;

  constructor(world: WatchedWorld) {
    this.#world = world;
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
    const { kind, from, to, term } = message;
    const contact = this.#contacts.get(keyOf(from));
    if (contact !== undefined && term > contact.term) this.#contacts.delete(keyOf(from));
    if (kind === 'append') this.#append(message);
    else if (kind === 'snapshot') this.#snapshot(message);
    else if (kind === 'vote' && !message.isTransfer && !this.#granted.has(`${keyOf(from)} ${term}`))
      this.#complain(`Q3: ${keyOf(from)} asks for votes in term ${term} without a pre-vote`);
    else if ((kind === 'vote-response' || kind === 'pre-vote-response') && message.isGranted) {
      const asked = kind === 'vote-response' ? `vote ${term}` : `pre-vote ${message.askedTerm}`;
      if (this.#untimely.has(`${keyOf(to)} ${keyOf(from)} ${asked}`))
        this.#complain(`Q3: ${keyOf(from)} hears its leader and grants ${keyOf(to)} its ${asked}`);
    }
  }

  /** A message arrives. */
  arrived(message: Message): void {
    const { kind, from, to, term } = message;
    const key = keyOf(to);
    const nowMs = this.#world.nowMs();
    if (kind === 'append' || kind === 'snapshot') {
      const [life, leaderLife] = [this.#world.lifeOf(to.id), this.#world.lifeOf(from.id)];
      this.#contacts.set(key, { atMs: nowMs, term, leader: from.id, life, leaderLife });
    } else if (kind === 'pre-vote-response' && message.isGranted) {
      this.#granted.add(`${key} ${message.askedTerm}`);
    } else if (kind === 'pre-vote' || (kind === 'vote' && !message.isTransfer)) {
      const contact = this.#contacts.get(key);
      const question = `${keyOf(from)} ${key} ${kind} ${term}`;
      // Asked again, it may be granted: what counts is the last time.
      if (contact !== undefined && this.#isInForce(contact, to)) this.#untimely.add(question);
      else this.#untimely.delete(question);
    }
  }

  /** The same processes, a moment later: a leader whose process is gone may be replaced at once (V8). */
  #isInForce({ atMs, leader, life, leaderLife }: Contact, to: ReplicaKey): boolean {
    const { nowMs, lifeOf, electionTimeoutMs } = this.#world;
    if (leader === to.id || life !== lifeOf(to.id)) return false;
    if (leaderLife === NOT_ALIVE || leaderLife !== lifeOf(leader)) return false;
    return nowMs() - atMs < SURELY * electionTimeoutMs;
  }

  #leaderOf(message: AppendRequest | SnapshotRequest): SeenLeader {
    const { term, from } = message;
    const known = this.#leaders.get(term);
    if (known !== undefined) {
      if (!isSame(known.replica, from))
        this.#complain(`Q1: ${keyOf(known.replica)} and ${keyOf(from)} lead term ${term}`);
      return known;
    }
    const leader = { replica: from, term, terms: new Map(), committedIndex: 0, comparedIndex: 0 };
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
    const committed = this.#committed.get(index);
    if (committed !== undefined && committed.by <= leader.term && committed.term !== term)
      this.#complain(`Q2: ${this.#lacks(leader, index, committed.term)} but one of term ${term}`);
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
    for (const other of this.#leaders.values()) {
      const theirs = other.terms.get(index);
      if (other.term > leader.term && theirs !== undefined && theirs !== term)
        this.#complain(`Q2: ${this.#lacks(other, index, term)} but one of term ${theirs}`);
    }
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
