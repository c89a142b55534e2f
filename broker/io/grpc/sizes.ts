/** Bytes of a message, received or sent: an entry of the metadata log is one batch, and goes whole. */
export const MESSAGE_SIZE_MAX = 16 * 1024 * 1024;
/** Bytes of a command: the batch that comes of it must stay below a message. */
export const SUBMIT_SIZE_MAX = 4 * 1024 * 1024;
/** Bytes of Raft that wait for one peer on one stream; more are dropped, Raft repeats what matters. */
export const RAFT_QUEUED_SIZE_MAX = 8 * 1024 * 1024;
