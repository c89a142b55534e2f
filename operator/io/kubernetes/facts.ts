import type { Cluster } from '../../api/kinds.ts';
import { compareVersions } from '../../core/versions.ts';
import type { ClusterFacts } from '../../core/status.ts';
import type { KubernetesObject } from '../../ports/kubernetes.ts';
import { at, listAt, textAt, versionOf } from './objects/fields.ts';
import { podSelector } from './objects/metadata.ts';
import { listenerServiceName, namesOf } from './objects/names.ts';
import { LISTENER_PORT_PREFIX } from './objects/services.ts';
import { balancerOf } from './outside.ts';

type Listener = Cluster['spec']['listeners'][number];

/** Addresses of machines that are told; one that can be reached is enough. */
const MACHINES_MAX = 3;

/** What the objects of a Cluster say besides its nodes. A listener that has no address yet is left out. */
export function clusterFacts(
  cluster: Cluster,
  { pods, services }: { readonly pods: readonly KubernetesObject[]; readonly services: readonly KubernetesObject[] },
  operatorVersion: string,
): ClusterFacts {
  const selector = Object.entries(podSelector(cluster.metadata.name, 'broker')).map(
    ([name, value]) => `${name}=${value}`,
  );
  const versions = pods.flatMap((pod) => versionOf(pod) ?? []).sort(byVersion);
  const listeners = cluster.spec.listeners.flatMap((listener) => {
    const service = services.find(
      (one) => one.metadata.name === listenerServiceName(cluster.metadata.name, listener.name, null),
    );
    const bootstrap = bootstrapOf(cluster, listener, service, pods);
    return bootstrap === null ? [] : [{ name: listener.name, bootstrap }];
  });
  return { listeners, selector: selector.join(','), version: versions[0] ?? null, operatorVersion };
}

function bootstrapOf(
  { metadata }: Cluster,
  listener: Listener,
  service: KubernetesObject | undefined,
  pods: readonly KubernetesObject[],
): string | null {
  const { type, hosts, port } = listener;
  if (type === 'internal') return `${namesOf(metadata.name).bootstrap}.${metadata.namespace}.svc:${port}`;
  if (type === 'hosts') return hosts === undefined ? null : `${hosts.bootstrap}:${hosts.port}`;
  if (type === 'loadbalancer') {
    const host = balancerOf(service);
    return host === null ? null : `${hostText(host)}:${port}`;
  }
  const found = listAt(service, 'spec', 'ports').find(
    (one) => textAt(one, 'name') === `${LISTENER_PORT_PREFIX}${listener.name}`,
  );
  const nodePort = at(found, 'nodePort');
  const machines = [...new Set(pods.flatMap((pod) => textAt(pod, 'status', 'hostIP') ?? []))].sort();
  if (typeof nodePort !== 'number' || machines.length === 0) return null;
  return machines
    .slice(0, MACHINES_MAX)
    .map((host) => `${hostText(host)}:${nodePort}`)
    .join(',');
}

/** IPv6 addresses stand in brackets before a port. */
const hostText = (host: string): string => (host.includes(':') ? `[${host}]` : host);

const byVersion = (a: string, b: string): number => compareVersions(a, b) ?? (a < b ? -1 : Number(a > b));
