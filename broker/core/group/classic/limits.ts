/**
 * Most bytes of member metadata, and as many again of assignments, in one group: both travel in one record, which must
 * stay far below the largest batch that a log takes.
 */
export const GROUP_BYTES_MAX = 32 * 1024 * 1024;
