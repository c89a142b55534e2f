import type { Difference } from '../compare.ts';
/** Differences in groups and their members. */
export const groupDifferences: readonly Difference[] = [
  {
    case: 'JoinGroup of a consumer with bytes that are no subscription',
    reason:
      "What a subscription says is the members' business, so Weir lets the member join; Apache Kafka trips over the bytes and never answers.",
    fields: { '0': { weir: 'answer', kafka: 'silent' } },
  },
];
