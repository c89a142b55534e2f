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

/** Where a broker says that it is reached, and where clients are told to find it, by listener. */
interface Faces {
  readonly registered: readonly Face[];
  readonly endpoints: readonly Face[];
}

interface Face {
  readonly listener: string;
  readonly host: string;
  readonly port: number;
}

/** A sentence about each address that a node's file advertises in vain: clients are told another one (Fleet.SetAdvertised). */
export function overruledAddresses(fixed: Overrides, broker: Faces | null): readonly string[] {
  if (broker === null || !fixed.has('advertised.listeners')) return [];
  return broker.registered.flatMap(({ listener, host, port }) => {
    const told = broker.endpoints.find((one) => one.listener === listener);
    if (told === undefined || (told.host === host && told.port === port)) return [];
    return `the settings of this node advertise ${listener}://${host}:${port} in vain, clients are told ${told.host}:${told.port}: the operator of this cluster said so (SetAdvertised), and it stays until it says something else`;
  });
}
