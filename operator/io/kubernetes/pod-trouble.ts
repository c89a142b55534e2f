import { lastWords } from '../../core/last-words.ts';
import type { NodeObservation } from '../../core/observed.ts';
import type { KubernetesObject } from '../../ports/kubernetes.ts';
import { at, listAt, textAt, timeOf } from './objects/fields.ts';

/** Reasons for which a kubelet does not even start a container. */
const NOT_STARTED: ReadonlySet<string> = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'ErrImageNeverPull',
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'RunContainerError',
]);
/** A container that runs again after so many ends has not found what it waits for. */
const DEATHS_MAX = 3;
const WORDS_LENGTH_MAX = 500;

/**
 * Why a pod that is not ready won't be by itself, null where that is not known: it can't be started, or ends again and again. One that is
 * deleted ends as it was told.
 */
export function failureOf(pod: KubernetesObject): string | null {
  if (pod.metadata.deletionTimestamp !== undefined) return null;
  for (const container of listAt(pod, 'status', 'containerStatuses')) {
    const waiting = at(container, 'state', 'waiting');
    const reason = textAt(waiting, 'reason') ?? '';
    if (NOT_STARTED.has(reason)) return cut(`${reason}: ${textAt(waiting, 'message') ?? 'it can not be started'}`);
    const ended = at(container, 'state', 'terminated');
    const died = ended ?? at(container, 'lastState', 'terminated');
    const isOver = ended !== undefined || waiting !== undefined || Number(at(container, 'restartCount')) >= DEATHS_MAX;
    if (died !== undefined && isOver) return cut(endOf(died));
  }
  return null;
}

/** Why no machine takes a pod, in the words of the scheduler; null where one does, or nobody has tried yet. One that is deleted needs none. */
export function unplacedOf(pod: KubernetesObject): string | null {
  if (pod.metadata.deletionTimestamp !== undefined) return null;
  const placing = listAt(pod, 'status', 'conditions').find((one) => at(one, 'type') === 'PodScheduled');
  if (at(placing, 'status') !== 'False') return null;
  return cut(textAt(placing, 'message') ?? textAt(placing, 'reason') ?? 'the scheduler does not say why');
}

/** How a container ended, with its last words: those of its log, where it failed (`terminationMessagePolicy`). */
function endOf(terminated: unknown): string {
  const how = `${textAt(terminated, 'reason') ?? 'Error'} (exit code ${String(at(terminated, 'exitCode') ?? '?')})`;
  const words = lastWords(textAt(terminated, 'message') ?? '');
  return words === '' ? how : `${how}: ${words}`;
}

const cut = (text: string): string => text.slice(0, WORDS_LENGTH_MAX);

/**
 * Since when a pod should be gone, or heard of: past its grace period nobody but its kubelet can end it in order, and one that a kubelet has
 * lost is told so. Null for any other.
 */
export function lossOf(pod: KubernetesObject): NonNullable<NodeObservation['lost']> | null {
  const { name, namespace = '', deletionTimestamp } = pod.metadata;
  const isUnheard = textAt(pod, 'status', 'reason') === 'NodeLost' || textAt(pod, 'status', 'phase') === 'Unknown';
  const sinceMs = isUnheard ? 0 : timeOf(deletionTimestamp ?? null);
  if (sinceMs === null) return null;
  const machine = textAt(pod, 'spec', 'nodeName') ?? 'that it was on';
  const remedy = `pod ${name} does not end, as if its machine ${machine} were gone; once that is surely off: kubectl delete pod ${name} --namespace ${namespace} --force --grace-period=0`;
  return { sinceMs, remedy };
}
