import { join } from 'node:path';
import { getuid } from 'node:process';
import { aptInstall } from './apt.ts';
import { exists, MissingPeer } from './cache.ts';
import { ensureGoProgram, type GoProgram } from './go.ts';
import { DNS_SOURCE, PAUSE_SOURCE } from './go-sources.ts';
import { run } from './run.ts';

const KUBERNETES_MINOR = 37;
const KUBERNETES_VERSION = `v1.${KUBERNETES_MINOR}.2`;
const ETCD_VERSION = 'v3.7.3';
const HELM_VERSION = 'v3.22.0';
const COREDNS_VERSION = 'v1.15.0';
/** Argo CD's interpreter of Lua. */
const LUA_VERSION = 'v1.1.2';

/** A program that says no version is taken for an ancient one by the others. */
const STAMPS = Object.fromEntries(
  ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((place) => [
    [`${place}.gitMajor`, '1'],
    [`${place}.gitMinor`, String(KUBERNETES_MINOR)],
    [`${place}.gitVersion`, KUBERNETES_VERSION],
    [`${place}.gitTreeState`, 'clean'],
    [`${place}.buildDate`, '1970-01-01T00:00:00Z'],
  ]),
);

const kubernetes = (name: string): GoProgram => ({
  name,
  module: 'k8s.io/kubernetes',
  version: KUBERNETES_VERSION,
  package: `k8s.io/kubernetes/cmd/${name}`,
  partsVersion: KUBERNETES_VERSION.replace('v1.', 'v0.'),
  tags: ['selinux', 'notest', 'grpcnotrace'],
  variables: STAMPS,
});

const plain = (name: string, module: string, version: string, path: string, variables = {}): GoProgram => ({
  name,
  module,
  version,
  package: `${module}${path}`,
  tags: [],
  variables,
});

/** The programs of a control plane and of those who use it. */
const CONTROL_PLANE = {
  etcd: plain('etcd', 'go.etcd.io/etcd/server/v3', ETCD_VERSION, ''),
  apiServer: kubernetes('kube-apiserver'),
  controllerManager: kubernetes('kube-controller-manager'),
  scheduler: kubernetes('kube-scheduler'),
  kubectl: kubernetes('kubectl'),
  helm: plain('helm', 'helm.sh/helm/v3', HELM_VERSION, '/cmd/helm', {
    'helm.sh/helm/v3/internal/version.version': HELM_VERSION,
  }),
  lua: plain('glua', 'github.com/yuin/gopher-lua', LUA_VERSION, '/cmd/glua'),
} as const satisfies Readonly<Record<string, GoProgram>>;

/** What runs on nodes besides what Debian has, and for all of them. */
const NODES = {
  kubelet: kubernetes('kubelet'),
  kubeProxy: kubernetes('kube-proxy'),
  dns: { ...plain('coredns', 'github.com/coredns/coredns', COREDNS_VERSION, ''), package: '.', source: DNS_SOURCE },
  pause: { name: 'pause', module: null, version: 'v1', package: '.', source: PAUSE_SOURCE, tags: [], variables: {} },
} as const satisfies Readonly<Record<string, GoProgram>>;

const PROGRAMS = { ...CONTROL_PLANE, ...NODES };

/** The path of one of the programs, built unless the cache has it. Throws `MissingPeer` without Go. */
export async function kubernetesProgram(name: keyof typeof PROGRAMS): Promise<string> {
  return ensureGoProgram(PROGRAMS[name]);
}

/** All of Kubernetes that runs without nodes, built from its modules into the cache: a quarter of an hour of two cores, once. */
export async function ensureKubernetes(): Promise<void> {
  for (const program of Object.values(CONTROL_PLANE)) await ensureGoProgram(program);
}

/** Programs of Debian that nodes run, with the packages that they are in. */
const PACKAGES: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  nft: 'nftables',
  conntrack: 'conntrack',
  socat: 'socat',
  ip: 'iproute2',
};
/** Where plugins for the network of pods are, by distribution. */
const PLUGINS = ['/usr/lib/cni', '/opt/cni/bin'];

let plugins: Promise<string> | null = null;

/** The directory of the plugins for the network of pods; what else nodes run is there, too. Throws `MissingPeer` where it can't be had. */
export async function nodePlugins(): Promise<string> {
  plugins ??= findPlugins();
  return plugins;
}

async function findPlugins(): Promise<string> {
  if (getuid?.() !== 0) throw new MissingPeer('nodes of Kubernetes', 'they need root');
  const missing: string[] = [];
  for (const [program, name] of Object.entries(PACKAGES)) {
    if ((await run('sh', ['-c', 'command -v "$1"', 'sh', program])).exitCode !== 0) missing.push(name);
  }
  const find = async (): Promise<string | undefined> => {
    for (const directory of PLUGINS) if (await exists(join(directory, 'bridge'))) return directory;
    return undefined;
  };
  if ((await find()) === undefined) missing.push('containernetworking-plugins');
  if (missing.length > 0) await aptInstall('nodes of Kubernetes', missing);
  const found = await find();
  if (found === undefined) throw new MissingPeer('nodes of Kubernetes', `no plugins in ${PLUGINS.join(' or ')}`);
  return found;
}

/** What nodes need besides a control plane: some minutes of two cores, once. */
export async function ensureNodes(): Promise<void> {
  await nodePlugins();
  for (const program of Object.values(NODES)) await ensureGoProgram(program);
}
