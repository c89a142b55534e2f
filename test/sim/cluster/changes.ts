/** What a client asked for. Values of settings are used once in a world. */
export type Change =
  | { readonly kind: 'create'; readonly topic: string }
  | { readonly kind: 'delete'; readonly topic: string }
  | { readonly kind: 'grow'; readonly topic: string; readonly count: number }
  | { readonly kind: 'set'; readonly topic: string; readonly value: string };

/**
 * What became of it. `done`: acknowledged. `refused`: certainly not done. `unknown`: no answer, or one that its own earlier
 * attempt may have brought about (a topic that is there already).
 */
export type ChangeOutcome = 'done' | 'refused' | 'unknown';

/** A change as its client saw it. Times in virtual ms. */
export interface ChangeSeen {
  readonly seen: 'change';
  readonly op: number;
  readonly client: string;
  /** The broker it went to. */
  readonly broker: number;
  readonly change: Change;
  readonly invokedMs: number;
  /** Infinite when there was no answer: it may still be carried out. */
  readonly returnedMs: number;
  readonly outcome: ChangeOutcome;
  /** Of a topic that was created. */
  readonly topicId: string | null;
}

/** What a broker said of a topic: null when it has none of that name. */
export interface TopicSeen {
  readonly seen: 'topic';
  readonly broker: number;
  readonly topic: string;
  readonly topicId: string | null;
  readonly partitionCount: number;
  readonly invokedMs: number;
  readonly returnedMs: number;
  /** Asked when everything had come to rest. */
  readonly isFinal: boolean;
}

/** What a broker said of a setting; null: it is not set. */
export interface SettingSeen {
  readonly seen: 'setting';
  readonly broker: number;
  readonly topic: string;
  readonly value: string | null;
  readonly invokedMs: number;
  readonly returnedMs: number;
  readonly isFinal: boolean;
}

/** What the active controller said of a name: it was asked whether such a topic could be made. */
export interface LookSeen {
  readonly seen: 'look';
  readonly broker: number;
  readonly topic: string;
  readonly isThere: boolean;
  readonly invokedMs: number;
  readonly returnedMs: number;
}

/** What the active controller said of the quorum. */
export interface QuorumSeen {
  readonly seen: 'quorum';
  readonly broker: number;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly invokedMs: number;
  readonly returnedMs: number;
}

/** What clients of a cluster saw, in the order in which they knew it. */
export type Seen = ChangeSeen | TopicSeen | SettingSeen | LookSeen | QuorumSeen;
