import { ensureGoProgram, type GoProgram } from './go.ts';

const KUBERNETES_MINOR = 37;
const KUBERNETES_VERSION = `v1.${KUBERNETES_MINOR}.2`;
const ETCD_VERSION = 'v3.7.3';
const HELM_VERSION = 'v3.22.0';
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
const PROGRAMS = {
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

/** The path of one of the programs, built unless the cache has it. Throws `MissingPeer` without Go. */
export async function kubernetesProgram(name: keyof typeof PROGRAMS): Promise<string> {
  return ensureGoProgram(PROGRAMS[name]);
}

/** All of Kubernetes that runs without nodes, built from its modules into the cache: a quarter of an hour of two cores, once. */
export async function ensureKubernetes(): Promise<void> {
  for (const program of Object.values(PROGRAMS)) await ensureGoProgram(program);
}
