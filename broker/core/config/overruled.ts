import { findRow } from './rows.ts';
import type { Overrides } from './settings.ts';

/** A sentence about each setting of all brokers that a node's file says in vain: the metadata has another value. */
export function overruled(fixed: Overrides, cluster: Overrides): readonly string[] {
  return [...fixed].flatMap(([name, text]) => {
    const inForce = cluster.get(name);
    if (inForce === undefined || inForce.trim() === text.trim()) return [];
    if (findRow('broker', name)?.change !== 'cluster-only') return [];
    return `the settings of this node say ${name}=${text} in vain, all brokers have ${inForce}: kafka-configs --alter --entity-type brokers --entity-default --add-config ${name}=${text} changes it`;
  });
}
