/** How a node says that its disk is another's or damaged: it ends, and is right to. */
export const REFUSES_DISK = /belongs to (node|cluster)|damaged/;
/** How a node says that it has begun on this disk, and that its log is not there: whoever runs it deletes the rest. */
export const LOG_IS_GONE = /the metadata log \S+ is gone/;
/** A broker that finds no quorum for so long ends, and is started again by whoever runs it. */
export const FINDS_NO_QUORUM = /did not answer within|no active controller answered/;
/** How a voter says that its log has lost something (V10). */
export const LOST_SOMETHING =
  /the log ends at \d+, it was written up to |the log once lost something|checkpoint is damaged/;
/** How a leader says that it tried often enough to write dead letters. */
export const GIVES_LETTERS_UP = /dead letters could not be written/;
/** How a node says that it has waited for its disk for too long (F5). */
export const DISK_HANGS = /the disk does not answer/;
