import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathOf } from '../../../operator/io/kubernetes/api-client.ts';
import { at } from '../../support/kubernetes/rendered.ts';
import { TYPES } from '../../support/kubernetes/types.ts';
import { ROOT } from '../../tidy/tree.ts';
import { Child, type ChildOptions } from '../../wire/harness/child.ts';
import type { ControlPlane } from './control-plane.ts';
import { mortal } from './mortal.ts';
import type { Container, Pod, Volume } from './pod.ts';

/**
 * What is written to /etc, /run and /var stays in memory and is seen by nobody but this process and what it starts; in them paths are links
 * to what stands beside them. Then becomes the program.
 */
const IN_ITS_OWN_VIEW = `
own=$1; hostname "$2"; shift 2
mount -t tmpfs tmpfs "$own"
for top in etc run var; do
  mkdir "$own/$top" "$own/$top.work"
  mount -t overlay overlay -o "lowerdir=/$top,upperdir=$own/$top,workdir=$own/$top.work" "/$top"
done
while [ "$1" != -- ]; do mkdir -p "$(dirname "$1")"; ln -sfn "$2" "$1"; shift 2; done
shift
exec "$@"`;

const ACCOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Where a program runs. */
export interface Place {
  /** Of this program alone. */
  readonly directory: string;
  readonly hostname: string;
  /** What stands at paths below /etc, /run and /var. */
  readonly links: Readonly<Record<string, string>>;
  /** Where the program is; absent: in this tree. */
  readonly root?: string;
}

/** Runs the `weir` program in a view of the file system of its own. Needs root. */
export async function startWeir(
  { directory, hostname, links, root = ROOT }: Place,
  args: readonly string[],
  options: Pick<ChildOptions, 'env' | 'onLine'> = {},
): Promise<Child> {
  const view = join(directory, 'view');
  await mkdir(view, { recursive: true });
  const script = ['-ec', IN_ITS_OWN_VIEW, 'sh', view, hostname, ...Object.entries(links).flat(), '--'];
  const program = [process.execPath, '--no-warnings', join(root, 'broker/cli/weir.ts'), ...args];
  const unshared = ['--mount', '--uts', '--propagation', 'private', 'sh', ...script, ...program];
  return new Child({ ...mortal('unshare', unshared), logFile: join(directory, 'log'), cwd: root, ...options });
}

/** Where a container runs. */
export interface PodPlace {
  readonly ip: string;
  readonly directory: string;
  readonly hostsFile: string;
  readonly root: string;
}

/** Starts the container of a pod, of whose image nothing but the program is looked at; rejects while something that it needs is not there. */
export async function startContainer(
  plane: ControlPlane,
  pod: Pod,
  { ip, directory, hostsFile, root }: PodPlace,
): Promise<Child> {
  const [container] = pod.spec.containers;
  const links: Record<string, string> = { '/etc/hosts': hostsFile };
  for (const { name, mountPath } of container.volumeMounts ?? []) {
    const volume = pod.spec.volumes?.find((one) => one.name === name);
    const own = join(directory, 'volumes', name);
    await mkdir(own, { recursive: true });
    links[mountPath] =
      mountPath === ACCOUNT_PATH ? await writeAccount(plane, pod, own) : await fill(plane, pod, volume, { own, ip });
  }
  const server = new URL(plane.url);
  const env = {
    KUBERNETES_SERVICE_HOST: server.hostname,
    KUBERNETES_SERVICE_PORT: server.port,
    ...environmentOf(pod, container, ip),
  };
  await mkdir(directory, { recursive: true });
  await appendFile(join(directory, 'log'), '');
  return startWeir({ directory, hostname: pod.metadata.name, links, root }, argumentsOf(container, env), { env });
}

async function read(plane: ControlPlane, path: string): Promise<Readonly<Record<string, unknown>>> {
  const found = await plane.ask({ method: 'GET', path });
  if (found['kind'] === 'Status') throw new Error(`${path}: ${String(found['message'])}`);
  return found;
}

/** Makes what is in a volume; gives where it is. */
async function fill(
  plane: ControlPlane,
  { metadata: { namespace = '' } }: Pod,
  volume: Volume | undefined,
  { own, ip }: { readonly own: string; readonly ip: string },
): Promise<string> {
  const { configMap, secret, persistentVolumeClaim: claim } = volume ?? {};
  if (claim !== undefined) {
    const { spec } = await read(plane, pathOf(TYPES.claims, { namespace, name: claim.claimName }));
    const bound = await read(plane, `/api/v1/persistentvolumes/${String(at(spec, 'volumeName'))}`);
    return String(at(bound, 'spec', 'hostPath', 'path'));
  }
  if (configMap !== undefined) {
    const { data } = await read(plane, pathOf(TYPES.configMaps, { namespace, name: configMap.name }));
    // A pod has all ports of an address for itself, here it has an address of many.
    const bound = (text: string): string =>
      text.replace(/^listeners=.*$/m, (line) => line.replaceAll('://:', `://${ip}:`));
    await writeAll(own, data, bound);
  }
  if (secret !== undefined) {
    const { data } = await read(plane, pathOf(TYPES.secrets, { namespace, name: secret.secretName }));
    await writeAll(own, data, (text) => Buffer.from(text, 'base64'));
  }
  return own;
}

async function writeAll(directory: string, data: unknown, contentOf: (text: string) => string | Buffer): Promise<void> {
  for (const [name, text] of Object.entries(data ?? {}))
    await writeFile(join(directory, name), contentOf(String(text)), { mode: 0o600 });
}

async function writeAccount(plane: ControlPlane, { metadata, spec }: Pod, own: string): Promise<string> {
  const { namespace = '' } = metadata;
  const token = await plane.kubectl('create', 'token', spec.serviceAccountName ?? 'default', '-n', namespace);
  const files = { token: token.trim(), namespace, 'ca.crt': String(await plane.authority()) };
  await writeAll(own, files, (text) => text);
  return own;
}

function environmentOf({ metadata, spec }: Pod, { env = [] }: Container, ip: string): Record<string, string> {
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'status.podIP': ip,
    'spec.nodeName': spec.nodeName,
  };
  return Object.fromEntries(
    env.map(({ name, value = '', valueFrom }) => {
      const path = valueFrom?.fieldRef.fieldPath;
      return [name, path === undefined ? value : (fields[path] ?? '')];
    }),
  );
}

function argumentsOf({ args = [] }: Container, env: Readonly<Record<string, string>>): readonly string[] {
  return args.map((text) => text.replaceAll(/\$\((\w+)\)/g, (all, name: string) => env[name] ?? all));
}
