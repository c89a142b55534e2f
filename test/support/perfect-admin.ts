import type { Step } from '../../operator/core/steps.ts';
import type { ClusterAdmin, Progress } from '../../operator/ports/cluster-admin.ts';

/** What a `ClusterAdmin` changes, as the steps that it is asked for by. */
export function adminBySteps(move: (step: Step) => Promise<Progress>): Omit<ClusterAdmin, 'observe' | 'close'> {
  const carryOut = async (step: Step): Promise<void> => void (await move(step));
  const topic = (name: string, change: Extract<Step, { kind: 'EnsureTopic' }>['change']): Step => ({
    kind: 'EnsureTopic',
    topic: name,
    resource: '',
    change,
  });
  return {
    addVoter: ({ id, directoryId, address }) => carryOut({ kind: 'AddVoter', id, directoryId, address }),
    removeVoter: ({ id, directoryId }) => carryOut({ kind: 'RemoveVoter', id, directoryId }),
    createTopic: ({ name, ...change }) => carryOut(topic(name, { kind: 'create', ...change })),
    growTopic: (name, partitions) => carryOut(topic(name, { kind: 'grow', partitions, before: 0 })),
    deleteTopic: (name) => carryOut({ kind: 'DeleteTopic', topic: name, resource: '' }),
    deleteGroup: (groupId) => carryOut({ kind: 'DeleteGroup', groupId, resource: '', settings: [] }),
    beginGroup: (groupId, starts) => carryOut({ kind: 'BeginGroup', groupId, resource: '', starts }),
    resizeTopic: (name, wanted) => move(topic(name, { kind: 'resize', ...wanted })),
    drain: async (ids) => {
      const progress = await move({ kind: 'Drain', ids });
      return progress === 'done' ? 0 : progress.left;
    },
    undrain: (id) => carryOut({ kind: 'Undrain', id }),
    rebalance: () => move({ kind: 'Rebalance', ids: [] }),
    setAdvertised: (broker) => carryOut({ kind: 'SetAdvertised', ...broker }),
    unregister: async ({ id }) => carryOut({ kind: 'ForgetNode', id, isController: false }),
    raiseFeature: (level) => carryOut({ kind: 'RaiseFeature', level }),
    alterConfig: async (resource, change) => {
      if (resource.kind === 'cluster') await carryOut({ kind: 'SetConfig', change });
      else if (resource.kind === 'group')
        await carryOut({ kind: 'EnsureGroup', groupId: resource.name, resource: '', change });
      else await carryOut(topic(resource.name, { kind: 'configure', change }));
    },
  };
}
