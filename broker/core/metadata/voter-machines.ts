import type { ControllerView } from './view.ts';

/** A machine on which several voters run. */
export interface SharedMachine {
  readonly machine: string;
  /** Their ids, ascending. */
  readonly ids: readonly number[];
}

/** Machines that hold more than one of some controllers (P1), as those registered; one whose machine is not known is alone on it. */
export function sharedMachines(
  controllers: readonly ControllerView[],
  voters: readonly { readonly id: number }[],
): readonly SharedMachine[] {
  const byMachine = new Map<string, number[]>();
  for (const { id, machine } of controllers) {
    if (machine === '' || !voters.some((voter) => voter.id === id)) continue;
    byMachine.set(machine, [...(byMachine.get(machine) ?? []), id]);
  }
  return [...byMachine].filter(([, ids]) => ids.length > 1).map(([machine, ids]) => ({ machine, ids }));
}

/** The same in words, for a user. */
export function describeShared({ machine, ids }: SharedMachine): string {
  return `voters ${ids.join(' and ')} run on ${machine}`;
}
