import type { ConfigScope, MetadataView } from '../../broker/core/metadata/view.ts';

const SCOPES: readonly ConfigScope[] = ['topic', 'broker', 'cluster', 'group'];

/**
 * What of the metadata must outlive a restart, one line a thing. Epochs and leaders change with every incarnation (D5):
 * they are left out.
 */
export function metadataText(view: MetadataView): string[] {
  const topics = view
    .topics()
    .flatMap((topic) => [
      `topic ${topic.name} ${topic.id} ${topic.internal ? 'internal' : ''}`,
      ...topic.partitions.map(
        ({ index, replicas, isr, elr, durableFromEpoch }) =>
          `partition ${topic.name}-${index} replicas ${replicas.join()} isr ${isr.join()} elr ${elr.join()} durable from ${durableFromEpoch}`,
      ),
    ]);
  const configs = SCOPES.flatMap((scope) =>
    view
      .configNames(scope)
      .flatMap((name) =>
        [...view.configOverrides(scope, name)].map(([key, value]) => `${scope} ${name} ${key}=${value}`).toSorted(),
      ),
  );
  const features = [...view.features()].map(([name, level]) => `feature ${name}=${level}`);
  return [`cluster ${view.clusterId}`, ...features, ...topics, ...configs];
}

/** Lines that only one of two lists has. */
export function difference(before: readonly string[], after: readonly string[]): string[] {
  const old = new Set(before);
  const current = new Set(after);
  return [
    ...before.filter((line) => !current.has(line)).map((line) => `lost: ${line}`),
    ...after.filter((line) => !old.has(line)).map((line) => `new: ${line}`),
  ];
}
