import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Act } from './power-load.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { weirPeer, type WeirPeer } from '../wire/harness/weir-peer.ts';
import { judgePower } from './power-history.ts';
import { Book, PowerLoad } from './power-load.ts';
import { findAll } from './power-scan.ts';
import { Volume, type VolumeOptions } from './volume.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Beside the volume: what a machine is made with. */
export type MachineOptions = {
  readonly volume: VolumeOptions;
  /** A module of test/faults/planted that breaks the broker. */
  readonly planted?: string;
  readonly settings?: Readonly<Record<string, string>>;
};

/** A broker that has written nothing for so long is at rest: longer than what is planted delays a sync. */
const REST_MS = 1_000;

/** Settings with which every sync goes through a journal, which is small and begun anew all the time. */
export const JOURNALED = { 'weir.journal.bytes': '1048576', 'weir.journal.direct.syncs.max': '0' };

/** A broker on a volume of its own, and what clients were told in all its lives. */
export class Machine {
  readonly book = new Book();
  readonly volume: Volume;
  readonly peer: WeirPeer;
  /** The broker's data directory. */
  readonly data: string;
  readonly #directory: string;

  private constructor(parts: { volume: Volume; directory: string; data: string; peer: WeirPeer }) {
    this.volume = parts.volume;
    this.peer = parts.peer;
    this.data = parts.data;
    this.#directory = parts.directory;
  }

  static async make({ volume: options, planted, settings }: MachineOptions): Promise<Machine> {
    const volume = await Volume.create(options);
    const directory = await mkdtemp(join(tmpdir(), 'weir-machine-'));
    const data = join(volume.path, 'data');
    await mkdir(data);
    const broken = planted === undefined ? [] : ['--import', join(ROOT, 'test/faults/planted', `${planted}.ts`)];
    const peer = await weirPeer({
      directory,
      command: [join(ROOT, 'node_modules/.bin/node'), ...broken, join(ROOT, 'broker/cli/weir.ts')],
      settings: {
        'log.dirs': data,
        'offsets.topic.num.partitions': '2',
        'share.coordinator.state.topic.num.partitions': '2',
        // A life is short: the cleaner is at work in it.
        'log.cleaner.backoff.ms': '50',
        ...settings,
      },
    });
    return new Machine({ volume, directory, data, peer });
  }

  /** Puts a load on the broker, which runs, and waits until everything happens. */
  async load(seed: number, onTold: (act: Act) => void = () => undefined): Promise<PowerLoad> {
    const load = new PowerLoad({ bootstrap: this.peer.bootstrap, book: this.book, seed, onTold });
    const before = await this.compactions();
    await load.start();
    await load.warmUp();
    // Clients are not told of it; the next one is under way.
    await waitFor('a compaction in this life', async () => (await this.compactions()) > before);
    return load;
  }

  /** Waits until the broker has nothing left to do of what it was asked for: its cleaner, too, writes no more. */
  async untilAtRest(): Promise<void> {
    let before = '';
    let sinceMs = 0;
    await waitFor('the broker writes nothing', async () => {
      const written = /^write_bytes: .*$/m.exec(await readFile(`/proc/${this.peer.pid()}/io`, 'utf8'))?.[0] ?? '';
      if (written !== before) sinceMs = performance.now();
      before = written;
      return performance.now() - sinceMs >= REST_MS;
    });
  }

  /** How often the compacted topic was compacted, over all lives. */
  async compactions(): Promise<number> {
    return (await this.output()).match(/"log":"table-0"[^\n]*"compacted a log"/g)?.length ?? 0;
  }

  /** Cuts the power of a broker that is dead, starts it again and holds it against what clients were told. */
  async judgeAfterPowerCut(): Promise<readonly string[]> {
    await this.volume.cutPower();
    await this.peer.start();
    const violations = await this.judge();
    await this.peer.kill();
    return violations;
  }

  /** Holds the broker, which runs, against what clients were told. */
  async judge(): Promise<readonly string[]> {
    return judgePower(this.book, await findAll(this.peer.bootstrap, this.book));
  }

  /** Everything that the broker has written to its output, over all lives. */
  output(): Promise<string> {
    return readFile(this.peer.logFile, 'utf8');
  }

  /** An answer of the health pages of this life: its status and text. */
  async page(path: string): Promise<string> {
    const http =
      (await this.output())
        .match(/"http":"[^"]+"/g)
        ?.at(-1)
        ?.slice(8, -1) ?? '';
    const answer = await fetch(`http://${http}${path}`);
    return `${answer.status} ${await answer.text()}`;
  }

  /** Also a broker that was never started. */
  async #kill(): Promise<void> {
    try {
      await this.peer.kill();
    } catch {
      // It does not run.
    }
  }

  /** Kills the broker and removes everything. */
  async remove(): Promise<void> {
    await this.#kill();
    await this.volume.remove();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
