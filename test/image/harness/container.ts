import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aptInstall } from '../../setup/apt.ts';
import { buildah, ensureImage } from '../../setup/image.ts';
import { mustRun, run, versionOf } from '../../setup/run.ts';
import { Child } from '../../wire/harness/child.ts';

/** What the image says of itself, as the OCI image specification has it. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
}

/** What a container is given. */
export interface ContainerOptions {
  readonly args: readonly string[];
  /** Directories by where they are seen; they may be written to. */
  readonly volumes?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

/** The image's file system, of which each test may have its own, and containers of it. `close` leaves nothing of either. */
export class ImageRoot {
  /** Where it can be seen, and changed. */
  readonly path: string;
  readonly config: ImageConfig;
  readonly #name: string;
  readonly #directory: string;
  readonly #containers: string[] = [];

  private constructor(path: string, config: ImageConfig, name: string, directory: string) {
    this.path = path;
    this.config = config;
    this.#name = name;
    this.#directory = directory;
  }

  static async open(): Promise<ImageRoot> {
    const { archive } = await ensureImage();
    if ((await versionOf('runc', ['--version'])) === null) await aptInstall('runc', ['runc']);
    const id = await buildah('pull', '--quiet', `docker-archive:${archive}`);
    const name = await buildah('from', id);
    const { OCIv1 } = JSON.parse(await buildah('inspect', name)) as { OCIv1: { config: ImageConfig } };
    const directory = await mkdtemp(join(tmpdir(), 'weir-container-'));
    return new ImageRoot(await buildah('mount', name), OCIv1.config, name, directory);
  }

  /** Starts a container as a pod of the charts would have it: another user than root, nothing that can be gained, and nothing to write to. */
  async start({ args, volumes = {}, onLine }: ContainerOptions): Promise<Child> {
    const id = `weir-${process.pid}-${this.#containers.length}`;
    const bundle = join(this.#directory, id);
    await mkdir(bundle);
    await writeFile(join(bundle, 'config.json'), JSON.stringify(specification(this, args, volumes)));
    this.#containers.push(id);
    return new Child({
      command: 'runc',
      args: ['--root', join(this.#directory, 'runc'), 'run', '--bundle', bundle, id],
      logFile: join(bundle, 'log'),
      ...(onLine === undefined ? {} : { onLine }),
    });
  }

  /** Runs a container to its end; gives its exit code and what it printed. */
  async run(
    args: readonly string[],
    input = '',
  ): Promise<{ readonly exitCode: number; readonly lines: readonly string[] }> {
    const lines: string[] = [];
    const child = await this.start({ args, onLine: (line) => lines.push(line) });
    child.write(input);
    child.endInput();
    const exitCode = await child.exited;
    return { exitCode, lines: [...lines, ...child.tail().split('\n')].filter((line) => line !== '') };
  }

  async close(): Promise<void> {
    for (const id of this.#containers)
      await run('runc', ['--root', join(this.#directory, 'runc'), 'delete', '--force', id]);
    await buildah('umount', this.#name);
    await buildah('rm', this.#name);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** The processes of a container that runs, as the machine numbers them. */
export async function processesOf(child: Child): Promise<readonly number[]> {
  const listed = await mustRun('ps', ['-e', '-o', 'pid=,ppid=']);
  const pairs = listed
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): readonly number[] =>
    pairs.flatMap(([pid = 0, ppid]) => (ppid === parent ? [pid, ...below(pid)] : []));
  return below(child.pid);
}

function specification(
  { path, config }: ImageRoot,
  args: readonly string[],
  volumes: Readonly<Record<string, string>>,
): object {
  const [uid, gid] = config.User.split(':').map(Number);
  const none = { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] };
  const bound = Object.entries(volumes).map(([destination, source]) => ({
    destination,
    source,
    type: 'bind',
    options: ['bind', 'rw', 'nosuid', 'nodev'],
  }));
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid, gid },
      args: [...config.Entrypoint, ...args],
      env: config.Env,
      cwd: '/',
      capabilities: none,
      noNewPrivileges: true,
    },
    root: { path, readonly: true },
    hostname: 'weir',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755'] },
      ...bound,
    ],
    // The network is the machine's, so that clients reach what listens on loopback.
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })) },
  };
}
