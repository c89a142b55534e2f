import { expect, test } from '@jest/globals';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { addressOf, ReplicationWorld } from '../../../support/replication/replication-world.ts';

test('brokers fetch from each other on the listener that is named for it, and nobody does on another (B2)', () => {
  const world = new ReplicationWorld(7, {
    size: 2,
    controllers: [0],
    settings: { 'inter.broker.listener.name': 'BROKERS' },
    settingsOf: (id) => ({ listeners: `clients://${addressOf(id)}:9092,brokers://${addressOf(id)}:9093` }),
  }).start();
  world.createTopic('t', { replicas: 2, settings: { 'min.insync.replicas': '2' } });
  world.produce('t', ['a', 'b']);
  world.untilSame('t');
  const { errorCode } = world.ask(0, ApiKey.Fetch, { replicaId: 1, maxWaitMs: 0, minBytes: 0, topics: [] });
  expect(errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
});
