// A broker whose wall clock is not that of its controller (F6).
import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import { createPrng } from '../../broker/core/base/prng.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { Asker } from './asker.ts';
import { SimControlNetwork } from './control-net.ts';
import { SimNode } from './node.ts';

const CONTROLLER = { id: 1000, address: '127.0.2.1' };
const TOPIC = 'aging';
const HOUR_MS = 3_600_000;

/** A controller, and a broker apart from it that looks for old records every second. */
function start(): { readonly asker: Asker; readonly controller: SimNode } {
  let controller: SimNode | null = null;
  const shared = {
    'controller.quorum.voters': `${CONTROLLER.id}@${CONTROLLER.address}:9190`,
    'weir.grpc.port': '9190',
  };
  const own = { 'process.roles': 'broker', 'weir.grpc.host': '127.0.0.1', 'log.retention.check.interval.ms': '1000' };
  const asker = new Asker(1, { settings: { ...shared, ...own } }, (world, network) => {
    const controlNetwork = new SimControlNetwork(world, createPrng(1));
    const settings = { ...shared, 'process.roles': 'controller', 'weir.grpc.host': CONTROLLER.address };
    const node = new SimNode(world, network, { ...CONTROLLER, settings, controlNetwork });
    node.start();
    const clusterId = (): string => node.view?.clusterId ?? '';
    if (!world.runUntil(() => clusterId() !== '', 60_000)) throw new Error(`no cluster: ${node.fatals.join()}`);
    controller = node;
    return { controlNetwork, settings: { 'weir.cluster.id': clusterId() } };
  });
  if (controller === null) throw new Error('there is no controller');
  return { asker, controller };
}

test('a record is not deleted for its age while the clocks differ by hours, and is when they agree', () => {
  const { asker, controller } = start();
  const configs = [{ name: 'retention.ms', value: String(HOUR_MS) }];
  const topic = { name: TOPIC, numPartitions: 1, replicationFactor: 1, assignments: [], configs };
  asker.call(ApiKey.CreateTopics, 7, { topics: [topic], timeoutMs: 5000, validateOnly: false });
  const record = { key: null, value: Buffer.from('a') };
  const records = buildBatch([record], { timestamp: asker.node.clock.wallMs() }, crc32c);
  const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records }] }];
  asker.call(ApiKey.Produce, 9, { acks: -1, timeoutMs: 5000, topicData });
  const earliest = (): number | undefined => {
    asker.world.runFor(5000);
    const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -2 }];
    const body = { replicaId: -1, isolationLevel: 0, topics: [{ name: TOPIC, partitions }], timeoutMs: 5000 };
    const answer = asker.call(ApiKey.ListOffsets, 7, body);
    return typeof answer === 'string' ? undefined : answer.topics[0]?.partitions[0]?.offset;
  };
  asker.node.clock.jump(2 * HOUR_MS);
  expect(earliest()).toBe(0);
  expect(asker.node.warnings.join()).toContain('no record is deleted for its age');
  controller.clock.jump(2 * HOUR_MS);
  expect(earliest()).toBe(1);
});
