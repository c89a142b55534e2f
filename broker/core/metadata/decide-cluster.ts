import { ErrorCode } from '../protocol/errors.ts';
import type { AllocateProducerIdsCommand, FormatClusterCommand } from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { epochProblem } from './decide-brokers.ts';
import { SUPPORTED_FEATURES } from './features.ts';
import { minIsrOfAll } from './min-isr.ts';
import type { MetadataRecord } from './records.ts';
import { ok, problem } from './result.ts';

/** Producer ids are handed to brokers in blocks of this size. */
export const PRODUCER_ID_BLOCK_SIZE = 1000;

/** Names a new cluster, fixes its features and what they need. INVALID_REQUEST when it has a name. */
export function formatCluster(context: DecisionContext, command: FormatClusterCommand): Decision {
  const { image } = context;
  if (image.clusterId !== '') {
    const refusal = problem(ErrorCode.INVALID_REQUEST, `the cluster is formed already, as ${image.clusterId}`);
    return { records: [], outcome: { kind: 'formatCluster', ...refusal } };
  }
  const records: MetadataRecord[] = [{ kind: 'cluster', clusterId: command.clusterId }];
  for (const { name, initial } of SUPPORTED_FEATURES) records.push({ kind: 'feature', name, level: initial });
  records.push(...minIsrOfAll(context));
  return { records, outcome: { kind: 'formatCluster', ...ok() } };
}

/** Gives a broker the next block of producer ids. STALE_BROKER_EPOCH for an earlier incarnation. */
export function allocateProducerIds({ image }: DecisionContext, command: AllocateProducerIdsCommand): Decision {
  const refusal = epochProblem(image, command);
  const nothing = { firstProducerId: -1, producerIdCount: 0 };
  if (refusal !== null) return { records: [], outcome: { kind: 'allocateProducerIds', ...refusal, ...nothing } };
  const first = image.nextProducerId;
  const next = first + PRODUCER_ID_BLOCK_SIZE;
  if (!Number.isSafeInteger(next)) {
    const spent = problem(ErrorCode.UNKNOWN_SERVER_ERROR, 'all producer ids are used up');
    return { records: [], outcome: { kind: 'allocateProducerIds', ...spent, ...nothing } };
  }
  return {
    records: [{ kind: 'producerIds', nextProducerId: next }],
    outcome: { kind: 'allocateProducerIds', ...ok(), firstProducerId: first, producerIdCount: PRODUCER_ID_BLOCK_SIZE },
  };
}
