/**
 * The first release that can work at each level of the feature `weir.version` (B4), from level 1 on. A level whose release is out keeps it: an
 * operator goes by this table when it is asked to take nodes back.
 */
export const WEIR_LEVELS: readonly string[] = ['0.1.0', '0.1.0', '0.1.0', '0.1.0'];
