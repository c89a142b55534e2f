import { Calls } from '../../broker/cli/local/calls.ts';
import type { Address } from '../../broker/core/client/machine.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode, errorName } from '../../broker/core/protocol/errors.ts';
import { waitFor } from '../wire/harness/wait.ts';

const GROUP_RESOURCE = 32;
const SET = 0;
const TIMEOUT_MS = 10_000;

/** Makes what a load of share groups needs, and asks how far a group is. */
export class ShareAdmin {
  readonly #calls: Calls;

  constructor(bootstrap: readonly Address[]) {
    this.#calls = new Calls(bootstrap, { clientId: 'admin', requestTimeoutMs: TIMEOUT_MS });
  }

  async createTopic(
    name: string,
    { partitions, replicas }: { readonly partitions: number; readonly replicas: number },
    config: Readonly<Record<string, string>>,
  ): Promise<void> {
    const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }));
    const topic = { name, numPartitions: partitions, replicationFactor: replicas, assignments: [], configs };
    await waitFor(`topic ${name} is created`, async () => {
      const body = { topics: [topic], timeoutMs: TIMEOUT_MS, validateOnly: false };
      const { topics } = await this.#calls.call(ApiKey.CreateTopics, () => body);
      check(topics[0]?.errorCode, ErrorCode.TOPIC_ALREADY_EXISTS);
      return true;
    });
  }

  async configureGroup(group: string, config: Readonly<Record<string, string>>): Promise<void> {
    const configs = Object.entries(config).map(([name, value]) => ({ name, configOperation: SET, value }));
    const resources = [{ resourceType: GROUP_RESOURCE, resourceName: group, configs }];
    await waitFor(`group ${group} is configured`, async () => {
      const body = { validateOnly: false, resources };
      const { responses } = await this.#calls.call(ApiKey.IncrementalAlterConfigs, () => body);
      check(responses[0]?.errorCode);
      return true;
    });
  }

  /** Records that the group has not finished (KIP-1226); `Infinity` where it does not know. Fails while nobody coordinates it. */
  async lag(group: string, topicName: string, partitionCount: number): Promise<number> {
    const found = await this.#calls.call(ApiKey.FindCoordinator, () => ({ key: group, keyType: 0 }), { minVersion: 1 });
    const at = 'coordinators' in found ? (found.coordinators[0] ?? found) : found;
    check(at.errorCode);
    this.#calls.setNodes(new Map([[at.nodeId, { host: at.host, port: at.port }]]));
    const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
    const groups = [{ groupId: group, topics: [{ topicName, partitions }] }];
    const target = { target: at.nodeId };
    const body = await this.#calls.call(ApiKey.DescribeShareGroupOffsets, () => ({ groups }), target);
    const seen = body.groups.flatMap((one) => one.topics.flatMap((topic) => topic.partitions));
    if (seen.length < partitionCount) return Number.POSITIVE_INFINITY;
    return seen.reduce((sum, { errorCode, lag }) => {
      check(errorCode);
      return sum + (lag < 0 ? Number.POSITIVE_INFINITY : lag);
    }, 0);
  }

  close(): void {
    this.#calls.close();
  }
}

function check(code: number = ErrorCode.UNKNOWN_SERVER_ERROR, fine: number = ErrorCode.NONE): void {
  if (code !== ErrorCode.NONE && code !== fine) throw new Error(errorName(code));
}
