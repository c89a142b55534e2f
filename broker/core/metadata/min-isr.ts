import type { DecisionContext } from './decide.ts';
import type { ConfigRecord } from './records.ts';

/** The setting that says how many replicas in sync are enough; who may be elected hangs on it, too (KIP-966). */
export const MIN_ISR = 'min.insync.replicas';

/**
 * The value of all brokers, where the metadata has none yet: that of the controller which decides. With ELR it has to be one for
 * all (I14), not that of each node's file.
 */
export function minIsrOfAll({ image, settings }: DecisionContext): readonly ConfigRecord[] {
  if (image.configOverrides('cluster', '').has(MIN_ISR)) return [];
  return [{ kind: 'config', scope: 'cluster', resource: '', name: MIN_ISR, value: settings.brokerText(MIN_ISR).text }];
}
