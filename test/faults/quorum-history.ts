/** What one node said of the quorum when it was asked. */
export interface QuorumSample {
  readonly node: number;
  /** −1: it knew of none. */
  readonly leaderId: number;
  readonly epoch: number;
}

/** What clients saw of a cluster, and what every node has in the end. */
export interface QuorumHistory {
  /** In the order of the answers. */
  readonly samples: readonly QuorumSample[];
  /** Topics whose creation was acknowledged: name and id. */
  readonly created: ReadonlyMap<string, string>;
  /** Topics as each node has them when everybody is there again: name and id. */
  readonly final: ReadonlyMap<number, ReadonlyMap<string, string>>;
}

/** Everything that must not be: two leaders of an epoch, an epoch that falls, acknowledged metadata that is gone or differs. */
export function judgeQuorum({ samples, created, final }: QuorumHistory): readonly string[] {
  const violations: string[] = [];
  const leaders = new Map<number, number>();
  const epochs = new Map<number, number>();
  for (const { node, leaderId, epoch } of samples) {
    const before = epochs.get(node) ?? epoch;
    if (epoch < before) violations.push(`node ${node} was in epoch ${before} and then in ${epoch}`);
    epochs.set(node, Math.max(before, epoch));
    if (leaderId < 0) continue;
    const leader = leaders.get(epoch) ?? leaderId;
    if (leader !== leaderId) violations.push(`epoch ${epoch} had leaders ${leader} and ${leaderId}`);
    leaders.set(epoch, leader);
  }
  for (const [node, topics] of final) {
    for (const [name, id] of created) {
      const has = topics.get(name);
      if (has === undefined) violations.push(`topic ${name} was acknowledged, and node ${node} does not have it`);
      else if (has !== id)
        violations.push(`topic ${name} was acknowledged as ${id}, and node ${node} has it as ${has}`);
    }
    for (const [name, id] of topics) {
      const differs = [...final].find(([, others]) => (others.get(name) ?? '') !== id);
      if (differs !== undefined && !created.has(name))
        violations.push(
          `topic ${name} is ${id} at node ${node} and ${differs[1].get(name) ?? 'nothing'} at node ${differs[0]}`,
        );
    }
  }
  return [...new Set(violations)];
}
