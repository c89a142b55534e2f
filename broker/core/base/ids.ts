declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** `node.id` of a broker, ≥ 0. */
export type BrokerId = Branded<number, 'BrokerId'>;
/** A topic's id as Kafka prints it: 22 characters of unpadded base64url. */
export type TopicId = Branded<string, 'TopicId'>;
/** Epoch of one leadership of one partition, ≥ 0; every election raises it. */
export type LeaderEpoch = Branded<number, 'LeaderEpoch'>;

/** The id that stands for "no topic id" on the wire: 16 zero bytes. */
export const ZERO_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA' as TopicId;

/** Marks a checked number as a broker id. */
export const brokerId = (value: number): BrokerId => value as BrokerId;
/** Marks a checked text as a topic id. */
export const topicId = (value: string): TopicId => value as TopicId;
/** Marks a checked number as a leader epoch. */
export const leaderEpoch = (value: number): LeaderEpoch => value as LeaderEpoch;
