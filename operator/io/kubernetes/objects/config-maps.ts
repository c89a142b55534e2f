import { encodeFormation } from '../../../../broker/core/config/formation.ts';
import type { NodeSpec } from '../../../core/steps.ts';
import type { KubernetesObject } from '../../../ports/kubernetes.ts';
import { OperatorError } from '../../../ports/operator-error.ts';
import type { Blueprint } from './blueprint.ts';
import { metadataOf } from './metadata.ts';
import { hashOf, namesOf, nodeHost, nodeName, PORTS, type Role, roleOf, statefulSetName } from './names.ts';

/** Where a node's container has what. */
export const PATHS = {
  config: '/etc/weir/config',
  quorum: '/etc/weir/quorum',
  tls: '/etc/weir/tls',
  volume: '/var/lib/weir',
} as const;

/** Key of the formation record in its ConfigMap. */
export const FORMATION_KEY = 'formation.json';

/** Listener on which brokers reach each other (O6). Names of manifests have no `_`. */
const REPLICATION_LISTENER = 'WEIR_REPLICATION';

/** The record that nodes are formed from (O3). */
export function quorumConfigMap(blueprint: Blueprint): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadataOf(blueprint, namesOf(blueprint.cluster.metadata.name).quorum),
    data: { [FORMATION_KEY]: encodeFormation(blueprint.formation) },
  };
}

/**
 * The settings files of a role's nodes. A changed file makes another object, and pods name theirs: a node that only starts again,
 * for whatever reason, starts with what it had, and a roll that has stopped at its first node stays stopped (O8).
 */
export function settingsConfigMap(blueprint: Blueprint, role: Role): KubernetesObject {
  const cluster = blueprint.cluster.metadata.name;
  const nodes = blueprint.nodes.filter(({ spec }) => roleOf(spec.id) === role);
  const data = Object.fromEntries(
    nodes.map(({ spec }) => [settingsKey(nodeName(cluster, spec.id)), textOf(nodeSettings(blueprint, spec))]),
  );
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadataOf(blueprint, `${statefulSetName(cluster, role)}-${hashOf(data, 10)}`, { role, part: 'nodes' }),
    immutable: true,
    data,
  };
}

/** Key of a node's settings, by the name of its pod. */
export function settingsKey(pod: string): string {
  return `${pod}.properties`;
}

/** The settings of a node that are the same on every machine. What the operator owns comes last: nothing overrides it. */
function nodeSettings(blueprint: Blueprint, spec: NodeSpec): ReadonlyMap<string, string> {
  const { cluster, formation, site } = blueprint;
  const place = { cluster: cluster.metadata.name, namespace: cluster.metadata.namespace, domain: site.domain };
  const own = `${PATHS.tls}/${nodeName(place.cluster, spec.id)}`;
  const settings = new Map(spec.settings);
  settings.set('node.id', String(spec.id));
  settings.set('process.roles', spec.roles.join(','));
  const controllers = spec.controllers.map((id) => `${id}@${nodeHost(place, id)}:${PORTS.control}`);
  settings.set('controller.quorum.voters', controllers.join(','));
  settings.set('weir.cluster.id', formation.clusterId);
  settings.set('weir.formation.file', `${PATHS.quorum}/${FORMATION_KEY}`);
  settings.set('log.dirs', `${PATHS.volume}/data`);
  settings.set('weir.grpc.port', String(PORTS.control));
  // The address of its pod is another one after each restart.
  settings.set('weir.grpc.advertised.host', nodeHost(place, spec.id));
  settings.set('weir.grpc.tls.cert.file', `${own}.crt`);
  settings.set('weir.grpc.tls.key.file', `${own}.key`);
  settings.set('weir.grpc.tls.ca.file', `${PATHS.tls}/ca.crt`);
  settings.set('weir.http.port', String(PORTS.health));
  if (spec.listeners.length > 0) {
    const replication = { name: REPLICATION_LISTENER, port: PORTS.replication };
    const all = [...spec.listeners, replication];
    settings.set('listeners', all.map(({ name, port }) => `${name}://:${port}`).join(','));
    // Addresses of load balancers, machines and proxies are told without a restart (O18).
    const advertised = all.map(({ name, port }) => `${name}://${nodeHost(place, spec.id)}:${port}`);
    settings.set('advertised.listeners', advertised.join(','));
    settings.set('inter.broker.listener.name', REPLICATION_LISTENER);
    // Nobody but nodes of the cluster gets in (O6).
    settings.set('listener.security.protocol.map', `${REPLICATION_LISTENER}:SSL`);
  }
  return settings;
}

function textOf(settings: ReadonlyMap<string, string>): string {
  const lines = [...settings].map(([name, value]) => {
    // The file has no way to write one, and what stood behind it would be a setting of its own.
    if (/[\r\n]/.test(value))
      throw new OperatorError('INVALID', `spec.config["${name}"] must not hold a line break`, { fatal: true });
    return `${name}=${value}\n`;
  });
  return `# Written by the Weir operator from the Cluster.\n${lines.join('')}`;
}
