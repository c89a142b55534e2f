import type { StatusCondition } from '../../../operator/core/conditions.ts';

/** An object as far as tools that wait look at it. */
export interface Waited {
  readonly generation: number;
  readonly isLeaving?: boolean;
  readonly observedGeneration?: number | undefined;
  readonly conditions?: readonly StatusCondition[] | undefined;
}

/** What cli-utils' kstatus makes of a custom resource. */
export function kstatusOf(object: Waited): 'Terminating' | 'InProgress' | 'Failed' | 'Current' {
  if (object.isLeaving === true) return 'Terminating';
  if (object.observedGeneration !== undefined && object.observedGeneration !== object.generation) return 'InProgress';
  const statusIs = (type: string): string | undefined => object.conditions?.find((one) => one.type === type)?.status;
  if (statusIs('Reconciling') === 'True') return 'InProgress';
  if (statusIs('Stalled') === 'True') return 'Failed';
  return (statusIs('Ready') ?? 'True') === 'True' ? 'Current' : 'InProgress';
}

/** Whether `kubectl wait --for=condition=TYPE` is satisfied; a condition's own generation comes before the status's. */
export function isWaitOver(object: Waited, type = 'Ready'): boolean {
  const condition = object.conditions?.find((one) => one.type === type);
  if (condition === undefined) return false;
  const observed = condition.observedGeneration ?? object.observedGeneration;
  return (observed === undefined || observed >= object.generation) && condition.status === 'True';
}
