import { parseSetting } from '../../broker/core/config/parse.ts';
import { refusedReason } from '../../broker/core/config/refused.ts';
import { brokerRow, findRow, groupRow, rowsOf } from '../../broker/core/config/rows.ts';
import { nearest } from './issue.ts';
import type { ShareGroup } from './kinds.ts';
import type { ConfigScope } from './schema.ts';

/** A node's settings file has no way to write one: what stands behind it would be a setting of its own. */
const LINE_BREAK = /[\r\n]/;

/** Judges one setting by the broker's table: null when it is known and its value allowed (see `CheckSetting`). */
export function checkSetting(scope: ConfigScope, name: string, value: string): string | null {
  const row = findRow(scope, name);
  if (row !== null) return LINE_BREAK.test(value) ? 'must not hold a line break' : parseSetting(row, value).problem;
  for (const other of ['broker', 'topic', 'group'] as const) {
    if (other !== scope && findRow(other, name) !== null) return `is a ${other} setting, not a ${scope} setting`;
  }
  const refused = refusedReason(scope, name);
  if (refused !== null) return `is not supported: ${refused}`;
  const meant = nearest(name, [...rowsOf(scope).keys()]);
  return `is not a ${scope} setting that Weir knows${meant === null ? '' : `; did you mean ${meant}?`}`;
}

/** Whether a broker setting can change for all brokers while they run; the others need a restart. */
export function isDynamicSetting(name: string): boolean {
  const change = findRow('broker', name)?.change;
  return change === 'cluster' || change === 'cluster-only';
}

/** What is wrong with a group's settings under the bounds that its cluster's settings give, by setting name. */
export function checkGroupBounds(
  group: ShareGroup,
  clusterConfig: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const problems = new Map<string, string>();
  for (const [name, text] of group.spec.config) {
    const row = groupRow(name);
    const bound = (setting: string | undefined): number | null => {
      const given = setting === undefined ? '' : (clusterConfig.get(setting) ?? brokerRow(setting).default ?? '');
      return given === '' ? null : Number(given);
    };
    const [min, max] = [bound(row.brokerMin), bound(row.brokerMax)];
    if (min !== null && Number(text) < min)
      problems.set(name, `must be at least ${min} (${row.brokerMin} of the cluster), not ${text}`);
    if (max !== null && Number(text) > max)
      problems.set(name, `must be at most ${max} (${row.brokerMax} of the cluster), not ${text}`);
  }
  return problems;
}
