import { isRecord } from '../../../api/validate.ts';
import { INSTRUCTIONS } from '../../../core/instructions.ts';
import type { Blueprint } from './blueprint.ts';
import { storageOf } from './claims.ts';
import { PATHS, settingsKey } from './config-maps.ts';
import { labelsOf, podSelector } from './metadata.ts';
import { ANNOTATIONS, CONTAINER, hashOf, namesOf, PORTS, type Role, roleOf } from './names.ts';

/** A stop is an orderly one: leaderships are handed over, and everything is synced (O7). */
const GRACE_SECONDS = 120;
/** The user and group that the image is made for; the volume is theirs. */
const USER_ID = 65_532;
/** Mode of files with keys: their owner is root, nodes read them by their group. */
const KEY_MODE = 0o440;

/**
 * The pods of a role. Of what is in a pod only two annotations say whether it has to be a new one: a list of controllers that grew
 * is for those that start from then on.
 */
export function podTemplate(blueprint: Blueprint, role: Role, settings: string): object {
  const { cluster, nodes } = blueprint;
  const pod = ofRole(blueprint, role)?.pod;
  const own = { labels: plain(pod?.labels ?? new Map()), annotations: plain(pod?.annotations ?? new Map()) };
  const spec = nodes.find((node) => roleOf(node.spec.id) === role)?.spec;
  const { specHash = '', declaredHash = '', restart = '' } = spec ?? {};
  return {
    metadata: {
      labels: { ...own.labels, ...labelsOf(cluster.metadata.name, { role }) },
      annotations: {
        ...own.annotations,
        [ANNOTATIONS.specHash]: specHash,
        [ANNOTATIONS.podHash]: hashOf([own, podSpec(blueprint, role, '')], 16),
        [ANNOTATIONS.declaredHash]: declaredHash,
        // In no hash: a pod without it is none that has to be made anew.
        ...(restart === '' ? {} : { [INSTRUCTIONS.restart]: restart }),
      },
    },
    spec: podSpec(blueprint, role, settings),
  };
}

function ofRole({ cluster }: Blueprint, role: Role) {
  return role === 'broker' ? cluster.spec.brokers : cluster.spec.controllers;
}

function podSpec(blueprint: Blueprint, role: Role, settings: string): object {
  const { name } = blueprint.cluster.metadata;
  const { tolerations, affinity, priorityClassName, imagePullSecrets } = ofRole(blueprint, role)?.pod ?? {};
  return {
    serviceAccountName: namesOf(name).nodes,
    automountServiceAccountToken: false,
    // Variables of other Services would be taken for settings where a Service's name begins with `weir`.
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER_ID,
      runAsGroup: USER_ID,
      fsGroup: USER_ID,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    topologySpreadConstraints: spread(blueprint, role),
    ...plain({ tolerations, affinity, priorityClassName, imagePullSecrets }),
    containers: [container(blueprint, role)],
    volumes: volumes(blueprint, role, settings),
  };
}

function container(blueprint: Blueprint, role: Role): object {
  const { cluster, site } = blueprint;
  const listeners = role === 'broker' ? cluster.spec.listeners.map(({ port }) => port) : [];
  const ports = [...listeners, ...(role === 'broker' ? [PORTS.replication] : []), PORTS.health, PORTS.control];
  const resources = ofRole(blueprint, role)?.resources;
  return {
    name: CONTAINER,
    image: imageOf(blueprint),
    imagePullPolicy: site.image.pullPolicy,
    // The last lines of a log without the right to read logs.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    args: ['broker', '--config', `${PATHS.config}/${settingsKey('$(POD_NAME)')}`],
    env: environment(),
    ports: ports.map((containerPort) => ({ containerPort, protocol: 'TCP' })),
    ...(resources === undefined ? {} : { resources: plain(resources) }),
    livenessProbe: probe('/livez', { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
    readinessProbe: probe('/readyz', { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 }),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'config', mountPath: PATHS.config, readOnly: true },
      { name: 'quorum', mountPath: PATHS.quorum, readOnly: true },
      { name: 'tls', mountPath: PATHS.tls, readOnly: true },
      { name: 'data', mountPath: PATHS.volume },
    ],
  };
}

function imageOf({ cluster: { keptVersion, spec }, site: { image } }: Blueprint): string {
  const { repository, tag, digest = '' } = image;
  const version = keptVersion ?? spec.version ?? tag;
  return `${repository}:${version}${version === tag ? digest : ''}`;
}

/** What only the pod knows: settings by their variables. The zone is empty where machines have none. */
function environment(): readonly object[] {
  const field = (name: string, fieldPath: string) => ({
    name,
    valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
  });
  return [
    field('POD_NAME', 'metadata.name'),
    field('WEIR_WEIR_GRPC_HOST', 'status.podIP'),
    field('WEIR_WEIR_HTTP_HOST', 'status.podIP'),
    field('WEIR_WEIR_HOST', 'spec.nodeName'),
    field('WEIR_BROKER_RACK', "metadata.labels['topology.kubernetes.io/zone']"),
  ];
}

const probe = (path: string, times: object): object => ({
  httpGet: { path, port: PORTS.health, scheme: 'HTTP' },
  ...times,
});

/**
 * As evenly over machines as there are any to run on, unless the manifest says that it is all one (`weir.placement.host.relaxed`);
 * over zones where that is possible.
 */
function spread({ cluster }: Blueprint, role: Role): readonly object[] {
  const isRelaxed = cluster.spec.config.get('weir.placement.host.relaxed')?.trim().toLowerCase() === 'true';
  const over = (topologyKey: string, whenUnsatisfiable: string) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable,
    // A machine that is being emptied, or is away, is none to run on.
    nodeTaintsPolicy: 'Honor',
    labelSelector: { matchLabels: podSelector(cluster.metadata.name, role) },
  });
  return [
    over('kubernetes.io/hostname', isRelaxed ? 'ScheduleAnyway' : 'DoNotSchedule'),
    over('topology.kubernetes.io/zone', 'ScheduleAnyway'),
  ];
}

function volumes(blueprint: Blueprint, role: Role, settings: string): readonly object[] {
  const { quorum, nodeSecret } = namesOf(blueprint.cluster.metadata.name);
  return [
    { name: 'config', configMap: { name: settings } },
    { name: 'quorum', configMap: { name: quorum } },
    { name: 'tls', secret: { secretName: nodeSecret, defaultMode: KEY_MODE } },
    ...(storageOf(blueprint, role) === undefined ? [{ name: 'data', emptyDir: {} }] : []),
  ];
}

/** A validated value as JSON: maps as objects, and nothing for what is not there. */
function plain(value: object): Record<string, unknown> {
  // A map or an object becomes an object.
  return asJson(value) as Record<string, unknown>;
}

function asJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asJson);
  const entries =
    value instanceof Map
      ? [...(value as ReadonlyMap<string, unknown>)]
      : isRecord(value)
        ? Object.entries(value)
        : null;
  if (entries === null) return value;
  return Object.fromEntries(entries.filter(([, one]) => one !== undefined).map(([name, one]) => [name, asJson(one)]));
}
