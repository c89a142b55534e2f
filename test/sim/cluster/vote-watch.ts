import { isSame, keyOf, type Message, type ReplicaKey, type Term } from '../../../broker/core/raft/types.ts';

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

/** Life of a node that has none, or that has hung up to end it. */
export const NOT_ALIVE = -1;

/** Part of E for which a voter that heard its leader refuses others, whatever pace its clock has. */
const SURELY = 0.9;

/**
 * Looks at how leaders come about (Q3): nobody is helped against a leader that is heard, and nobody asks for votes without a
 * pre-vote (V1, V2); nobody votes twice in a term (V2).
 */
export class VoteWatch {
  readonly #contacts = new Map<string, Contact>();
  /** The latest term that a replica may be in: a leader of an earlier one is not heard any more. */
  readonly #terms = new Map<string, Term>();
  /** By replica: the first round of such a leader that came since. Who answers a later one in that term is in it after all. */
  readonly #passedOver = new Map<string, { readonly term: Term; readonly round: number }>();
  /** Questions for (pre-)votes that came to one that had just heard its leader; and pre-votes that were granted. */
  readonly #untimely = new Set<string>();
  readonly #granted = new Set<string>();
  /** By replica and term: who got its vote. */
  readonly #votes = new Map<string, ReplicaKey>();
  readonly #world: WatchedWorld;
  readonly #complain: (problem: string) => void;

  constructor(world: WatchedWorld, complain: (problem: string) => void) {
    this.#world = world;
    this.#complain = complain;
  }

  /** A message is sent. */
  sent(message: Message): void {
    const { kind, from, to, term } = message;
    const passedOver = this.#passedOver.get(keyOf(from));
    if (kind === 'append-response' && term === passedOver?.term && message.round > passedOver.round) {
      this.#terms.set(keyOf(from), term);
      this.#passedOver.delete(keyOf(from));
    }
    this.#mayBeIn(keyOf(from), kind === 'pre-vote' ? term - 1 : term);
    if (kind === 'vote' && !message.isTransfer && !this.#granted.has(`${keyOf(from)} ${term}`))
      this.#complain(`Q3: ${keyOf(from)} asks for votes in term ${term} without a pre-vote`);
    else if ((kind === 'vote-response' || kind === 'pre-vote-response') && message.isGranted) {
      const asked = kind === 'vote-response' ? `vote ${term}` : `pre-vote ${message.askedTerm}`;
      if (this.#untimely.has(`${keyOf(to)} ${keyOf(from)} ${asked}`))
        this.#complain(`Q3: ${keyOf(from)} hears its leader and grants ${keyOf(to)} its ${asked}`);
    }
    if (kind === 'vote-response' && message.isGranted) this.#voted(from, to, term);
  }

  #voted(from: ReplicaKey, to: ReplicaKey, term: Term): void {
    const key = `${keyOf(from)} ${term}`;
    const other = this.#votes.get(key) ?? to;
    if (!isSame(other, to))
      this.#complain(`Q1: ${keyOf(from)} votes for ${keyOf(other)} and for ${keyOf(to)} in term ${term}`);
    this.#votes.set(key, to);
  }

  /** A message arrives. */
  arrived(message: Message): void {
    const { kind, from, to, term } = message;
    const key = keyOf(to);
    const nowMs = this.#world.nowMs();
    // Who is told of a later term in an answer is in it at once, and has no leader there (core/raft I7).
    if (kind.endsWith('-response')) this.#mayBeIn(key, term);
    if (kind === 'append' || kind === 'snapshot') {
      if (term < (this.#terms.get(key) ?? term)) {
        if (this.#passedOver.get(key)?.term !== term) this.#passedOver.set(key, { term, round: message.round });
        return;
      }
      const [life, leaderLife] = [this.#world.lifeOf(to.id), this.#world.lifeOf(from.id)];
      this.#contacts.set(key, { atMs: nowMs, term, leader: from.id, life, leaderLife });
    } else if (kind === 'pre-vote-response' && message.isGranted) {
      this.#granted.add(`${key} ${message.askedTerm}`);
    } else if (kind === 'pre-vote' || (kind === 'vote' && !message.isTransfer)) {
      const contact = this.#contacts.get(key);
      const question = `${keyOf(from)} ${key} ${kind} ${term}`;
      const isGiven = isSame(this.#votes.get(`${key} ${term}`) ?? null, from) || contact?.leader === from.id;
      // A question may come again: what counts is the last time, and a vote that was given stays given.
      if (contact !== undefined && !isGiven && this.#isInForce(contact, to)) this.#untimely.add(question);
      else this.#untimely.delete(question);
      if (kind === 'vote' && !this.#untimely.has(question)) this.#mayBeIn(key, term);
    } else if (kind === 'vote') this.#mayBeIn(key, term);
  }

  #mayBeIn(key: string, term: Term): void {
    if (term > (this.#terms.get(key) ?? 0)) this.#terms.set(key, term);
    if (term > (this.#contacts.get(key)?.term ?? term)) this.#contacts.delete(key);
  }

  /** The same processes, a moment later: a leader whose process is gone may be replaced at once (V8). */
  #isInForce({ atMs, leader, life, leaderLife }: Contact, to: ReplicaKey): boolean {
    const { nowMs, lifeOf, electionTimeoutMs } = this.#world;
    if (leader === to.id || life !== lifeOf(to.id)) return false;
    if (leaderLife === NOT_ALIVE || leaderLife !== lifeOf(leader)) return false;
    return nowMs() - atMs < SURELY * electionTimeoutMs;
  }
}
