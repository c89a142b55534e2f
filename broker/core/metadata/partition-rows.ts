import { PAGE_ROW_COUNT } from './rows.ts';

/** Where each field of a partition stands in its row; lists by their number. */
export const Column = {
  leader: 0,
  leaderEpoch: 1,
  partitionEpoch: 2,
  durableFromEpoch: 3,
  replicas: 4,
  directories: 5,
  isr: 6,
  elr: 7,
  lastKnownElr: 8,
  addingReplicas: 9,
  removingReplicas: 10,
} as const;

/** Columns that are what they say. */
export const NUMBER_COLUMNS = [
  Column.leader,
  Column.leaderEpoch,
  Column.partitionEpoch,
  Column.durableFromEpoch,
] as const;
/** Columns that name lists of brokers. */
export const BROKER_COLUMNS = [
  Column.replicas,
  Column.isr,
  Column.elr,
  Column.lastKnownElr,
  Column.addingReplicas,
  Column.removingReplicas,
] as const;

/** Numbers of 32 bits in a row. */
export const ROW_LENGTH = 11;
/** Where a row begins in its page. */
export function positionOf(row: number): number {
  return (row % PAGE_ROW_COUNT) * ROW_LENGTH;
}
