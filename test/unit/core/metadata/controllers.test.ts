import { describe, expect, test } from '@jest/globals';
import { MetadataImage } from '../../../../broker/core/metadata/image.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { MetadataLab, sampleId } from '../../../support/metadata/lab.ts';

const ids = (lab: MetadataLab): readonly number[] => lab.image.controllers().map(({ id }) => id);

describe('a controller that registers', () => {
  test('is known by where it listens, in the order of ids, in snapshots and clones too', () => {
    const lab = MetadataLab.withBrokers([]);
    lab.run(lab.controllerRegistration(2));
    lab.run(lab.controllerRegistration(1));
    const copy = lab.image.clone();
    lab.run(lab.controllerRegistration(0));
    expect(ids(lab)).toEqual([0, 1, 2]);
    expect(copy.controllers().map(({ id }) => id)).toEqual([1, 2]);
    expect(lab.image.controllers()[1]).toMatchObject({ host: 'host-1', port: 9093, directoryId: sampleId(500_001) });
    expect(lab.replayed().describe()).toBe(lab.image.describe());
    const restored = new MetadataImage();
    restored.restore([...lab.image.snapshot()], lab.image.offset);
    expect(restored.describe()).toBe(lab.image.describe());
  });

  test('takes the place of its earlier incarnation; asked twice by the same one, nothing changes', () => {
    const lab = MetadataLab.withBrokers([]);
    lab.run(lab.controllerRegistration(0));
    const command = lab.controllerRegistration(0, { host: 'moved' });
    lab.run(command);
    const { offset } = lab.image;
    expect(lab.run(command).errorCode).toBe(ErrorCode.NONE);
    expect(lab.image.offset).toBe(offset);
    expect(lab.image.controllers()).toMatchObject([{ id: 0, host: 'moved' }]);
  });

  test('is refused before the cluster is formed, outside its weir.version, and below level 2 (B4)', () => {
    const unformed = new MetadataLab();
    expect(unformed.run(unformed.controllerRegistration(0)).errorCode).toBe(ErrorCode.INVALID_REGISTRATION);
    const lab = MetadataLab.withBrokers([]);
    const narrow = lab.controllerRegistration(0, { weirVersionMin: 1, weirVersionMax: 1 });
    expect(lab.run(narrow).errorCode).toBe(ErrorCode.UNSUPPORTED_VERSION);
    const old = MetadataLab.atLevel1();
    expect(old.run(old.controllerRegistration(0))).toMatchObject({
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      errorMessage: expect.stringContaining('kafka-features upgrade --feature weir.version=2'),
    });
    expect([...ids(unformed), ...ids(lab), ...ids(old)]).toEqual([]);
  });

  test('says on which machine it runs, from weir.version 3 on (B4)', () => {
    const lab = MetadataLab.atLevel1();
    const registered = (level: number): string | undefined => {
      const updates = [{ name: 'weir.version', level, upgradeType: 'upgrade' }] as const;
      expect(lab.run({ kind: 'updateFeatures', updates, validateOnly: false }).errorCode).toBe(ErrorCode.NONE);
      expect(lab.run(lab.controllerRegistration(0, { machine: 'm' })).errorCode).toBe(ErrorCode.NONE);
      expect(lab.replayed().controllers()).toEqual(lab.image.controllers());
      return lab.image.controllers()[0]?.machine;
    };
    expect([registered(2), registered(3)]).toEqual(['', 'm']);
  });

  test('says that, too, when it asks again after weir.version was raised', () => {
    const lab = MetadataLab.atLevel1();
    const command = lab.controllerRegistration(0, { machine: 'm' });
    const raise = (level: number): void => {
      const updates = [{ name: 'weir.version', level, upgradeType: 'upgrade' }] as const;
      lab.run({ kind: 'updateFeatures', updates, validateOnly: false });
      lab.run(command);
    };
    raise(2);
    expect(lab.image.controllers()).toMatchObject([{ id: 0, machine: '' }]);
    raise(3);
    expect(lab.image.controllers()).toMatchObject([{ id: 0, machine: 'm' }]);
    const { offset } = lab.image;
    lab.run(command);
    expect(lab.image.offset).toBe(offset);
  });
});

describe('a controller that is unregistered', () => {
  test('is forgotten', () => {
    const lab = MetadataLab.withBrokers([]);
    for (const id of [0, 1]) lab.run(lab.controllerRegistration(id));
    expect(lab.run({ kind: 'unregisterController', controllerId: 1 }).errorCode).toBe(ErrorCode.NONE);
    expect(ids(lab)).toEqual([0]);
  });

  test('must be registered and must not vote (KIP-1312)', () => {
    const lab = MetadataLab.withBrokers([]);
    lab.run(lab.controllerRegistration(0));
    lab.voters.add(0);
    expect(lab.run({ kind: 'unregisterController', controllerId: 0 }).errorCode).toBe(ErrorCode.INVALID_REQUEST);
    expect(lab.run({ kind: 'unregisterController', controllerId: 7 }).errorCode).toBe(
      ErrorCode.CONTROLLER_ID_NOT_REGISTERED,
    );
    expect(ids(lab)).toEqual([0]);
  });
});
