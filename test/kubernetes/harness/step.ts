import { test } from '@jest/globals';
import type { ControlPlane } from './control-plane.ts';
import type { Kubelet } from './kubelet.ts';

const STEP_MS = 400_000;

/** Declares tests of what the operator does: what objects and pods said last is told when one fails. */
export function stepsOn(
  operated: () => { readonly plane: ControlPlane; readonly kubelet: Kubelet },
): (title: string, work: () => Promise<void>, timeoutMs?: number) => void {
  return (title, work, timeoutMs = STEP_MS) => {
    const told = async (): Promise<void> => {
      try {
        await work();
      } catch (error) {
        const { plane, kubelet } = operated();
        const objects = await plane.kubectl('describe', 'weir', '-A');
        throw new Error(`${String(error)}\n${objects}\n${kubelet.describe()}`, { cause: error });
      }
    };
    test(title, told, timeoutMs);
  };
}
