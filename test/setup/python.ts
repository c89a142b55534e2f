import { join } from 'node:path';
import { aptInstall } from './apt.ts';
import { cached, MissingPeer } from './cache.ts';
import { run, versionOf } from './run.ts';

/** The newest confluent-kafka (it carries its own librdkafka). */
export const CONFLUENT_KAFKA_VERSION = '2.16.1';

/** A Python interpreter and what its environment needs so that it finds the installed packages. */
export type PythonPeer = {
  readonly python: string;
  readonly env: Readonly<Record<string, string>>;
  readonly version: string;
};

/** Python 3 with confluent-kafka in a directory of the cache. Throws `MissingPeer` when either cannot be had. */
export async function ensurePython(): Promise<PythonPeer> {
  const python = 'python3';
  if ((await versionOf(python, ['-m', 'pip', '--version'])) === null)
    await aptInstall('Python 3', ['python3', 'python3-pip']);
  const tag = await versionOf(python, ['-c', 'import sys; print(sys.implementation.cache_tag)']);
  if (tag === null) throw new MissingPeer('Python 3', 'python3 does not run');
  const directory = await cached(`python-${tag}-confluent-kafka-${CONFLUENT_KAFKA_VERSION}`, async (work) => {
    const requirement = `confluent-kafka==${CONFLUENT_KAFKA_VERSION}`;
    const args = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-compile',
      '--only-binary=:all:',
      '--target',
      work,
      requirement,
    ];
    const { exitCode, stderr } = await run(python, args);
    if (exitCode !== 0)
      throw new MissingPeer('confluent-kafka', stderr.trim().split('\n').at(-1) ?? `pip ended with ${exitCode}`);
  });
  return { python, env: { PYTHONPATH: join(directory), PYTHONUNBUFFERED: '1' }, version: CONFLUENT_KAFKA_VERSION };
}
