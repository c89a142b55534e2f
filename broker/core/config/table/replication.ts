import type { SettingRow } from '../row.ts';
import { LONG_MAX_TEXT } from './limits.ts';

/** Consumers read from the leader. */
const LEADER_SELECTOR = 'org.apache.kafka.common.replica.LeaderSelector';
/** Consumers read from a replica in their rack (KIP-392). */
export const RACK_AWARE_SELECTOR = 'org.apache.kafka.common.replica.RackAwareReplicaSelector';

/** Broker settings of followers and of the leaders that they fetch from. */
export const REPLICATION_SETTINGS = {
  'replica.fetch.backoff.ms': {
    type: 'int',
    default: '1000',
    min: 0,
    change: 'static',
    doc: 'Longest pause after a fetch from a leader that failed, or that the leader refused; the first ones are shorter.',
  },
  'replica.fetch.max.bytes': {
    type: 'int',
    default: '1048576',
    min: 0,
    change: 'static',
    doc: 'Bytes of one partition in a fetch from a leader; a larger batch comes whole and alone.',
  },
  'replica.fetch.min.bytes': {
    type: 'int',
    default: '1',
    change: 'static',
    doc: 'Bytes for which a fetch from a leader waits, as long as replica.fetch.wait.max.ms allows.',
  },
  'replica.fetch.response.max.bytes': {
    type: 'int',
    default: '10485760',
    min: 0,
    change: 'static',
    doc: 'Bytes of one fetch from a leader; four of them may be under way from each.',
  },
  'replica.fetch.wait.max.ms': {
    type: 'int',
    default: '500',
    change: 'static',
    doc: 'How long a fetch from a leader waits for replica.fetch.min.bytes.',
  },
  'leader.replication.throttled.rate': {
    type: 'long',
    default: LONG_MAX_TEXT,
    min: 0,
    change: 'broker',
    doc: 'Bytes per second that this broker sends, as leader of partitions in leader.replication.throttled.replicas, to followers that are not in sync.',
  },
  'follower.replication.throttled.rate': {
    type: 'long',
    default: LONG_MAX_TEXT,
    min: 0,
    change: 'broker',
    doc: 'Bytes per second that this broker fetches, as a follower out of sync of partitions in follower.replication.throttled.replicas, from all leaders together.',
  },
  'replica.lag.time.max.ms': {
    type: 'long',
    default: '10000',
    min: 1,
    change: 'static',
    doc: 'A follower leaves the ISR when for so long it did not have all that its leader had written; what is not synced under weir.durability=fsync it does not have.',
  },
  'replica.selector.class': {
    type: 'string',
    default: '',
    values: ['', LEADER_SELECTOR, RACK_AWARE_SELECTOR],
    change: 'static',
    doc: 'Which replica a consumer is sent to that names its rack (client.rack): with RackAwareReplicaSelector one in that rack; otherwise the leader.',
  },
} as const satisfies Readonly<Record<string, SettingRow>>;
