import { Agent } from 'node:http';
import { ApiServer } from './api-server.ts';
import { FaultProxy } from './fault-proxy.ts';
import { TYPES } from './types.ts';
import { ApiClient } from '../../../operator/io/kubernetes/api-client.ts';
import type { Endpoint } from '../../../operator/io/kubernetes/transport.ts';
import { systemClock } from '../../../operator/io/system-clock.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';

/** An API server behind a proxy, and a client of it. */
export interface Stage {
  readonly server: ApiServer;
  readonly proxy: FaultProxy;
  /** A way to the proxy with connections of its own. */
  readonly endpoint: () => Endpoint;
  /** The same, past the proxy. */
  readonly direct: () => Endpoint;
  /** Through the proxy. */
  readonly client: (options?: { readonly deadlineMs?: number }) => ApiClient;
}

/** Runs `body` with a fresh API server, and ends everything after it. */
export async function onStage(body: (stage: Stage) => Promise<void>): Promise<void> {
  const server = new ApiServer();
  const directUrl = await server.start();
  const proxy = new FaultProxy(directUrl);
  const proxyUrl = await proxy.start();
  const opened: Endpoint[] = [];
  const endpointAt = (url: string): Endpoint => {
    const agent = new Agent({ keepAlive: true });
    const made = { url, options: async () => ({ agent }), close: () => agent.destroy() };
    opened.push(made);
    return made;
  };
  const endpoint = (): Endpoint => endpointAt(proxyUrl);
  try {
    await body({
      server,
      proxy,
      endpoint,
      direct: () => endpointAt(directUrl),
      client: (options = {}) => new ApiClient({ endpoint: endpoint(), clock: systemClock, ...options }),
    });
  } finally {
    for (const each of opened) each.close();
    await proxy.stop();
    await server.stop();
  }
}

/** A ConfigMap of namespace `ns`. */
export const configMap = (name: string, data: Record<string, string> = {}, more: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'ns', ...more },
  data,
});

/** A Pod of namespace `ns`. */
export const pod = (name: string, labels: Record<string, string> = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'ns', labels },
  spec: { containers: [{ name: 'broker', image: 'weir:1' }] },
});

/** A ShareGroup of namespace `ns`. */
export const shareGroup = (name: string, topics: readonly string[] = ['t']): KubernetesObject => ({
  apiVersion: `${TYPES.shareGroups.group}/${TYPES.shareGroups.version}`,
  kind: 'ShareGroup',
  metadata: { name, namespace: 'ns' },
  spec: { clusterRef: { name: 'c' }, topics },
});
