import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { ApiError, type Endpoint } from './transport.ts';
import { messageOf } from '../../ports/operator-error.ts';

/** Where the configuration is: in the pod, in a file, or wherever kubectl would look. */
export type KubeConfigSource =
  | { readonly kind: 'cluster' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'default' };

/** Connections that are kept for the next request, per client at most this many. */
const IDLE_SOCKETS_MAX = 4;

/**
 * The API server that a kubeconfig's current context names. Tokens, certificates and plugins are client-node's; it is
 * loaded here and not with the module, because whoever runs no operator should not pay for it. The connections are our own:
 * client-node keeps one agent with the certificates of its first request.
 */
export async function kubeConfigEndpoint(source: KubeConfigSource): Promise<Endpoint> {
  const { KubeConfig: Config } = await import('@kubernetes/client-node');
  const config = new Config();
  try {
    load(config, source);
  } catch (error) {
    throw new ApiError('INVALID', `the kubeconfig can't be read: ${messageOf(error)}`, { fatal: true, cause: error });
  }
  const cluster = config.getCurrentCluster();
  // What client-node makes up where there is nothing to read.
  if (source.kind === 'default' && config.getCurrentContext() === 'loaded-context')
    throw new ApiError('UNREACHABLE', 'there is no kubeconfig, and this is no pod', { fatal: true });
  if (cluster === null) throw new ApiError('INVALID', 'the kubeconfig has no current context', { fatal: true });
  const url = cluster.server.replace(/\/+$/, '');
  const kept = { keepAlive: true, maxFreeSockets: IDLE_SOCKETS_MAX };
  const agent = url.startsWith('https:') ? new HttpsAgent(kept) : new HttpAgent(kept);
  return {
    url,
    options: async () => {
      const options: RequestOptions = { headers: {} };
      try {
        await config.applyToHTTPSOptions(options);
      } catch (error) {
        const text = `no credentials for the Kubernetes API: ${messageOf(error)}`;
        throw new ApiError('UNAUTHORIZED', text, { cause: error });
      }
      // Sockets of an agent are pooled by certificate and authority, so that renewed ones get connections of their own.
      return cluster.proxyUrl === undefined ? { ...options, agent } : options;
    },
    close: () => {
      agent.destroy();
    },
  };
}

function load(config: KubeConfig, source: KubeConfigSource): void {
  switch (source.kind) {
    case 'cluster':
      config.loadFromCluster();
      return;
    case 'file':
      config.loadFromFile(source.path);
      return;
    case 'default':
      config.loadFromDefault();
      return;
  }
}
