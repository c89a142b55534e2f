import { POD, RESOURCES } from './pod-schema.ts';
import type { ObjectSchema } from './schema.ts';

const VOLUME = {
  size: {
    type: 'quantity',
    unit: 'bytes',
    description: 'Size of the volume of each node, such as 200Gi. It can grow, never shrink.',
  },
  storageClassName: {
    type: 'string',
    description: 'StorageClass of the volumes. Absent: the default one. It cannot be changed.',
    minLength: 1,
    maxLength: 253,
  },
} as const;

const ABSENT_STORAGE =
  'Absent: an emptyDir, whose data is gone with its pod: only for trying out. It cannot be added or taken away later.';

const BROKERS = {
  type: 'object',
  description: 'The broker nodes. Node ids are 0, 1, 2 and so on.',
  properties: {
    replicas: {
      type: 'integer',
      description:
        'Number of brokers; with autoscale the least number. New ones get a share of the partitions, the ones with the highest ids are drained before they go.',
      minimum: 1,
      maximum: 1_000,
      default: 3,
    },
    storage: {
      type: 'object',
      description: `A volume for each broker. ${ABSENT_STORAGE}`,
      only: 'kubernetes',
      properties: VOLUME,
      required: ['size'],
    },
    resources: RESOURCES,
    pod: POD,
    autoscale: {
      type: 'object',
      description:
        'Lets the operator run more brokers than replicas while the load asks for them, one more at a time while nothing else is done. The number in force is status.replicas; replicas stays as it was written. Taken away, the brokers that came stay until that is confirmed.',
      only: 'kubernetes',
      properties: {
        maxReplicas: { type: 'integer', description: 'The greatest number of brokers.', minimum: 1, maximum: 1_000 },
        scaleIn: {
          type: 'enum',
          description:
            'Drain: brokers that the load does not need any more are drained and go, one at a time. Manual: they stay, and condition ScalingLimited tells that one could go.',
          values: ['Manual', 'Drain'],
          default: 'Manual',
        },
        diskPercent: {
          type: 'integer',
          description:
            'A broker comes while the logs of one take more than this part of its disk, in percent: of its volume, or of the file system where that is smaller.',
          minimum: 10,
          maximum: 90,
          default: 70,
        },
        loadPercent: {
          type: 'integer',
          description:
            'A broker comes while one is busy for more than this part of the time, or has more than this part of the share sessions that it takes, in percent; from two thirds of it on while a ShareGroup with members falls behind.',
          minimum: 10,
          maximum: 90,
          default: 60,
        },
        throughput: {
          type: 'quantity',
          unit: 'bytes',
          description:
            'A broker comes while more bytes than this, of requests and answers together, go through one each second. Absent: bytes are not judged, only how busy brokers are with them.',
        },
        scaleOutSeconds: {
          type: 'integer',
          description: 'For so long the load has to ask for a broker before it comes.',
          minimum: 10,
          maximum: 1_800,
          default: 60,
        },
        scaleInSeconds: {
          type: 'integer',
          description: 'For so long the others have to be able to do without a broker before it goes.',
          minimum: 10,
          maximum: 604_800,
          default: 1_800,
        },
      },
      required: ['maxReplicas'],
    },
  },
  required: [],
} as const satisfies ObjectSchema;

const CONTROLLERS = {
  type: 'object',
  description:
    'Controllers as nodes of their own, with ids 1000, 1001 and so on. Absent: the first brokers are controllers as well, one of up to two brokers, else three. It cannot be added or taken away later.',
  properties: {
    replicas: {
      type: 'integer',
      description: 'Number of controllers: 1, 3 or 5. It can grow, never shrink.',
      minimum: 1,
      maximum: 5,
      default: 3,
    },
    storage: {
      type: 'object',
      description: `A volume for each controller. ${ABSENT_STORAGE}`,
      only: 'kubernetes',
      properties: VOLUME,
      required: ['size'],
    },
    resources: RESOURCES,
    pod: POD,
  },
  required: [],
} as const satisfies ObjectSchema;

const HOST_NAME = { minLength: 1, maxLength: 253 } as const;

const LISTENER = {
  type: 'object',
  description: 'A port on which clients connect, and from where it is reached.',
  properties: {
    name: {
      type: 'string',
      description: 'Name of the listener, unique in the cluster.',
      minLength: 1,
      maxLength: 25,
      pattern: '^[a-z][a-z0-9-]*$',
      patternHint: "lower-case letters, digits and '-', beginning with a letter",
    },
    port: {
      type: 'integer',
      description: 'TCP port on each broker. 9091, 9180, 9185 and 9190 are taken by the nodes themselves.',
      minimum: 1,
      maximum: 65_535,
    },
    type: {
      type: 'enum',
      description:
        "From where it is reached. internal: from inside of Kubernetes. nodeport: through a port of every machine, at the address (InternalIP) that Kubernetes tells of it. loadbalancer: through one load balancer for the bootstrap and one for each broker. hosts: through names that you point at it, by a proxy that goes by SNI and ends TLS itself, since brokers speak none to clients yet: a Gateway's TLSRoute with mode Terminate, or another.",
      values: ['internal', 'nodeport', 'loadbalancer', 'hosts'],
      default: 'internal',
      only: 'kubernetes',
    },
    hosts: {
      type: 'object',
      description: 'The names that clients use, for type hosts.',
      only: 'kubernetes',
      properties: {
        bootstrap: {
          type: 'string',
          description: 'Name that leads to any broker.',
          ...HOST_NAME,
          pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
          patternHint: 'a host name in lower case',
        },
        node: {
          type: 'string',
          description: 'Name that leads to one broker, {id} standing for its id: b-{id}.kafka.example.com.',
          ...HOST_NAME,
          pattern: '^[-a-z0-9.]*\\{id\\}[-a-z0-9.]*[a-z0-9]$',
          patternHint: 'a host name in lower case with {id} in it, such as b-{id}.kafka.example.com',
        },
        port: { type: 'integer', description: 'Port behind these names.', minimum: 1, maximum: 65_535 },
      },
      required: ['bootstrap', 'node', 'port'],
    },
  },
  required: ['name', 'port'],
} as const satisfies ObjectSchema;

