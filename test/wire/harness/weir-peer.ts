import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import type { Peer, PeerOptions } from './peer.ts';
import { answersClients } from './probe.ts';
import { freePort, GiveUp, waitFor } from './wait.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
// Small: the bench counts the start with it.
const POLL_MS = 5;
const START_DEADLINE_MS = 20_000;

/** The program and its first arguments that run `weir`; `WEIR_COMMAND` (words separated by spaces) replaces them. */
function commandFromSources(): readonly [string, ...string[]] {
  const { WEIR_COMMAND: words } = process.env;
  if (words !== undefined) {
    const [program = 'weir', ...args] = words.split(' ');
    return [program, ...args];
  }
  return [join(ROOT, 'node_modules/.bin/node'), join(ROOT, 'broker/cli/weir.ts')];
}

/** A peer whose end can be waited for. */
export type WeirPeer = Peer & {
  /** Its exit code (−1 after a signal) when it has ended. */
  readonly exited: () => Promise<number>;
  /** The file that its output goes to. */
  readonly logFile: string;
};

/** One node of Weir, ready to `start`: a process of its own, run from the sources unless `command` says otherwise. */
export async function weirPeer(
  options: PeerOptions & {
    readonly command?: readonly [string, ...string[]];
    readonly port?: number;
    readonly startDeadlineMs?: number;
  },
): Promise<WeirPeer> {
  const bootstrap = `127.0.0.1:${options.port ?? (await freePort())}`;
  const dataDirectory = join(options.directory, 'data');
  await mkdir(dataDirectory, { recursive: true });
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    listeners: `PLAINTEXT://${bootstrap}`,
    'log.dirs': dataDirectory,
    ...options.settings,
  };
  const file = join(options.directory, 'server.properties');
  await writeFile(
    file,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  const logFile = join(options.directory, 'weir.log');
  const [program, ...args] = options.command ?? commandFromSources();
  let child: Child | null = null;
  const current = (): Child => {
    if (child === null) throw new Error('Weir does not run');
    return child;
  };
  return {
    name: 'weir',
    version: 'source',
    bootstrap,
    dataDirectory,
    pid: () => current().pid,
    start: async () => {
      const started = new Child({ command: program, args: [...args, 'broker', '--config', file], logFile });
      child = started;
      await waitFor(
        'Weir answers',
        () => {
          if (started.exitCode !== null) throw new GiveUp(started.tail());
          return answersClients(bootstrap);
        },
        { deadlineMs: options.startDeadlineMs ?? START_DEADLINE_MS, pollMs: POLL_MS },
      );
    },
    stop: async () => {
      await current().stop();
    },
    kill: () => current().kill(),
    exited: () => current().exited,
    logFile,
    tail: () => current().tail(),
  };
}
