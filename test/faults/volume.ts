import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aptInstall } from '../setup/apt.ts';
import { isAlive } from '../setup/cache.ts';

const run = promisify(execFile);
const PREFIX = 'weir-volume-';
const LOOP_NODES = 16;
const LOOP_MAJOR = 7;
const LOOP_CONTROL = ['10', '237'] as const;
const MIB = 1024 * 1024;

/** A file system of its own in a file. */
export type VolumeOptions = {
  readonly sizeMiB: number;
  /** Arguments of mkfs.ext4 besides the image. */
  readonly format?: readonly string[];
  /** Options of mount; `commit=300` lets a journal wait for syncs, five minutes long. */
  readonly mount?: readonly string[];
};

/** Replacing a file by rename does not write the new one out: whoever does not sync it loses it. */
const LAZY = ['noauto_da_alloc', 'noatime'];

/**
 * An ext4 file system in a file, mounted through a loop device; needs root. What the kernel has handed to the device is
 * in the file, what it keeps in memory is not: a copy of the file is the disk after the power went.
 */
export class Volume {
  /** Where it is mounted; the same after each power cut. */
  readonly path: string;
  readonly #directory: string;
  readonly #options: VolumeOptions;
  #generation = 0;

  private constructor(directory: string, options: VolumeOptions) {
    this.#directory = directory;
    this.#options = options;
    this.path = join(directory, 'volume');
  }

  /** Makes, formats and mounts one. Leftovers of test processes that are gone are removed first. */
  static async create(options: VolumeOptions): Promise<Volume> {
    await prepare();
    leftovers = leftovers.then(removeLeftovers);
    await leftovers;
    const volume = new Volume(await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`)), options);
    await mkdir(volume.path);
    const image = await open(volume.#image, 'w');
    await image.truncate(options.sizeMiB * MIB);
    await image.close();
    await run('mkfs.ext4', ['-q', '-F', '-m', '0', ...(options.format ?? []), volume.#image]);
    await volume.#mount();
    return volume;
  }

  get #image(): string {
    return join(this.#directory, `disk-${this.#generation}.img`);
  }

  /** Power goes, and comes back: what was not written to the device is gone. Whoever used the volume must be dead. */
  async cutPower(): Promise<void> {
    const before = this.#image;
    this.#generation += 1;
    // Before the unmount, which would write out what a power cut loses.
    await run('cp', ['--reflink=auto', '--sparse=always', before, this.#image]);
    await this.#unmount();
    await rm(before);
    await this.#mount();
  }

  /** From now on whoever writes or syncs waits, and can't be killed either, until `thaw`; reads go on. */
  async freeze(): Promise<void> {
    await run('fsfreeze', ['--freeze', this.path]);
  }

  /** Everything that waited goes on. */
  async thaw(): Promise<void> {
    await run('fsfreeze', ['--unfreeze', this.path]);
  }

  /** Mounts anew in place: `ro` and `rw`. */
  async remount(...options: readonly string[]): Promise<void> {
    await run('mount', ['-o', ['remount', ...options].join(','), this.path]);
  }

  /** Unmounts it and removes its file. */
  async remove(): Promise<void> {
    await this.#unmount();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #mount(): Promise<void> {
    const options = ['loop', ...LAZY, ...(this.#options.mount ?? [])].join(',');
    await run('mount', ['-t', 'ext4', '-o', options, this.#image, this.path]);
  }

  async #unmount(): Promise<void> {
    if ((await mountedPaths()).includes(this.path)) await run('umount', [this.path]);
  }
}

async function mountedPaths(): Promise<readonly string[]> {
  const text = await readFile('/proc/self/mounts', 'utf8');
  return text.split('\n').map((line) => line.split(' ')[1] ?? '');
}

let prepared: Promise<void> | null = null;

function prepare(): Promise<void> {
  prepared ??= (async () => {
    await run('mkfs.ext4', ['-V']).catch(() => aptInstall('a file system to cut off', ['e2fsprogs', 'mount']));
    await makeNodes();
  })();
  return prepared;
}

/** Containers often lack the device nodes of the loop devices that the kernel has. */
async function makeNodes(): Promise<void> {
  if (!existsSync('/dev/loop-control')) await run('mknod', ['/dev/loop-control', 'c', ...LOOP_CONTROL]);
  for (let index = 0; index < LOOP_NODES; index++) {
    const path = `/dev/loop${index}`;
    if (!existsSync(path)) await run('mknod', [path, 'b', String(LOOP_MAJOR), String(index)]);
  }
}

/** Volumes are made at the same time: one after the other removes what there is. */
let leftovers = Promise.resolve();

async function removeLeftovers(): Promise<void> {
  const mounted = await mountedPaths();
  for (const name of await readdir(tmpdir())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1] ?? process.pid);
    if (pid === process.pid || isAlive(pid)) continue;
    const directory = join(tmpdir(), name);
    const path = join(directory, 'volume');
    if (mounted.includes(path)) {
      // One that is not frozen says so.
      await run('fsfreeze', ['--unfreeze', path]).catch(() => undefined);
      // Lazily: a broker of that run may hold it for another moment.
      await run('umount', ['--lazy', path]);
    }
    await rm(directory, { recursive: true, force: true });
  }
}
