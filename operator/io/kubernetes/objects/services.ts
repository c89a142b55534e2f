import type { Cluster } from '../../../api/kinds.ts';
import type { KubernetesObject } from '../../../ports/kubernetes.ts';
import type { Blueprint, BlueprintNode } from './blueprint.ts';
import { metadataOf, podSelector } from './metadata.ts';
import { ANNOTATIONS, listenerServiceName, namesOf, nodeName, POD_NAME_LABEL, PORTS } from './names.ts';

type Listener = Cluster['spec']['listeners'][number];

/** Beginning of the names of ports that are listeners; the others have none like it. */
export const LISTENER_PORT_PREFIX = 'kafka-';

const tcp = (name: string, port: number) => ({ name, port, targetPort: port, protocol: 'TCP' });
const CONTROL = tcp('grpc', PORTS.control);
const REPLICATION = tcp('replication', PORTS.replication);
const listenerPort = ({ name, port }: { readonly name: string; readonly port: number }) =>
  tcp(`${LISTENER_PORT_PREFIX}${name}`, port);

const service = (metadata: KubernetesObject['metadata'], spec: object): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata,
  spec,
});

/** The Service that StatefulSets ask for. Nothing is reached through it: names of pods are cached for too long (O5). */
export function headlessService(blueprint: Blueprint): KubernetesObject {
  const { name } = blueprint.cluster.metadata;
  return service(metadataOf(blueprint, namesOf(name).nodes), {
    clusterIP: 'None',
    publishNotReadyAddresses: true,
    selector: podSelector(name),
    ports: [CONTROL],
  });
}

/** A node's address, and the record that there is such a node: it stays while the node is stopped, and goes when it is forgotten. */
export function nodeService(blueprint: Blueprint, { spec, mark, replacedDisk }: BlueprintNode): KubernetesObject {
  const name = nodeName(blueprint.cluster.metadata.name, spec.id);
  const annotations = {
    ...(mark === null ? {} : { [ANNOTATIONS.mark]: mark }),
    ...(replacedDisk === null ? {} : { [ANNOTATIONS.replacedDisk]: replacedDisk }),
  };
  const isBroker = spec.roles.includes('broker');
  return service(metadataOf(blueprint, name, { id: spec.id }, annotations), {
    type: 'ClusterIP',
    publishNotReadyAddresses: true,
    selector: { [POD_NAME_LABEL]: name },
    ports: [...spec.listeners.map(listenerPort), ...(isBroker ? [REPLICATION] : []), CONTROL],
  });
}

/** Leads clients to any broker that is ready, on the listeners that are reached from inside or through a proxy there. */
export function bootstrapServices(blueprint: Blueprint): readonly KubernetesObject[] {
  const { metadata, spec } = blueprint.cluster;
  const listeners = spec.listeners.filter((listener) => outsideType(listener) === null);
  if (listeners.length === 0) return [];
  return [
    service(metadataOf(blueprint, namesOf(metadata.name).bootstrap, { role: 'broker', part: 'listener' }), {
      type: 'ClusterIP',
      selector: podSelector(metadata.name, 'broker'),
      ports: listeners.map(listenerPort),
    }),
  ];
}

/** Services of the listeners that are reached from outside: one for any broker, and one for each (O18). */
export function listenerServices(blueprint: Blueprint): readonly KubernetesObject[] {
  const { metadata, spec } = blueprint.cluster;
  const brokers = blueprint.nodes.filter((node) => node.spec.roles.includes('broker'));
  return spec.listeners.flatMap((listener) => {
    const type = outsideType(listener);
    if (type === null) return [];
    const ports = [listenerPort(listener)];
    const nameOf = (id: number | null): string => listenerServiceName(metadata.name, listener.name, id);
    const any = service(metadataOf(blueprint, nameOf(null), { role: 'broker', part: 'listener' }), {
      type,
      selector: podSelector(metadata.name, 'broker'),
      ports,
    });
    const each = brokers.map(({ spec: { id } }) =>
      service(metadataOf(blueprint, nameOf(id), { id, part: 'listener' }), {
        type,
        // One pod stands behind it, and clients are told the address of its machine.
        externalTrafficPolicy: 'Local',
        publishNotReadyAddresses: true,
        selector: { [POD_NAME_LABEL]: nodeName(metadata.name, id) },
        ports,
      }),
    );
    return [any, ...each];
  });
}

function outsideType({ type }: Listener): 'NodePort' | 'LoadBalancer' | null {
  if (type === 'nodeport') return 'NodePort';
  return type === 'loadbalancer' ? 'LoadBalancer' : null;
}
