import { describe, expect, test } from '@jest/globals';
import { Settings } from '../../../../broker/core/config/settings.ts';
import type { AlterConfigsCommand } from '../../../../broker/core/metadata/commands.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { MetadataLab, newTopic, sampleId } from '../../../support/metadata/lab.ts';

const NAME = 'min.insync.replicas';
const ELR = 'eligible.leader.replicas.version';

const files = (minIsr: string): Settings => new Settings(new Map([[NAME, minIsr]]));
const ofAll = (lab: MetadataLab): string | undefined => lab.image.configOverrides('cluster', '').get(NAME);

function upgrade(lab: MetadataLab, name: string, level: number): void {
  const updates = [{ name, level, upgradeType: 'upgrade' }] as const;
  const { errorCode } = lab.run({ kind: 'updateFeatures', updates, validateOnly: false });
  expect(errorCode).toBe(ErrorCode.NONE);
}

function alter(lab: MetadataLab, resource: AlterConfigsCommand['resources'][number]) {
  const outcome = lab.run({ kind: 'alterConfigs', resources: [resource], validateOnly: false });
  return outcome.kind === 'alterConfigs' ? outcome.resources[0] : undefined;
}

const DELETION = [{ name: NAME, operation: 'delete', value: null }] as const;
const OTHER = [{ name: 'log.retention.ms', operation: 'set', value: '9' }] as const;

/** A cluster with ELR in which nobody has written down what holds for all. */
function formedWithout(fixed: Settings): MetadataLab {
  const lab = new MetadataLab();
  lab.settings = fixed;
  lab.image.apply(
    [
      { kind: 'cluster', clusterId: sampleId(0) },
      { kind: 'feature', name: 'weir.version', level: 3 },
      { kind: 'feature', name: ELR, level: 1 },
    ],
    0,
  );
  return lab;
}

describe('min.insync.replicas of all brokers (I14)', () => {
  test('is what the file of the forming controller says, and the default without', () => {
    expect(ofAll(MetadataLab.withBrokers([]))).toBe('1');
    expect(ofAll(MetadataLab.withBrokers([], { [NAME]: '2' }))).toBe('2');
  });

  test('holds against the file of whoever decides later', () => {
    const lab = MetadataLab.withBrokers([0, 1], { [NAME]: '1' });
    lab.create(newTopic('t', { replicationFactor: 2 }));
    lab.settings = files('2');
    lab.settings.setDynamic(new Map(), lab.image.configOverrides('cluster', ''));
    lab.join(1, false);
    expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ isr: [0], elr: [] });
  });

  test('is altered, not deleted, also not by leaving it out', () => {
    const lab = MetadataLab.withBrokers([0]);
    const sentence = expect.stringMatching(/^min\.insync\.replicas of all brokers can be altered, not deleted/);
    const refused = { errorCode: ErrorCode.INVALID_CONFIG, errorMessage: sentence };
    expect(alter(lab, { scope: 'cluster', name: '', operations: DELETION })).toMatchObject(refused);
    expect(alter(lab, { scope: 'cluster', name: '', operations: OTHER, replaceAll: true })).toMatchObject(refused);
    expect(ofAll(lab)).toBe('1');
    expect(lab.set('cluster', '', { [NAME]: '3' })).toBe(ErrorCode.NONE);
    expect(alter(lab, { scope: 'cluster', name: '', operations: OTHER })).toMatchObject({ errorCode: 0 });
    expect(ofAll(lab)).toBe('3');
  });

  test('is not that of one broker', () => {
    const lab = MetadataLab.withBrokers([0]);
    const sentence = 'min.insync.replicas can be changed for all brokers, not for one';
    const refused = { errorCode: ErrorCode.INVALID_CONFIG, errorMessage: sentence };
    const setting = [{ name: NAME, operation: 'set', value: '2' }] as const;
    for (const operations of [setting, DELETION])
      expect(alter(lab, { scope: 'broker', name: '0', operations })).toMatchObject(refused);
  });

  test('comes with ELR to a cluster of an earlier release, which may be without it until then', () => {
    const lab = MetadataLab.atLevel1();
    lab.settings = files('2');
    lab.set('cluster', '', { [NAME]: '4' });
    expect(alter(lab, { scope: 'cluster', name: '', operations: DELETION })).toMatchObject({ errorCode: 0 });
    lab.carryOut({ kind: 'settleMinIsr' });
    upgrade(lab, 'weir.version', 3);
    expect(ofAll(lab)).toBe(undefined);
    upgrade(lab, ELR, 1);
    expect(ofAll(lab)).toBe('2');
    expect(lab.batches.length).toBe(5);
  });

  test('stays what it was when ELR comes', () => {
    const lab = MetadataLab.atLevel1();
    lab.settings = files('2');
    upgrade(lab, 'weir.version', 3);
    lab.set('cluster', '', { [NAME]: '4' });
    upgrade(lab, ELR, 1);
    expect(ofAll(lab)).toBe('4');
  });

  test('comes from the next controller to a cluster that has ELR and lacks it, with what it means for partitions', () => {
    const lab = formedWithout(files('3'));
    const epochs = [0, 1, 2].map((id) => lab.join(id));
    lab.create(newTopic('t', { replicationFactor: 3 }));
    lab.run({ kind: 'fenceBroker', brokerId: 2, brokerEpoch: epochs[2] ?? -1 });
    const state = () => lab.image.topicByName('t')?.partition(0);
    expect(state()).toMatchObject({ isr: [0, 1], elr: [2] });
    lab.settings = files('2');
    lab.carryOut({ kind: 'settleMinIsr' });
    expect([ofAll(lab), state()]).toEqual(['2', expect.objectContaining({ isr: [0, 1], elr: [] })]);
    const { offset } = lab.image;
    lab.carryOut({ kind: 'settleMinIsr' });
    expect(lab.image.offset).toBe(offset);
  });
});
