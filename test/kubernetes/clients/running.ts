import { closeSync, openSync, readSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../../wire/harness/child.ts';
import { mortal, type Program } from '../harness/mortal.ts';
import type { ClientImages } from './images.ts';

/** A client program that runs, or has. */
export interface RunningClient {
  /** What it has written so far, whole lines. */
  readonly lines: readonly string[];
  /** Its exit code, null while it runs. */
  readonly exitCode: number | null;
  /** What it complained about last. */
  describe(): string;
  /** Ends it as the deletion of a pod does, and waits for that. */
  stop(): Promise<void>;
}

/** Runs the program of an image. */
export type StartClient = (name: string, image: keyof ClientImages, args: readonly string[]) => Promise<RunningClient>;

const CHUNK_BYTES = 1 << 16;

/** Lines of a file that grows, and may not be there yet. */
export class GrowingFile {
  readonly #path: string;
  readonly #lines: string[] = [];
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #offset = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** All whole lines that there are by now. */
  get lines(): readonly string[] {
    const file = openSync(this.#path, 'a+');
    try {
      for (;;) {
        const count = readSync(file, this.#chunk, 0, CHUNK_BYTES, this.#offset);
        if (count === 0) return this.#lines;
        this.#offset += count;
        // Programs write ASCII: no character is cut.
        const lines = (this.#rest + this.#chunk.toString('latin1', 0, count)).split('\n');
        this.#rest = lines.pop() ?? '';
        for (const line of lines) this.#lines.push(line);
      }
    } finally {
      closeSync(file);
    }
  }
}

/** The root of an image with what containers have in theirs; what is mounted is seen by the program alone. */
const IN_ITS_IMAGE = `
root=$1; mount --rbind /dev "$root/dev"; mount --rbind /proc "$root/proc"
mount --bind "$2" "$root/out"; mount --bind "$3" "$root/etc/hosts"; shift 3
exec chroot "$root" "$@"`;

/**
 * Runs clients as processes of this machine that see nothing but their image, and the names in a hosts file. `enter` puts a program into the
 * network of theirs, which is this machine's without it. Needs root.
 */
export function clientsHere(
  images: ClientImages,
  {
    directory,
    hostsFile,
    enter = mortal,
  }: {
    readonly directory: string;
    readonly hostsFile?: string;
    readonly enter?: (program: string, args: readonly string[]) => Program;
  },
): StartClient {
  return async (name, image, args) => {
    const { root, entrypoint } = images[image];
    const own = join(directory, name);
    await mkdir(own, { recursive: true });
    const none = join(own, 'hosts');
    if (hostsFile === undefined) await writeFile(none, '127.0.0.1 localhost\n');
    const script = ['-ec', IN_ITS_IMAGE, 'sh', root, own, hostsFile ?? none, ...entrypoint, ...args];
    const program = enter('unshare', ['--mount', '--propagation', 'private', 'sh', ...script]);
    const child = new Child({ ...program, logFile: join(own, 'errors') });
    const file = new GrowingFile(join(own, 'log'));
    return {
      get lines() {
        return file.lines;
      },
      get exitCode() {
        return child.exitCode;
      },
      describe: () => child.tail(),
      stop: async () => void (await child.stop()),
    };
  };
}
