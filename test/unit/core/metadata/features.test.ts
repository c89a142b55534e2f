import { describe, expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import type { UpdateFeaturesCommand, UpgradeType } from '../../../../broker/core/metadata/commands.ts';
import { decide } from '../../../../broker/core/metadata/decide.ts';
import { decodeRecords, levelOf } from '../../../../broker/core/metadata/records.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { MetadataLab, newTopic, sampleId } from '../../../support/metadata/lab.ts';
import { PLAIN_RECORD } from '../../../support/metadata/parts.ts';

const update = (name: string, level: number, upgradeType: UpgradeType = 'upgrade') => ({ name, level, upgradeType });

function command(...updates: UpdateFeaturesCommand['updates']): UpdateFeaturesCommand {
  return { kind: 'updateFeatures', updates, validateOnly: false };
}

/** Why a single update is refused, '' when it is not. */
function refusal(lab: MetadataLab, ...change: Parameters<typeof update>): string {
  const outcome = lab.run(command(update(...change)));
  if (outcome.errorCode === ErrorCode.NONE) return '';
  expect(outcome.errorCode).toBe(ErrorCode.INVALID_UPDATE_VERSION);
  return outcome.errorMessage ?? '';
}

describe('levels of features', () => {
  test('are changed all together or not at all', () => {
    const lab = MetadataLab.atLevel1();
    const { offset } = lab.image;
    const bad = lab.run(command(update('weir.version', 2), update('share.version', 7)));
    expect(bad.errorCode).toBe(ErrorCode.INVALID_UPDATE_VERSION);
    expect(lab.image.offset).toBe(offset);
    expect(lab.run(command(update('weir.version', 2), update('share.version', 1))).errorCode).toBe(ErrorCode.NONE);
    expect([...lab.image.features()]).toEqual([
      ['share.version', 1],
      ['weir.version', 2],
    ]);
    expect(lab.replayed().features()).toEqual(lab.image.features());
  });

  test('stay as they are when only asked about, or already there', () => {
    const lab = MetadataLab.atLevel1();
    const { offset } = lab.image;
    expect(lab.run({ ...command(update('weir.version', 2)), validateOnly: true }).errorCode).toBe(ErrorCode.NONE);
    expect(refusal(lab, 'weir.version', 1)).toBe('');
    expect(lab.image.offset).toBe(offset);
  });

  test.each<[string, number, UpgradeType, string]>([
    ['no.feature', 1, 'upgrade', 'does not support this feature'],
    ['metadata.version', 31, 'upgrade', 'The controller only supports versions 7-30'],
    ['metadata.version', -1, 'upgrade', 'cannot be less than 0'],
    ['metadata.version', 29, 'upgrade', "Can't downgrade the version of this feature without"],
    ['metadata.version', 29, 'safe-downgrade', 'might delete metadata information'],
    ['kraft.version', 0, 'safe-downgrade', 'might delete metadata information'],
    ['weir.version', 1, 'safe-downgrade', 'might delete metadata information'],
    ['weir.version', 1, 'unsafe-downgrade', 'might delete metadata information'],
  ])('%s=%i as %s is refused: %s', (name, to, upgradeType, why) => {
    const lab = MetadataLab.withBrokers([]);
    expect(refusal(lab, name, to, upgradeType)).toContain(`Invalid update version ${to} for feature ${name}. `);
    expect(refusal(lab, name, to, upgradeType)).toContain(why);
  });

  test('are not raised by asking for a downgrade', () => {
    const lab = MetadataLab.atLevel1();
    expect(refusal(lab, 'weir.version', 2, 'safe-downgrade')).toContain("Can't downgrade to a newer version.");
    expect(refusal(lab, 'weir.version', 2)).toBe('');
  });
});

describe('weir.version (B4)', () => {
  test('of a cluster of an earlier release stays at 1, and what needs 2 is refused until it is raised', () => {
    const lab = MetadataLab.atLevel1();
    lab.join(0);
    lab.create(newTopic('t'));
    expect(lab.image.broker(brokerId(0))).toMatchObject({ weirVersionMax: -1, uncleanRestart: true });
    for (const one of lab.batches.flatMap((batch) => decodeRecords(batch))) expect(levelOf(one)).toBe(1);
    expect(lab.run({ kind: 'unregisterBroker', brokerId: 0 }).errorCode).toBe(ErrorCode.UNSUPPORTED_VERSION);

    expect(refusal(lab, 'weir.version', 2)).toBe('');
    const epoch = lab.join(0);
    expect(lab.image.broker(brokerId(0))).toMatchObject({ epoch, weirVersionMin: 1, weirVersionMax: 4 });
    expect(lab.run(lab.controllerRegistration(0)).errorCode).toBe(ErrorCode.NONE);
    expect(lab.run({ kind: 'unregisterBroker', brokerId: 0 }).errorCode).toBe(ErrorCode.NONE);
    expect(lab.replayed().describe()).toBe(lab.image.describe());
  });

  test('does not rise above what every registered broker and controller supports', () => {
    const lab = MetadataLab.atLevel1();
    const { image, settings } = lab;
    const members = { isAlive: () => false, isVoter: () => false, isSlow: () => false };
    // What a node of the release before would have registered, if it had kept its range.
    const broker = { ...lab.registration(4), ...PLAIN_RECORD, kind: 'broker' as const, brokerEpoch: -1, fenced: true };
    image.apply([{ ...broker, weirVersionMin: 1, weirVersionMax: 1, uncleanRestart: true }], image.offset + 1);
    expect(refusal(lab, 'weir.version', 2)).toContain('Broker 4 only supports versions 1-1');
    image.apply([{ ...broker, weirVersionMax: 2, uncleanRestart: true }], image.offset + 1);
    const controller = { ...lab.controllerRegistration(5), kind: 'controller' as const };
    image.apply([{ ...controller, weirVersionMin: 1, weirVersionMax: 1 }], image.offset + 1);
    expect(refusal(lab, 'weir.version', 2)).toContain('Controller 5 only supports versions 1-1');
    image.apply([{ kind: 'controllerRemoved', controllerId: 5 }], image.offset + 1);
    const decision = decide({ image, settings, topicIds: [], members }, command(update('weir.version', 2)));
    expect(decision.records).toEqual([{ kind: 'feature', name: 'weir.version', level: 2 }]);
  });

  test('below 3 the last of the ISR stays in it, and eligible leader replicas come after 3', () => {
    const lab = MetadataLab.atLevel1();
    const epoch = lab.join(0);
    lab.create(newTopic('t'));
    const leave = () => lab.run({ kind: 'fenceBroker', brokerId: 0, brokerEpoch: epoch });
    const enter = () => lab.run({ kind: 'unfenceBroker', brokerId: 0, brokerEpoch: epoch });
    const state = () => lab.image.topicByName('t')?.partition(0);
    leave();
    expect(state()).toMatchObject({ leader: -1, isr: [0], elr: [] });
    enter();
    expect(refusal(lab, 'eligible.leader.replicas.version', 1)).toContain('It needs weir.version 3');
    const partitions = [{ topicId: lab.image.topicByName('t')?.id ?? '', index: 0 }];
    expect(lab.run({ kind: 'reportDamage', brokerId: 0, brokerEpoch: epoch, partitions }).errorCode).toBe(
      ErrorCode.UNSUPPORTED_VERSION,
    );
    expect(lab.image.broker(brokerId(0))?.unfencedEpoch).toBe(-1);
    expect(refusal(lab, 'weir.version', 3)).toBe('');
    // From here on it counts in which epochs a broker was in (D4 c): it is in now.
    expect(lab.image.broker(brokerId(0))?.unfencedEpoch).toBe(epoch);
    leave();
    expect(state()).toMatchObject({ leader: -1, isr: [0], elr: [] });
    enter();
    expect(refusal(lab, 'eligible.leader.replicas.version', 1)).toBe('');
    leave();
    expect(state()).toMatchObject({ leader: -1, isr: [], elr: [0] });
    // Nothing says on which disk it is: it is on the one that the broker has (D4 b).
    lab.run(lab.registration(0, { previousBrokerEpoch: epoch }));
    expect(state()).toMatchObject({ leader: -1, isr: [], elr: [0] });
    expect(lab.replayed().describe()).toBe(lab.image.describe());
  });

  test('below 4 share groups have no dead letters: a leader of a release before would write none', () => {
    const lab = MetadataLab.atLevel1();
    expect(refusal(lab, 'share.version', 1)).toBe('');
    expect(refusal(lab, 'weir.version', 3)).toBe('');
    const needed =
      'Invalid update version 2 for feature share.version. It needs weir.version 4, which has to be raised first, or with it.';
    expect(refusal(lab, 'share.version', 2)).toBe(needed);

    // What a node of the release before can do.
    const before = { weirVersionMin: 1, weirVersionMax: 3 };
    expect(lab.run({ ...lab.registration(4), ...before }).errorCode).toBe(ErrorCode.NONE);
    expect(refusal(lab, 'weir.version', 4)).toContain('Broker 4 only supports versions 1-3');
    expect(refusal(lab, 'share.version', 2)).toBe(needed);
    lab.join(4);
    expect(refusal(lab, 'weir.version', 4)).toBe('');
    expect(refusal(lab, 'share.version', 2)).toBe('');
    expect(lab.image.features().get('share.version')).toBe(2);
    expect(lab.run({ ...lab.registration(4), ...before })).toMatchObject({
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      errorMessage: expect.stringContaining('the cluster is at weir.version 4, broker 4 can do 1 to 3'),
    });
    expect(lab.replayed().describe()).toBe(lab.image.describe());
  });

  test('is raised alone where it is named alone, as Apache Kafka raises features: what needs it waits to be named', () => {
    const lab = MetadataLab.atLevel1();
    expect(refusal(lab, 'share.version', 1)).toBe('');
    expect(refusal(lab, 'weir.version', 4)).toBe('');
    expect([...lab.image.features()].sort()).toEqual([
      ['share.version', 1],
      ['weir.version', 4],
    ]);
    // Later, and each by itself.
    expect(refusal(lab, 'share.version', 2)).toBe('');
    expect(refusal(lab, 'eligible.leader.replicas.version', 1)).toBe('');
  });

  test.each([
    [['weir.version', 'share.version', 'eligible.leader.replicas.version']],
    [['eligible.leader.replicas.version', 'share.version', 'weir.version']],
  ])('is raised together with what it brings, in any order: %j', (names) => {
    const levels = new Map([
      ['weir.version', 4],
      ['share.version', 2],
      ['eligible.leader.replicas.version', 1],
    ]);
    const lab = MetadataLab.atLevel1();
    const before = { weirVersionMin: 1, weirVersionMax: 3 };
    expect(
      lab.run({ kind: 'updateFeatures', validateOnly: false, updates: [update('weir.version', 3)] }).errorCode,
    ).toBe(0);
    lab.run({ ...lab.registration(4), ...before });
    const all = command(...names.map((name) => update(name, levels.get(name) ?? 0)));
    // A node that is in can't work at it: nothing of it comes into force.
    const { offset } = lab.image;
    expect(lab.run(all)).toMatchObject({ errorCode: ErrorCode.INVALID_UPDATE_VERSION });
    expect(lab.image.offset).toBe(offset);
    lab.join(4);
    expect(lab.run(all).errorCode).toBe(ErrorCode.NONE);
    for (const [name, level] of levels) expect(lab.image.features().get(name)).toBe(level);
    expect(lab.replayed().describe()).toBe(lab.image.describe());
  });

  test('a cluster that has dead letters below 4 keeps them, and may say so again', () => {
    const lab = MetadataLab.atLevel1();
    lab.image.apply([{ kind: 'feature', name: 'share.version', level: 2 }], lab.image.offset + 1);
    expect(refusal(lab, 'share.version', 2)).toBe('');
  });

  test('without eligible leader replicas the last of the ISR does not lead from an empty disk', () => {
    const lab = MetadataLab.atLevel1();
    expect(refusal(lab, 'weir.version', 3)).toBe('');
    lab.join(0);
    lab.create(newTopic('t'));
    const registered = lab.run(lab.registration(0, { directoryId: sampleId(7) }));
    const brokerEpoch = registered.kind === 'registerBroker' ? registered.brokerEpoch : -1;
    lab.run({ kind: 'unfenceBroker', brokerId: 0, brokerEpoch });
    expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ leader: -1, isr: [0] });
  });

  test('below 3 nothing is written of damaged logs', () => {
    const lab = MetadataLab.atLevel1();
    lab.join(0);
    lab.create(newTopic('t'));
    const damaged = [{ topicId: lab.image.topicByName('t')?.id ?? '', index: 0 }];
    lab.run(lab.registration(0, { damaged }));
    for (const one of lab.batches.flatMap((batch) => decodeRecords(batch))) expect(levelOf(one)).toBe(1);
  });
});
