import type { RunVerb, VerbHelp } from './verb.ts';

const BOOTSTRAP = {
  name: 'bootstrap',
  short: 'b',
  value: 'HOST:PORT',
  help: 'Broker to connect to first (default 127.0.0.1:9092)',
} as const;

const LOCAL: VerbHelp = {
  name: 'local',
  usage: 'weir local -f FILE... [--data DIR] [--port P]',
  summary: 'Run the clusters of manifest files on this machine',
  details: [
    'Starts the brokers of every Cluster in the files as processes, creates topics, sets what the manifests',
    'say, restarts what dies and follows edits of the files until it is stopped (Ctrl-C).',
  ],
  flags: [
    { name: 'file', short: 'f', value: 'FILE', multiple: true, help: 'Manifest file; may be given several times' },
    { name: 'data', value: 'DIR', help: 'Data directory (default ./.weir)' },
    {
      name: 'port',
      short: 'p',
      value: 'P',
      help: 'Port of node 0, in place of the first listener’s; 0 finds free ones',
    },
    { name: 'bind', value: 'ADDRESS', help: 'Address to listen on (default 127.0.0.1)' },
    { name: 'demo', help: 'Run a producer and three competing members, kill one, check the outcome, stop' },
    { name: 'verbose', short: 'v', help: 'Print every step' },
  ],
};

const PUT: VerbHelp = {
  name: 'put',
  usage: 'weir put TOPIC [--bootstrap HOST:PORT]',
  summary: 'Send each line of standard input to a topic',
  details: ['Ends when the input does and every line is acknowledged. Exit code 1: some line was not.'],
  flags: [
    BOOTSTRAP,
    { name: 'create', help: 'Let the broker create the topic if it is missing' },
    { name: 'key', value: 'SEPARATOR', help: 'Split each line into key and value at the first SEPARATOR' },
    { name: 'json', help: 'Print what happens to each line as JSON' },
  ],
};

const TAKE: VerbHelp = {
  name: 'take',
  usage: 'weir take GROUP --topic T [--ack accept|release|reject] [--max N]',
  summary: 'Take records from a share group, print and acknowledge them',
  details: [
    'Each record goes to one member at a time. Runs until N records are acknowledged or it is stopped (Ctrl-C).',
  ],
  flags: [
    BOOTSTRAP,
    { name: 'topic', short: 't', value: 'T', multiple: true, help: 'Topic to take from; may be given several times' },
    { name: 'ack', value: 'TYPE', help: 'accept: done (default); release: back to the queue; reject: never again' },
    { name: 'max', short: 'n', value: 'N', help: 'Stop after N records' },
    { name: 'idle', value: 'SECONDS', help: 'Stop when nothing came for so long' },
    { name: 'work', value: 'MS', help: 'Pretend to work this long on each record before it is acknowledged' },
    { name: 'json', help: 'Print what happens to each record as JSON' },
  ],
};

const BROKER: VerbHelp = {
  name: 'broker',
  usage: 'weir broker --config FILE',
  summary: 'Run one broker',
  details: ['FILE holds settings by Kafka’s names, `name=value` a line; WEIR_… variables override them.'],
  flags: [
    { name: 'config', short: 'c', value: 'FILE', help: 'Settings file' },
    { name: 'check', help: 'Only check the settings and say what is wrong' },
    { name: 'exit-with-parent', help: 'Stop when standard input ends' },
    { name: 'pid-file', value: 'FILE', help: 'Hold the process id in FILE while it runs' },
  ],
};

const ADMIN: VerbHelp = {
  name: 'admin',
  usage: [
    'weir admin accept-loss --data DIR --topic T --partition P [--yes]',
    'weir admin metadata [summary|features|brokers|controllers|topics|configs|log] --data DIR [--json]',
    'weir admin recover-quorum --config FILE [--accept-data-loss]',
    'weir admin drain|undrain|cordon|can-restart NODE [--bootstrap HOST:PORT]',
    'weir admin can-restart --host HOST [--bootstrap HOST:PORT]',
    'weir admin rebalance [--bootstrap HOST:PORT]',
  ].join('\n       '),
  summary: 'Mend the files of a stopped node, or prepare nodes of a running cluster for work on them',
  details: [
    'accept-loss: a log whose bytes are not what was written is kept aside and not served. Restore its files from a copy,',
    'or give up what is lost: without --yes the command only says what that is. The segments with the damage are kept in DIR.',
    '',
    'metadata: prints what the metadata log says, without a change to it. The node must not run: copy the directory of one',
    'that does. (Of a running cluster Kafka’s tools tell: kafka-metadata-quorum, kafka-topics, kafka-features.) It takes as',
    'much memory as the node. On one voter of several, the last entries may not be committed. Exit code 1: damage was found.',
    '',
    'recover-quorum: for a cluster most of whose controllers are gone for good. Makes the node of FILE its only voter, with',
    'the metadata that it has; what the others had committed beyond that is lost. Without --accept-data-loss the command only',
    'says what it would do. Never start another former voter with its old disk after that.',
    '',
    'drain: moves all replicas off a broker, which gets no new ones from then on, and says how far it is. It goes on when this',
    'command is stopped. undrain: ends that. cordon: the broker gets no new replicas and keeps what it has.',
    'rebalance: moves the least for balance, and raises internal topics to three replicas and min.insync.replicas=2. can-restart:',
    'exit code 0 when a node, or all nodes of a host, may be restarted without harm; else it prints why not. All of these ask the',
    'active controller.',
  ],
  flags: [
    { name: 'data', value: 'DIR', help: 'Data directory of the node (log.dirs), which must not run' },
    { name: 'topic', short: 't', value: 'T', help: 'Topic of the damaged partition' },
    { name: 'partition', value: 'P', help: 'Its number' },
    { name: 'yes', help: 'Do it' },
    { name: 'json', help: 'Print one JSON object a line' },
    { name: 'config', short: 'c', value: 'FILE', help: 'Settings file of the controller to recover' },
    { name: 'accept-data-loss', help: 'Do it' },
    BOOTSTRAP,
    { name: 'host', value: 'HOST', help: 'All nodes of this host (weir.host)' },
    { name: 'off', help: 'cordon: let new replicas come again' },
    { name: 'once', help: 'Begin it and say how far it is, without waiting' },
    { name: 'cert', value: 'FILE', help: 'Certificate of an operator, where the control plane has certificates' },
    { name: 'key', value: 'FILE', help: 'Its key' },
    { name: 'ca', value: 'FILE', help: 'Certificate of who has signed it' },
  ],
};

