import type { ClusterAdmin } from '../ports/cluster-admin.ts';
import type { ClusterDialer } from '../ports/cluster-dialer.ts';
import type { KubernetesApi } from '../ports/kubernetes.ts';
import { OperatorError } from '../ports/operator-error.ts';

/** Fails unless this process may act now; asked before every effect (E1). */
export type MayAct = () => void;

/** `MayAct` of whoever holds a lease. */
export function whileHolding(isHolding: () => boolean): MayAct {
  return () => {
    if (!isHolding())
      throw new OperatorError('NOT_LEADING', 'another operator may act now: this one does nothing more');
  };
}

function guard(mayAct: MayAct) {
  return <A extends unknown[], R>(effect: (...args: A) => Promise<R>): ((...args: A) => Promise<R>) =>
    async (...args) => {
      mayAct();
      return effect(...args);
    };
}

/** The API, whose writes are only for who may act. */
export function guardedApi(api: KubernetesApi, mayAct: MayAct): KubernetesApi {
  const guarded = guard(mayAct);
  return {
    get: (type, name) => api.get(type, name),
    list: (type, selection, page) => api.list(type, selection, page),
    watch: (type, selection, from) => api.watch(type, selection, from),
    create: guarded((type, object) => api.create(type, object)),
    replace: guarded((type, object) => api.replace(type, object)),
    apply: guarded((type, object, options) => api.apply(type, object, options)),
    applyStatus: guarded((type, object) => api.applyStatus(type, object)),
    disown: guarded((type, object) => api.disown(type, object)),
    setFinalizers: guarded((type, object) => api.setFinalizers(type, object)),
    scaleOf: (type, name) => api.scaleOf(type, name),
    setScale: guarded((type, name, scale) => api.setScale(type, name, scale)),
    delete: guarded((type, name, guard) => api.delete(type, name, guard)),
    evict: guarded((pod, guard, options) => api.evict(pod, guard, options)),
  };
}

/** Connections whose changes are only for who may act. */
export function guardedDialer(dialer: ClusterDialer, mayAct: MayAct): ClusterDialer {
  return {
    connect: async (cluster, nodes) => guardedAdmin(await dialer.connect(cluster, nodes), mayAct),
    diskOf: (cluster, node) => dialer.diskOf(cluster, node),
    hasNoMetadata: (cluster, node) => dialer.hasNoMetadata(cluster, node),
  };
}

function guardedAdmin(admin: ClusterAdmin, mayAct: MayAct): ClusterAdmin {
  const guarded = guard(mayAct);
  return {
    observe: (question) => admin.observe(question),
    createTopic: guarded((topic) => admin.createTopic(topic)),
    growTopic: guarded((name, partitions) => admin.growTopic(name, partitions)),
    deleteTopic: guarded((name) => admin.deleteTopic(name)),
    deleteGroup: guarded((groupId) => admin.deleteGroup(groupId)),
    beginGroup: guarded((groupId, starts) => admin.beginGroup(groupId, starts)),
    resizeTopic: guarded((name, wanted) => admin.resizeTopic(name, wanted)),
    addVoter: guarded((voter) => admin.addVoter(voter)),
    removeVoter: guarded((voter) => admin.removeVoter(voter)),
    drain: guarded((ids) => admin.drain(ids)),
    undrain: guarded((id) => admin.undrain(id)),
    rebalance: guarded(() => admin.rebalance()),
    setAdvertised: guarded((broker) => admin.setAdvertised(broker)),
    unregister: guarded((node) => admin.unregister(node)),
    raiseFeature: guarded((level) => admin.raiseFeature(level)),
    alterConfig: guarded((resource, change) => admin.alterConfig(resource, change)),
    close: () => admin.close(),
  };
}
