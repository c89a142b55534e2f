import type { SettingRow, TopicSettingRow } from './row.ts';

/*
 * Settings of Kafka that are accepted, checked and shown, and change nothing here, each with the reason. They stand apart
 * from `table.ts` so that no source file can read one by its name.
 */

/** Topic settings without effect. */
export const TOPIC_WITHOUT_EFFECT = {
  preallocate: {
    type: 'boolean',
    default: 'false',
    change: 'cluster',
    synonyms: [{ name: 'log.preallocate', factor: 1 }],
    withoutEffect: 'A segment file always grows as it is written, so that its size says where its records end.',
    doc: 'Whether a new segment takes its whole size on disk at once.',
  },
} as const satisfies Readonly<Record<string, TopicSettingRow>>;

/** Broker settings without effect. */
export const BROKER_WITHOUT_EFFECT = {
  'background.threads': {
    type: 'int',
    default: '10',
    min: 1,
    change: 'cluster',
    withoutEffect: 'Background work runs on one event loop in turns of bounded length; there is no pool to size.',
    doc: 'Threads for background work.',
  },
  'log.preallocate': {
    type: 'boolean',
    default: TOPIC_WITHOUT_EFFECT.preallocate.default,
    change: 'cluster',
    withoutEffect: TOPIC_WITHOUT_EFFECT.preallocate.withoutEffect,
    doc: 'Default of preallocate for topics without their own.',
  },
} as const satisfies Readonly<Record<string, SettingRow>>;
