import { crdOf } from '../../../operator/api/crd.ts';
import { API_VERSION, type Kind, KINDS } from '../../../operator/api/names.ts';
import { type Standing, statusOf, type StatusOf, summary } from '../../../operator/core/conditions.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';

/** An object as it may be found, and what tools for GitOps are to make of it. */
export interface HealthSample {
  readonly title: string;
  readonly object: KubernetesObject;
  readonly argo: 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended';
  readonly flux: 'Current' | 'InProgress' | 'Failed';
}

const GENERATION = 7;

/** A status as the operator writes one. */
const written = (standing: Standing, generation = GENERATION): StatusOf<Kind> =>
  statusOf<Kind>({ judgements: summary(standing), fields: null }, {}, { generation, now: '2026-11-29T12:00:00Z' });

const DONE: Standing = { kind: 'done', reason: 'AsDeclared', message: 'all is as the manifest says' };
const STALLED: Standing = { kind: 'stalled', reason: 'InvalidSpec', message: 'spec.topics must not be empty' };

const PROGRESSING = { argo: 'Progressing', flux: 'InProgress' } as const;

/** One of everything that can be said of an object of any kind. */
export const HEALTH_SAMPLES: readonly HealthSample[] = KINDS.flatMap((kind) => {
  const sample = (
    title: string,
    status: unknown,
    health: Pick<HealthSample, 'argo' | 'flux'>,
    metadata: object = {},
  ): HealthSample => ({
    title: `${kind} ${title}`,
    object: {
      apiVersion: API_VERSION,
      kind,
      metadata: { name: 'a', namespace: 'ns', generation: GENERATION, ...metadata },
      spec: {},
      status,
    },
    ...health,
  });
  const held = (reason: string): HealthSample =>
    sample(`held back (${reason})`, written({ kind: 'stalled', reason, message: 'nothing is done' }), {
      argo: 'Suspended',
      flux: 'Failed',
    });
  return [
    sample('ready', written(DONE), { argo: 'Healthy', flux: 'Current' }),
    sample('under way', written({ kind: 'working', reason: 'Progressing', message: 'start node 1' }), PROGRESSING),
    sample('of which nobody can tell', written({ kind: 'unknown', reason: 'NotObserved', message: '' }), PROGRESSING),
    sample('stalled', written(STALLED), { argo: 'Degraded', flux: 'Failed' }),
    held('Paused'),
    held('ClusterPaused'),
    held('Observed'),
    sample('that was ready before it changed', written(DONE, GENERATION - 1), PROGRESSING),
    sample('that was stalled before it changed', written(STALLED, GENERATION - 1), PROGRESSING),
    sample('that no operator has seen', unseen(kind), PROGRESSING),
    sample('whose status has nothing in it', {}, PROGRESSING),
    sample('whose status has no conditions', { observedGeneration: GENERATION }, PROGRESSING),
    sample('that others say is not stalled', unstalled(), { argo: 'Healthy', flux: 'Current' }),
    sample('that is being deleted', written(DONE), PROGRESSING, { deletionTimestamp: '2026-11-29T12:00:00Z' }),
  ];
});

/** The operator leaves out what is not the case; others write that it is not. */
function unstalled(): unknown {
  const { conditions = [], ...status } = written(DONE);
  const [ready] = conditions;
  return { ...status, conditions: [{ ...ready, type: 'Stalled', status: 'False' }, ...conditions] };
}

/** What an API server fills in. */
function unseen(kind: Kind): unknown {
  const [version] = crdOf(kind).spec.versions;
  return version?.schema.openAPIV3Schema.properties?.['status']?.default;
}
