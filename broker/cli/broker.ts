import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { usageFault } from './fault.ts';
import { parseFlags } from './flags.ts';
import type { RunVerb } from './verb.ts';
import { helpOf } from './verbs.ts';

/** `weir broker`: one broker in this process. */
export const runBroker: RunVerb = async (args) => {
  const flags = parseFlags('broker', helpOf('broker').flags, args);
  if (flags.positionals.length > 0) throw usageFault('broker', `nothing to do with ${flags.positionals.join(' ')}`);
  const configFile = flags.text('config');
  if (configFile === undefined) throw usageFault('broker', 'name the settings file with --config');
  const check = flags.has('check');
  const pidFile = flags.text('pid-file');
  if (pidFile !== undefined && !check) holdPidFile(pidFile);
  if (flags.has('exit-with-parent')) boundOrphanLife();
  const { runBroker: start } = await import('../main.ts');
  const exitCode = await start({ configFile, check, exitWithParent: flags.has('exit-with-parent') });
  // Threads and sockets of a broker that has stopped must not keep the process.
  return process.exit(exitCode);
};

/**
 * A broker whose parent is gone stops cleanly, but not for longer than this: somebody may start the next one already.
 * What was acknowledged is safe without a clean stop.
 */
const ORPHAN_LIFE_MS = 1_500;

function boundOrphanLife(): void {
  process.stdin.once('end', () => {
    setTimeout(() => process.exit(0), ORPHAN_LIFE_MS).unref();
  });
}

/** The file exists exactly while this process runs (a process that is killed leaves it to whoever started it). */
function holdPidFile(path: string): void {
  writeFileSync(path, `${process.pid}\n`);
  process.on('exit', () => {
    try {
      if (readFileSync(path, 'utf8').trim() === String(process.pid)) rmSync(path, { force: true });
    } catch {
      // Gone with its directory: just as well.
    }
  });
}
