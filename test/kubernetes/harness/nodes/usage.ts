import { isRecord } from '../../../../operator/api/validate.ts';
import { at } from '../../../support/kubernetes/rendered.ts';
import type { ControlPlane } from '../control-plane.ts';

const MIB = 1 << 20;

/** What the pods of a namespace whose names begin so hold of memory, MiB, and have taken of processors so far, s. One line each. */
export async function usageOf(
  plane: ControlPlane,
  {
    namespace,
    prefix,
    nodes,
  }: { readonly namespace: string; readonly prefix: string; readonly nodes: readonly string[] },
): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const node of nodes) {
    const summary = await plane.ask({ method: 'GET', path: `/api/v1/nodes/${node}/proxy/stats/summary` });
    const pods = Array.isArray(summary['pods']) ? (summary['pods'] as readonly unknown[]) : [];
    for (const pod of pods) {
      const name = String(at(pod, 'podRef', 'name'));
      if (!isRecord(pod) || at(pod, 'podRef', 'namespace') !== namespace || !name.startsWith(prefix)) continue;
      const memory = Math.round(Number(at(pod, 'containers', 0, 'memory', 'rssBytes')) / MIB);
      const seconds = Number(at(pod, 'containers', 0, 'cpu', 'usageCoreNanoSeconds')) / 1e9;
      lines.push(`${name}: ${memory} MiB, ${seconds.toFixed(1)} s of CPU`);
    }
  }
  return lines.toSorted();
}