const OPERATOR: VerbHelp = {
  name: 'operator',
  usage: [
    'weir operator [--namespace NS]... [--kubeconfig FILE]',
    'weir operator plan -f FILE... [--kubeconfig FILE]',
    'weir operator ready [--http HOST:PORT] [--cluster NAME] [--bootstrap HOST:PORT]',
  ].join('\n       '),
  summary: 'Bring the clusters of Kubernetes to what their manifests say',
  details: [
    'Of several operators one works, the holder of a Lease; the others wait. Runs until it is stopped, or loses the Lease:',
    'then it ends with exit code 1, and whoever runs it starts it again. In a pod it uses the pod’s own account.',
    '',
    'plan: prints what the operator would do for the clusters of these manifests, step by step, given what there is; nothing is',
    'written. Topics, groups, settings and restarts are known where brokers can be asked, as in the operator’s own pod (kubectl',
    'exec); elsewhere say what the operator was told, such as --image. Without an API server that answers it is told what would',
    'be done from nothing. Exit code 0: nothing to do, 1: something, 2: that could not be found out.',
    '',
    'ready: waits until an operator answers that it is ready, a Cluster is ready as its manifest says now, and brokers answer a',
    'request. Exit code 1: something is not, and it says what.',
    '',
    'Each flag may be a variable: WEIR_OPERATOR_IMAGE is --image.',
  ],
  flags: [
    {
      name: 'file',
      short: 'f',
      value: 'FILE',
      multiple: true,
      help: 'plan: manifest file, - for standard input; several',
    },
    { name: 'cluster', value: 'NAME', help: 'ready: a Cluster (in --namespace, or that of this pod)' },
    { name: 'bootstrap', value: 'HOST:PORT', help: 'ready: brokers' },
    { name: 'timeout', value: 'SECONDS', help: 'ready: how long it waits (default 60)' },
    {
      name: 'namespace',
      short: 'n',
      value: 'NS',
      multiple: true,
      help: 'Look there alone; may be given several times. plan: if it is one, manifests without a namespace are of it',
    },
    { name: 'kubeconfig', value: 'FILE', help: 'How to reach the API server (default: as in kubectl, or in this pod)' },
    { name: 'lease', value: 'NAME', help: 'Name of the Lease (default weir-operator)' },
    { name: 'lease-namespace', value: 'NS', help: 'Its namespace (default: $POD_NAMESPACE, or that of this pod)' },
    { name: 'workers', value: 'N', help: 'Clusters that are worked on at the same time (default 4)' },
    {
      name: 'image',
      value: 'IMAGE[:TAG][@DIGEST]',
      help: 'What nodes run (default weir, with the version of this program)',
    },
    { name: 'image-pull-policy', value: 'POLICY', help: 'Always, IfNotPresent (default) or Never' },
    { name: 'cluster-domain', value: 'DOMAIN', help: 'Domain of Services (default cluster.local)' },
    {
      name: 'http',
      value: '[HOST]:PORT',
      help: 'Where /healthz, /readyz and /metrics are (default :9180, 0 finds a free port); ready: where to ask',
    },
    {
      name: 'keda',
      value: '[HOST]:PORT',
      help: 'Where KEDA asks for the backlogs of ShareGroups (gRPC; needs --keda-certificates). Absent: nowhere',
    },
    {
      name: 'keda-certificates',
      value: 'DIR',
      help: 'tls.crt and tls.key of this server, and ca.crt: whoever has a certificate of that may ask',
    },
    { name: 'log-level', value: 'LEVEL', help: 'debug, info (default), warn or error' },
  ],
};

/** A verb and how to get its program. */
export interface Verb {
  readonly help: VerbHelp;
  load(): Promise<RunVerb>;
}

/** Every verb, in the order of the help. Programs load on use, so that none pays for another's modules. */
export const VERBS: readonly Verb[] = [
  { help: LOCAL, load: async () => (await import('./local/local.ts')).runLocal },
  { help: PUT, load: async () => (await import('./put.ts')).runPut },
  { help: TAKE, load: async () => (await import('./take.ts')).runTake },
  { help: BROKER, load: async () => (await import('./broker.ts')).runBroker },
  { help: ADMIN, load: async () => (await import('./admin.ts')).runAdmin },
  { help: OPERATOR, load: async () => (await import('./operator/operator.ts')).runOperator },
];

/** Help of one verb, by name; flags are defined there and nowhere else. */
export function helpOf(name: 'local' | 'put' | 'take' | 'broker' | 'admin' | 'operator'): VerbHelp {
  return { local: LOCAL, put: PUT, take: TAKE, broker: BROKER, admin: ADMIN, operator: OPERATOR }[name];
}
