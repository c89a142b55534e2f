import type { ClusterAdmin } from '../../../operator/ports/cluster-admin.ts';
import type { ClusterDialer, DialedCluster, NodeReach } from '../../../operator/ports/cluster-dialer.ts';
import { OperatorError } from '../../../operator/ports/operator-error.ts';
import type { ControlNet, StatusResponse } from '../../ports/control-net.ts';
import { operatorNet, statusOf } from '../fleet-calls.ts';
import { KafkaAdmin } from '../local/kafka-admin.ts';

/** Reaches nodes at the addresses of their pods: no name is resolved, and who answers is told by its certificate. */
export class PodDialer implements ClusterDialer {
  /** One for all calls of a cluster with the same certificates. */
  readonly #nets = new Map<string, { readonly cert: string | null; readonly net: ControlNet }>();

  async connect(cluster: DialedCluster, nodes: readonly NodeReach[]): Promise<ClusterAdmin> {
    const brokers = new Map(
      nodes.flatMap(({ id, host, listenerPort: port }) => (port === null ? [] : [[id, { host, port }] as const])),
    );
    const controls = new Map(nodes.map(({ id, host, controlPort: port }) => [id, { host, port }]));
    if (brokers.size === 0) throw new OperatorError('UNREACHABLE', 'no broker of the cluster is ready');
    const { clusterId } = cluster;
    return new KafkaAdmin([...brokers.values()], { brokers, controls, net: this.#netOf(cluster), clusterId });
  }

  async diskOf(cluster: DialedCluster, node: NodeReach): Promise<string> {
    return (await this.#statusOf(cluster, node)).node.directoryId;
  }

  async hasNoMetadata(cluster: DialedCluster, node: NodeReach): Promise<boolean> {
    return (await this.#statusOf(cluster, node)).hasNoMetadata;
  }

  async #statusOf(cluster: DialedCluster, node: NodeReach): Promise<StatusResponse> {
    const address = { host: node.host, port: node.controlPort };
    const { failure, response } = await statusOf(this.#netOf(cluster), cluster.clusterId, address);
    if (response === null)
      throw new OperatorError('UNREACHABLE', failure?.message ?? `${address.host} does not answer`);
    checkNode(node, response);
    return response;
  }

  #netOf({ namespace, name, tls }: DialedCluster): ControlNet {
    const [key, cert] = [`${namespace}/${name}`, tls === null ? null : tls.cert + tls.ca];
    const known = this.#nets.get(key);
    if (known?.cert === cert) return known.net;
    const bytes = (text: string): Buffer => Buffer.from(text);
    const net = operatorNet(tls === null ? null : { cert: bytes(tls.cert), key: bytes(tls.key), ca: bytes(tls.ca) });
    this.#nets.set(key, { cert, net });
    return net;
  }
}

/** An address may have another pod by now. */
function checkNode({ id, host }: NodeReach, { node }: StatusResponse): void {
  if (node.id !== id) throw new OperatorError('UNREACHABLE', `at ${host} is node ${node.id}, not node ${id}`);
}
