import { resolve } from 'node:path';
import { acceptLoss, inspectLoss, type Loss } from '../../server/logs/accept-loss.ts';
import { UserFault } from '../fault.ts';
import { numberFlag } from '../flags.ts';
import type { Action } from './action.ts';
import { outcome, withStoppedNode } from './task.ts';

/** `weir admin accept-loss`: lets a damaged partition go on without what it has lost, in the directory of a stopped node. */
export const acceptLossOf: Action = async ({ need, has }, terminal) => {
  const directory = resolve(need('data'));
  const topic = need('topic');
  const partition = numberFlag('admin', 'partition', need('partition'), { min: 0, max: 1_000_000 });
  return withStoppedNode(directory, async (deps) => {
    const at = { ...deps, directory };
    const loss = await outcome(inspectLoss(at, topic, partition));
    if (typeof loss === 'string') throw new UserFault(loss);
    terminal.note(describeLoss(loss));
    if (!has('yes')) throw new UserFault('nothing was changed; give --yes to accept this');
    const kept = await outcome(acceptLoss(at, loss));
    if (kept !== '') terminal.note(`weir: the segments with the damage are kept in ${kept}`);
    terminal.note(`weir: ${topic}-${partition} goes on at the next start of the node, which checks all of it again`);
    return 0;
  });
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
