/** Longest topic name, in characters: a directory is called after it. */
export const TOPIC_NAME_LENGTH_MAX = 249;

const LEGAL = /^[a-zA-Z0-9._-]+$/;

/** Topics of coordinators. */
export const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
]);

/** The topic of Kafka's controllers, a name that nobody else may use. */
export const CLUSTER_METADATA_TOPIC = '__cluster_metadata';

/** Why a name can't be a topic's, or null when it can. */
export function topicNameProblem(name: string): string | null {
  if (name === '') return 'the topic name is empty';
  if (name === '.' || name === '..') return "a topic can't be called '.' or '..'";
  if (name.length > TOPIC_NAME_LENGTH_MAX) return `the topic name is longer than ${TOPIC_NAME_LENGTH_MAX} characters`;
  if (!LEGAL.test(name))
    return `the topic name "${name}" has characters other than ASCII letters, digits, '.', '_' and '-'`;
  return null;
}

/** Names with the same key collide: '.' and '_' become one in metric names. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_');
}

/** Whether a topic belongs to a coordinator; clients hide such topics by default and may not produce to them. */
export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name);
}
