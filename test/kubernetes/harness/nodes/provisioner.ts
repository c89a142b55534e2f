import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathOf } from '../../../../operator/io/kubernetes/api-client.ts';
import type { ApiRequest } from '../../../../operator/io/kubernetes/transport.ts';
import type { KubernetesObject } from '../../../../operator/ports/kubernetes.ts';
import { at } from '../../../support/kubernetes/rendered.ts';
import { TYPES } from '../../../support/kubernetes/types.ts';
import { type ControlPlane, LOCAL_PROVISIONER } from '../control-plane.ts';

const LOOK_MS = 300;
const VOLUMES = '/api/v1/persistentvolumes';
const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const MERGE = 'application/merge-patch+json';

/**
 * Makes the volumes of claims, each a directory on the disk of the node that the scheduler chose: its pod runs on that node and no other
 * from then on. What is released goes, and what is to grow has grown, since a directory has no size.
 */
export class Provisioner {
  readonly #plane: ControlPlane;
  readonly #diskOf: (node: string) => string;
  readonly #troubles: string[] = [];
  #isOver = false;
  #live: Promise<void> = Promise.resolve();

  constructor(plane: ControlPlane, diskOf: (node: string) => string) {
    this.#plane = plane;
    this.#diskOf = diskOf;
  }

  start(): void {
    this.#live = this.#run();
  }

  /** What failed last. */
  describe(): string {
    return this.#troubles.slice(-10).join('\n');
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#live;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await this.#look().catch((error: unknown) => this.#troubles.push(String(error)));
      await delay(LOOK_MS);
    }
  }

  async #look(): Promise<void> {
    for (const claim of await this.#list(pathOf(TYPES.claims, {}))) {
      if (at(claim, 'spec', 'storageClassName') !== 'standard' || claim.metadata.deletionTimestamp !== undefined)
        continue;
      if (at(claim, 'status', 'phase') === 'Bound') await this.#grow(claim);
      else await this.#make(claim);
    }
    for (const volume of await this.#list(VOLUMES)) {
      const isOurs = at(volume, 'metadata', 'annotations', 'pv.kubernetes.io/provisioned-by') === LOCAL_PROVISIONER;
      const isDue =
        at(volume, 'status', 'phase') === 'Released' &&
        at(volume, 'spec', 'persistentVolumeReclaimPolicy') === 'Delete';
      if (isOurs && isDue) await this.#remove(volume);
    }
  }

  async #list(path: string): Promise<readonly KubernetesObject[]> {
    const { items } = await this.#plane.ask({ method: 'GET', path });
    // What an API server says of a list.
    return items as readonly KubernetesObject[];
  }

  async #make({ metadata: { name, namespace, uid, annotations }, spec }: KubernetesObject): Promise<void> {
    const node = annotations?.[SELECTED_NODE];
    if (node === undefined) return;
    const volume = `pvc-${uid}`;
    const path = join(this.#diskOf(node), volume);
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777);
    const term = { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] };
    const body = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: volume, annotations: { 'pv.kubernetes.io/provisioned-by': LOCAL_PROVISIONER } },
      spec: {
        capacity: { storage: at(spec, 'resources', 'requests', 'storage') },
        accessModes: at(spec, 'accessModes'),
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: 'standard',
        local: { path },
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
        nodeAffinity: { required: { nodeSelectorTerms: [term] } },
      },
    };
    await this.#ask({ method: 'POST', path: VOLUMES, body }, 'AlreadyExists');
  }

  async #grow({ metadata: { name, namespace = '' }, spec, status }: KubernetesObject): Promise<void> {
    const storage = at(spec, 'resources', 'requests', 'storage');
    if (storage === at(status, 'capacity', 'storage')) return;
    const body = { spec: { capacity: { storage } } };
    await this.#ask({
      method: 'PATCH',
      path: `${VOLUMES}/${String(at(spec, 'volumeName'))}`,
      body,
      contentType: MERGE,
    });
    await this.#plane.patchStatus(pathOf(TYPES.claims, { namespace, name }), { capacity: { storage } });
  }

  async #remove({ metadata: { name }, spec }: KubernetesObject): Promise<void> {
    await this.#ask({ method: 'DELETE', path: `${VOLUMES}/${name}` }, 'NotFound');
    await rm(String(at(spec, 'local', 'path')), { recursive: true, force: true });
  }

  async #ask(request: ApiRequest, expected = ''): Promise<void> {
    const { kind, status, reason, message } = await this.#plane.ask(request);
    if (kind === 'Status' && status !== 'Success' && reason !== expected)
      throw new Error(`${request.method} ${request.path}: ${String(message)}`);
  }
}