const TENANT = {
  type: 'object',
  description: 'A namespace, and how names of what belongs to it begin.',
  properties: {
    namespace: {
      type: 'string',
      description: 'From where Topics and ShareGroups may name this Cluster.',
      minLength: 1,
      maxLength: 63,
    },
    prefix: {
      type: 'string',
      description: 'What the names of its topics and groups have to begin with, such as payments.',
      minLength: 1,
      maxLength: 100,
      pattern: '^[a-zA-Z0-9._-]+$',
      patternHint: "letters, digits, '.', '_' and '-'",
    },
  },
  required: ['namespace', 'prefix'],
} as const satisfies ObjectSchema;

const MAINTENANCE_WINDOW = {
  type: 'object',
  description: 'A span of time that comes every week, or every day.',
  properties: {
    days: {
      type: 'array',
      description: 'The days on which it begins. Absent: every day.',
      listType: 'set',
      minItems: 1,
      maxItems: 7,
      items: {
        type: 'enum',
        description: 'A day.',
        values: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
      },
    },
    start: {
      type: 'string',
      description: 'When it begins, as hours and minutes: "02:00".',
      minLength: 5,
      maxLength: 5,
      pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
      patternHint: 'hours and minutes such as "02:00"',
    },
    durationMinutes: { type: 'integer', description: 'How long it is, in minutes.', minimum: 15, maximum: 1_440 },
    timeZone: {
      type: 'string',
      description: 'Time zone of start by its IANA name, such as Europe/Berlin.',
      minLength: 1,
      maxLength: 64,
      pattern: '^[A-Za-z][A-Za-z0-9_+/-]*$',
      patternHint: 'a name such as Europe/Berlin',
      default: 'UTC',
    },
  },
  required: ['start', 'durationMinutes'],
} as const satisfies ObjectSchema;

/** The `spec` of a Cluster. */
export const CLUSTER_SPEC = {
  type: 'object',
  description: 'What the cluster should be.',
  properties: {
    brokers: BROKERS,
    controllers: CONTROLLERS,
    storage: {
      type: 'object',
      description: 'What is the same for the volumes of all nodes, of brokers and of controllers.',
      only: 'kubernetes',
      properties: {
        onDelete: {
          type: 'enum',
          description:
            'What becomes of the volumes when the Cluster is deleted. Retain: they stay, and a Cluster of the same name in the same namespace takes them up again with every record. Delete: they go with it.',
          values: ['Retain', 'Delete'],
          default: 'Retain',
        },
      },
      required: [],
    },
    listeners: {
      type: 'array',
      description: 'Where clients connect. Metadata answers with the addresses of the listener that was asked.',
      listType: 'map',
      mapKey: 'name',
      minItems: 1,
      // Brokers take 16, and one is their own on Kubernetes.
      maxItems: 15,
      items: LISTENER,
      default: [{ name: 'plain', port: 9092, type: 'internal' }],
    },
    config: {
      type: 'config',
      description:
        "Broker settings by Kafka's names. Declared ones are enforced, the others keep their values. Those that can change while brokers run do; the others restart one broker after the other.",
      scope: 'broker',
      maxProperties: 200,
    },
    version: {
      type: 'string',
      description:
        "Version of Weir that the nodes run, at most one minor version from the one before. Absent: the operator's own, so that a new operator brings the nodes to its version.",
      only: 'kubernetes',
      minLength: 5,
      maxLength: 40,
      pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9A-Za-z.-]+)?$',
      patternHint: 'a version such as "1.4.2"',
    },
    featureLevel: {
      type: 'integer',
      description:
        'Level of the feature weir.version. It can be raised and never be lowered. As long as it is not raised, the nodes can go back to the version of Weir before. Absent: it is raised a day after the last node runs a new version.',
      only: 'kubernetes',
      minimum: 1,
      maximum: 1_000,
    },
    tenants: {
      type: 'array',
      description: 'Other namespaces whose Topics and ShareGroups may name this Cluster.',
      listType: 'map',
      mapKey: 'namespace',
      minItems: 0,
      maxItems: 100,
      items: TENANT,
    },
    maintenanceWindows: {
      type: 'array',
      description:
        'When the operator may restart nodes for its own reasons, such as a new version of itself. A roll that is not over when its window is goes on in the next one. What you change is done at once. Absent: at any time.',
      listType: 'atomic',
      only: 'kubernetes',
      minItems: 1,
      maxItems: 20,
      items: MAINTENANCE_WINDOW,
    },
  },
  required: ['brokers'],
} as const satisfies ObjectSchema;
