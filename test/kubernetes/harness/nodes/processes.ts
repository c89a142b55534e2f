import { readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { hasCode } from '../../../setup/cache.ts';
import { mustRun, run } from '../../../setup/run.ts';
import { waitFor } from '../../../wire/harness/wait.ts';

/** What each version 1 hierarchy wants to be told before a process can be in a group of it. */
const CPUSET = ['cpuset.cpus', 'cpuset.mems'];
/** What groups below the root of version 2 have to be given. */
const CONTROLLERS = '+cpuset +cpu +memory +pids';

/** A group counts as much as one process beside it, and is a machine here: it gets as much as twenty, in words of version 1 and of version 2. */
const [SHARES, WEIGHT] = [20_480, 2000];

/** Where control groups are: each hierarchy of version 1, and the one of version 2, which counts where it is alone. */
async function hierarchies(): Promise<{ readonly first: readonly string[]; readonly second: readonly string[] }> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  const of = (type: string): readonly string[] =>
    mounts.flatMap(([, path = '', kind]) => (kind === type ? [path] : []));
  return { first: of('cgroup'), second: of('cgroup2') };
}

/** Makes a control group with what it needs to have others below. */
export async function makeGroup(name: string): Promise<void> {
  const { first, second } = await hierarchies();
  const isUnified = first.length === 0;
  const script = isUnified
    ? `mkdir -p "$1/$2"; for at in "$1" "$1/$2"; do echo "${CONTROLLERS}" >"$at/cgroup.subtree_control"; done; echo ${WEIGHT} >"$1/$2/cpu.weight"`
    : `mkdir -p "$1/$2"; for file in ${CPUSET.join(' ')}; do [ ! -f "$1/$file" ] || cat "$1/$file" >"$1/$2/$file"; done
       [ ! -f "$1/cpu.shares" ] || echo ${SHARES} >"$1/$2/cpu.shares"`;
  for (const path of isUnified ? second : first) await mustRun('sh', ['-ec', script, 'sh', path, name]);
}

/** The directories of all control groups whose name begins so. */
async function groups(prefix: string): Promise<readonly string[]> {
  const { first, second } = await hierarchies();
  const found = await Promise.all(
    [...first, ...second].map(async (path) =>
      (await readdir(path)).filter((name) => name.startsWith(prefix)).map((name) => join(path, name)),
    ),
  );
  return found.flat();
}

/** Kills all processes in control groups whose name begins so. Rejects when some don't die. */
export async function killGroups(prefix: string): Promise<void> {
  await waitFor('the processes in control groups are dead', async () => {
    const pids = await pidsIn(prefix);
    for (const pid of pids) kill(pid);
    return pids.length === 0;
  });
}

async function pidsIn(prefix: string): Promise<readonly number[]> {
  const files: string[] = [];
  for (const group of await groups(prefix)) {
    const names = await readdir(group, { recursive: true }).catch(() => []);
    files.push(...names.filter((name) => name.endsWith('cgroup.procs')).map((name) => join(group, name)));
  }
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return [
    ...new Set(
      texts.flatMap((text) =>
        text
          .split('\n')
          .filter((line) => line !== '')
          .map(Number),
      ),
    ),
  ];
}

/** Removes control groups whose name begins so, in which nobody is any more. */
export async function removeGroups(prefix: string): Promise<void> {
  await waitFor('the control groups are gone', async () => {
    const left = await groups(prefix);
    for (const group of left) await run('find', [group, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
    return left.length === 0;
  });
}

/** Places that kubelets and containerd have whatever directories they are given, and what they leave in them. */
const SWEEP = `
find /var/log/containers -lname "$1/*" -delete 2>/dev/null || true
grep -rlF "$1/" /var/lib/cni/results 2>/dev/null | xargs -r rm -f
rm -f /var/lib/kubelet/device-plugins/kubelet.sock
rmdir -p --ignore-fail-on-non-empty /var/log/containers /var/lib/cni/results /var/lib/kubelet/device-plugins \
  /run/containerd/runc/k8s.io /run/containerd/s 2>/dev/null || true`;

const SHIM_SOCKETS = '/run/containerd/s';
const SOCKETS = `
for task in "$1"/containerd-state/io.containerd.runtime.v2.task/*/* "$1"/*/containerd-state/io.containerd.runtime.v2.task/*/*; do
  [ ! -f "$task/address" ] || rm -f "$(sed 's,^unix://,,' "$task/address")"
done`;

/** Removes the sockets of what watched over containers of a node; it must be dead. */
export async function removeSockets(directory: string): Promise<void> {
  await mustRun('sh', ['-ec', SOCKETS, 'sh', directory]);
}

/** Removes what is left elsewhere of a node whose directories are below this one, and on which nothing runs any more. */
export async function sweep(directory: string): Promise<void> {
  // Of a container that was just being made or removed nothing says which socket was its own.
  for (const name of await readdir(SHIM_SOCKETS).catch(() => []))
    if (!(await isListening(join(SHIM_SOCKETS, name)))) await rm(join(SHIM_SOCKETS, name), { force: true });
  await mustRun('sh', ['-ec', SWEEP, 'sh', directory]);
}

/** Whether a process has this socket. */
async function isListening(path: string): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect(path, () => {
      socket.destroy();
      settle(true);
    });
    socket.on('error', (error) => settle(!hasCode(error, 'ECONNREFUSED')));
  });
}

/** Kills what containerd leaves behind with each container: processes that have a path below the directory among their arguments. */
export async function killShims(directory: string): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (text.includes('containerd-shim') && text.includes(`${directory}/`)) kill(Number(pid));
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

/** Unmounts everything below a directory, the deepest first. */
export async function unmountBelow(directory: string): Promise<void> {
  const text = await readFile('/proc/self/mountinfo', 'utf8');
  const paths = text.split('\n').flatMap((line) => line.split(' ')[4] ?? []);
  const below = paths
    .filter((path) => path.startsWith(`${directory}/`))
    .sort()
    .reverse();
  for (const path of below) {
    const { exitCode } = await run('umount', [path]);
    if (exitCode !== 0) await run('umount', ['--lazy', path]);
  }
}
