import { resolve } from 'node:path';
import { crc32c } from '../io/crc32c.ts';
import { claimDirectory } from '../io/disk/directory-claim.ts';
import { NodeDisk } from '../io/disk/node-disk.ts';
import { acceptLoss, inspectLoss, type Loss } from '../server/logs/accept-loss.ts';
import { runTask, type Task } from '../server/task.ts';
import { UserFault, usageFault } from './fault.ts';
import { numberFlag, parseFlags } from './flags.ts';
import type { RunVerb } from './verb.ts';
import { helpOf } from './verbs.ts';

/** `weir admin accept-loss`: lets a damaged partition go on without what it has lost, in the directory of a stopped node. */
export const runAdmin: RunVerb = async (args, terminal) => {
  const flags = parseFlags('admin', helpOf('admin').flags, args);
  const [action, ...surplus] = flags.positionals;
  if (action !== 'accept-loss' || surplus.length > 0) throw usageFault('admin', 'the one thing to do is accept-loss');
  const need = (name: string): string => {
    const text = flags.text(name);
    if (text === undefined) throw usageFault('admin', `--${name} is missing`);
    return text;
  };
  const directory = resolve(need('data'));
  const topic = need('topic');
  const partition = numberFlag('admin', 'partition', need('partition'), { min: 0, max: 1_000_000 });
  const claim = await claimDirectory(directory);
  if (typeof claim === 'string') throw new UserFault(`${claim}\nStop the node first: its logs must be at rest.`);
  try {
    const disk = new NodeDisk((input) => {
      setImmediate(input);
    });
    const at = { disk, crc32c, directory };
    const loss = await outcome(inspectLoss(at, topic, partition));
    if (typeof loss === 'string') throw new UserFault(loss);
    terminal.note(describeLoss(loss));
    if (!flags.has('yes')) throw new UserFault('nothing was changed; give --yes to accept this');
    const kept = await outcome(acceptLoss(at, loss));
    if (kept !== '') terminal.note(`weir: the segments with the damage are kept in ${kept}`);
    terminal.note(`weir: ${topic}-${partition} goes on at the next start of the node, which checks all of it again`);
    return 0;
  } finally {
    claim.release();
  }
};

/** What is kept and what is given up, in words. */
function describeLoss(loss: Loss): string {
  const { topic, partition, startOffset, goodEndOffset, knownEndOffset, reason, sizeInBytes } = loss;
  const name = `${topic}-${partition}`;
  const range = (from: number, to: number): string => (from < to ? `offsets ${from} to ${to - 1}` : 'nothing');
  const warning = loss.isMarkSpoiled
    ? [`weir: what says where ${name} was compacted is spoiled: batches that are missing from it are not noticed`]
    : [];
  if (reason === '') {
    const restored = `weir: ${name} is what was written again: ${range(startOffset, goodEndOffset)}, nothing is lost`;
    return [restored, ...warning].join('\n');
  }
  const lost = Math.max(0, knownEndOffset - goodEndOffset);
  return [
    `weir: ${name} is damaged: ${reason}`,
    `weir: it keeps ${range(startOffset, goodEndOffset)}`,
    `weir: it gives up ${range(goodEndOffset, knownEndOffset)}${lost > 0 ? ` (${lost} offsets that were durable)` : ''} and whatever came after: ${sizeInBytes} bytes`,
    ...warning,
  ].join('\n');
}

function outcome<T>(task: Task<T>): Promise<T> {
  return new Promise((settle, fail) => {
    runTask(task, (error, value) => {
      if (error !== null) fail(error instanceof Error ? error : new Error(String(error)));
      else settle(value as T);
    });
  });
}
