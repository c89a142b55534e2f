import type { ObjectSchema } from './schema.ts';

const TARGET_REF = {
  type: 'object',
  description:
    'What runs the consumers, in the namespace of this object. Its own manifest should say nothing of replicas. If mode is Builtin it has to be there.',
  properties: {
    kind: {
      type: 'enum',
      description: 'As what the consumers run.',
      values: ['Deployment', 'StatefulSet'],
      default: 'Deployment',
    },
    name: {
      type: 'string',
      description: 'Which workload of that kind it is, in the namespace of the ShareGroup.',
      minLength: 1,
      maxLength: 253,
    },
  },
  required: ['name'],
} as const satisfies ObjectSchema;

const replicas = (description: string, minimum: number, least: number) =>
  ({ type: 'integer', description, minimum, maximum: 1_000, default: least }) as const;

/** How the consumers of a share group are scaled by its backlog. */
export const SCALING = {
  type: 'object',
  description:
    'Gives the consumers of the group one replica for every so many records that are not done with. While the backlog is not known nothing is changed.',
  only: 'kubernetes',
  properties: {
    mode: {
      type: 'enum',
      description:
        'Builtin: the operator scales targetRef. External: KEDA scales what its ScaledObject names, and asks the operator for the backlog; of the other fields only backlogPerReplica counts, and no other may be changed.',
      values: ['Builtin', 'External'],
      default: 'Builtin',
    },
    targetRef: TARGET_REF,
    minReplicas: replicas('The least number of replicas; 0 while no record is left.', 0, 1),
    maxReplicas: replicas(
      'The greatest number of replicas. More than group.share.max.size of the cluster are never asked for.',
      1,
      10,
    ),
    backlogPerReplica: {
      type: 'integer',
      description: 'Records that are not done with for which there is one replica.',
      minimum: 1,
      maximum: 1_000_000_000,
    },
    stabilizationSeconds: {
      type: 'integer',
      description:
        'For so long fewer replicas have to be enough before some go, and before the next ones do. At least share.record.lock.duration.ms of the group, so that what the last ones held is handed out again.',
      minimum: 0,
      maximum: 3_600,
      default: 60,
    },
    scaleUpPercent: {
      type: 'integer',
      description: 'So many replicas may be added at a time, in percent of those that there are, and one in any case.',
      minimum: 1,
      maximum: 1_000,
      default: 100,
    },
    scaleDownPercent: {
      type: 'integer',
      description: 'So many replicas may go at a time, in percent of those that there are, and one in any case.',
      minimum: 1,
      maximum: 100,
      default: 50,
    },
  },
  required: ['backlogPerReplica'],
} as const satisfies ObjectSchema;
