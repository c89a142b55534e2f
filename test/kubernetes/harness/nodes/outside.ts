import { join } from 'node:path';
import { at } from '../../../support/kubernetes/rendered.ts';
import { run } from '../../../setup/run.ts';
import type { ClientImages } from '../../clients/images.ts';
import { ClientLoad, type ClientLoadOptions } from '../../clients/load.ts';
import { clientsHere } from '../../clients/running.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Nodes } from './nodes.ts';

/** Clients that reach nodes, and neither pods nor Services: they come through the ports that a listener has on nodes (O18). */
export async function loadFromOutside(
  { nodes, images, directory }: { readonly nodes: Nodes; readonly images: ClientImages; readonly directory: string },
  { cluster, listener }: { readonly cluster: ClusterView; readonly listener: string },
  load: Omit<ClientLoadOptions, 'start' | 'bootstrap'>,
): Promise<ClientLoad> {
  const name = `${cluster.name}-bootstrap-${listener}`;
  const { spec } = await nodes.plane.get('-n', cluster.namespace, 'service', name);
  const bootstrap = `${nodes.network.nodeAddress(1)}:${String(at(spec, 'ports', 0, 'nodePort'))}`;
  const enter = nodes.network.enterOutside.bind(nodes.network);
  const start = clientsHere(images, { directory: join(directory, 'outside'), enter });
  return ClientLoad.start({ ...load, start, bootstrap });
}

/** Whether there is a way from outside to an address. */
export async function isReachedFromOutside(nodes: Nodes, address: string): Promise<boolean> {
  const { command, args } = nodes.network.enterOutside('ip', ['route', 'get', address]);
  return (await run(command, args)).exitCode === 0;
}
