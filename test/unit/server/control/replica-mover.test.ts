import { expect, test } from '@jest/globals';
import type { Controller } from '../../../../broker/server/control/controller.ts';
import { ReplicaMover } from '../../../../broker/server/control/quorum/replica-mover.ts';
import { MetadataLab, newTopic } from '../../../support/metadata/lab.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

test('what the controller refuses to move is asked for again after a pause', () => {
  const loop = new VirtualLoop();
  const lab = MetadataLab.withBrokers([0, 1]);
  lab.create(newTopic('t', { partitionCount: -1, replicationFactor: -1, assignments: [ASSIGNMENT] }));
  let askedCount = 0;
  const submit: Controller['submit'] = (command, done) => {
    const isMove = command.kind === 'alterReassignments';
    if (isMove) askedCount += 1;
    // Too many changes wait for their commit.
    done(isMove ? { kind: 'failed', errorCode: 89, errorMessage: null } : lab.run(command), -1);
  };
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const mover = new ReplicaMover({ timers: loop, log, settings: lab.settings }, { image: lab.image, submit });
  lab.onDelta = (delta) => mover.decided(delta);
  mover.drain(0, () => undefined);
  loop.advance(4_000);
  expect(askedCount).toBe(1);
  loop.advance(12_000);
  expect(askedCount).toBe(4);
});

const ASSIGNMENT = { partitionIndex: 0, brokerIds: [0] };
