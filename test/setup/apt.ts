import { getuid } from 'node:process';
import { MissingPeer } from './cache.ts';
import { run, versionOf } from './run.ts';

/** Installs Debian packages where that is possible (root with apt-get); `peer` names what they are for in the error. */
export async function aptInstall(peer: string, packages: readonly string[]): Promise<void> {
  if (getuid?.() !== 0) throw new MissingPeer(peer, `install ${packages.join(', ')} (no root here to do it)`);
  if ((await versionOf('apt-get', ['--version'])) === null) {
    throw new MissingPeer(peer, `install ${packages.join(', ')} (no apt-get here to do it)`);
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  // Somebody else may be installing.
  const install = ['-o', 'DPkg::Lock::Timeout=600', 'install', '-y', '--no-install-recommends', ...packages];
  const first = await run('apt-get', install, { env });
  if (first.exitCode === 0) return;
  await run('apt-get', ['update'], { env });
  const second = await run('apt-get', install, { env });
  if (second.exitCode !== 0)
    throw new MissingPeer(peer, `apt-get install failed: ${second.stderr.trim().split('\n').at(-1)}`);
}
