import { GROUP_BROKER_SETTINGS, GROUP_SETTINGS } from './table/groups.ts';
import { LOG_SETTINGS } from './table/logs.ts';
import { NODE_SETTINGS } from './table/node.ts';
import { REPLICATION_SETTINGS } from './table/replication.ts';
import { TOPIC_SETTINGS } from './table/topic.ts';

/*
 * The one table of every setting that Weir honours, by subject. Names, defaults and bounds are Kafka's where Kafka has the
 * setting; `weir.` marks our own. A row that no source file reads fails a test: nothing is accepted and ignored.
 */

export { GROUP_SETTINGS, TOPIC_SETTINGS };

/** Settings of a broker (ConfigResource BROKER; an empty name means all brokers). */
export const BROKER_SETTINGS = {
  ...NODE_SETTINGS,
  ...LOG_SETTINGS,
  ...GROUP_BROKER_SETTINGS,
  ...REPLICATION_SETTINGS,
} as const;

/** Names of topic settings. */
export type TopicSettingName = keyof typeof TOPIC_SETTINGS;
/** Names of broker settings. */
export type BrokerSettingName = keyof typeof BROKER_SETTINGS;
/** Names of group settings. */
export type GroupSettingName = keyof typeof GROUP_SETTINGS;
