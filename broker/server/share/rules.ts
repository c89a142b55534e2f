import { parseShareOffsetReset, type ShareOffsetReset } from '../../core/config/duration.ts';
import type { Settings } from '../../core/config/settings.ts';
import { SHARE_DEAD_LETTERS, SHARE_VERSION } from '../../core/metadata/features.ts';
import type { MetadataView } from '../../core/metadata/view.ts';
import type { GroupRules } from '../../core/share/in-flight.ts';

/** Where a share group's settings come from. */
export interface RuleSource {
  readonly settings: Settings;
  readonly metadata: { readonly view: MetadataView };
}

/** What the group's settings say now: they may change while records are in flight. */
export function rulesOf(source: RuleSource, groupId: string): GroupRules {
  const { settings } = source;
  const overrides = source.metadata.view.configOverrides('group', groupId);
  return {
    deliveryCountLimit: settings.group(overrides, 'share.delivery.count.limit'),
    lockDurationMs: settings.group(overrides, 'share.record.lock.duration.ms'),
    recordLocksMax: settings.group(overrides, 'share.partition.max.record.locks'),
    deadLetters: deadLetterTopic(source, overrides) !== '',
    renewEnabled: settings.group(overrides, 'share.renew.acknowledge.enable'),
  };
}

/** Where the group's dead letters go; '' when it has none. */
export function deadLetterTopicOf(source: RuleSource, groupId: string): string {
  return deadLetterTopic(source, source.metadata.view.configOverrides('group', groupId));
}

function deadLetterTopic({ settings, metadata }: RuleSource, overrides: ReadonlyMap<string, string>): string {
  const name = settings.group(overrides, 'errors.deadletterqueue.topic.name');
  if (name === '') return name;
  return (metadata.view.features().get(SHARE_VERSION) ?? 0) >= SHARE_DEAD_LETTERS ? name : '';
}

/** 0 read_uncommitted, 1 read_committed. */
export function isolationOf(source: RuleSource, groupId: string): 0 | 1 {
  const overrides = source.metadata.view.configOverrides('group', groupId);
  return source.settings.group(overrides, 'share.isolation.level') === 'read_committed' ? 1 : 0;
}

/** Where the group starts on a partition that it has not read yet. */
export function offsetResetOf(source: RuleSource, groupId: string): ShareOffsetReset {
  const overrides = source.metadata.view.configOverrides('group', groupId);
  return parseShareOffsetReset(source.settings.group(overrides, 'share.auto.offset.reset'));
}
