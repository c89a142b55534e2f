import { WEIR_LEVELS } from '../config/weir-levels.ts';

/** A feature of this build: the range of levels that it can work with and the level a new cluster starts at. */
export interface FeatureRange {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly initial: number;
}

/** Name of the feature that gates everything that Weir writes or sends of its own (B4). */
export const WEIR_VERSION = 'weir.version';

/** `weir.version` from which metadata knows controllers, and of brokers what they support and how they ended (B4). */
export const WEIR_CONTROLLERS = 2;

/** `weir.version` from which partitions have copies on several brokers, which follow their leader; below, one replica each (B4). */
export const WEIR_REPLICATION = 3;

/** `weir.version` from which leaders write the dead letters of share groups; below, `share.version` stays at 1 (B4). */
export const WEIR_DEAD_LETTERS = 4;

/** Name of the feature of share groups. */
export const SHARE_VERSION = 'share.version';

/** `share.version` from which groups may have dead letters (KIP-1191). */
export const SHARE_DEAD_LETTERS = 2;

/** Name of the feature under which replicas that left the ISR may still be elected (KIP-966). */
export const ELR_VERSION = 'eligible.leader.replicas.version';

/**
 * What this build supports, sorted by name. Only what is true now: no `group.version` (KIP-848 groups) and no
 * `transaction.version` (KIP-890) before they work, since clients act on them.
 * metadata.version 30 is 4.3-IV0.
 */
export const SUPPORTED_FEATURES: readonly FeatureRange[] = [
  { name: ELR_VERSION, min: 0, max: 1, initial: 1 },
  { name: 'kraft.version', min: 0, max: 1, initial: 1 },
  { name: 'metadata.version', min: 7, max: 30, initial: 30 },
  { name: SHARE_VERSION, min: 0, max: SHARE_DEAD_LETTERS, initial: SHARE_DEAD_LETTERS },
  { name: WEIR_VERSION, min: 1, max: WEIR_LEVELS.length, initial: WEIR_LEVELS.length },
];

/**
 * From which level on a feature needs which `weir.version`: what it brings is in no release before, and nodes register only their range
 * of `weir.version`.
 */
export const FEATURE_NEEDS: readonly { readonly name: string; readonly from: number; readonly weirVersion: number }[] =
  [
    { name: ELR_VERSION, from: 1, weirVersion: WEIR_REPLICATION },
    { name: SHARE_VERSION, from: SHARE_DEAD_LETTERS, weirVersion: WEIR_DEAD_LETTERS },
  ];

/** Range of `weir.version` that this build can work with, as nodes register it. */
export function weirVersionRange(): { readonly weirVersionMin: number; readonly weirVersionMax: number } {
  const range = SUPPORTED_FEATURES.find(({ name }) => name === WEIR_VERSION);
  return { weirVersionMin: range?.min ?? 0, weirVersionMax: range?.max ?? 0 };
}
