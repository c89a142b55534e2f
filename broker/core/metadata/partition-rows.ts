import { PAGE_ROW_COUNT } from './rows.ts';

/** Where each field of a partition stands in its row; all lists by one number of `PartitionLists`. */
export const Column = { leader: 0, leaderEpoch: 1, partitionEpoch: 2, durableFromEpoch: 3, lists: 4 } as const;

/** Columns that are what they say. */
export const NUMBER_COLUMNS = [
  Column.leader,
  Column.leaderEpoch,
  Column.partitionEpoch,
  Column.durableFromEpoch,
] as const;

/** Numbers of 32 bits in a row. */
export const ROW_LENGTH = 5;
/** Where a row begins in its page. */
export function positionOf(row: number): number {
  return (row % PAGE_ROW_COUNT) * ROW_LENGTH;
}
