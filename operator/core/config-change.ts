import type { ConfigChange } from './steps.ts';

/**
 * The change that turns `actual` into `wanted`, or null when there is none. `exact`: what is not wanted returns to its
 * default (Topic, ShareGroup); else it is left alone (Cluster) (O12).
 */
export function configChange(
  wanted: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string, string>,
  mode: 'exact' | 'declared',
): ConfigChange | null {
  const set = new Map<string, string>();
  const before = new Map<string, string | null>();
  for (const name of [...wanted.keys()].sort()) {
    const value = wanted.get(name);
    const current = actual.get(name) ?? null;
    if (value === undefined || value === current) continue;
    set.set(name, value);
    before.set(name, current);
  }
  const unset = mode === 'exact' ? [...actual.keys()].filter((name) => !wanted.has(name)).sort() : [];
  for (const name of unset) before.set(name, actual.get(name) ?? null);
  return set.size === 0 && unset.length === 0 ? null : { set, unset, before };
}
