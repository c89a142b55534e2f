/** A broker of which nothing is wanted but that it serves. */
export const PLAIN_BROKER = {
  rack: null,
  host: '',
  directoryId: 'AAAAAAAAAAAAAAAAAAAABg',
  fenced: false,
  cordoned: false,
  draining: false,
  shuttingDown: false,
  registered: [],
} as const;

/** What a broker's record says beside when nothing is wanted of it (`weir.version` 3). */
export const PLAIN_RECORD = {
  host: '',
  cordoned: false,
  draining: false,
  shuttingDown: false,
  unfencedEpoch: -1,
  advertised: [],
} as const;

/** A registration without a history. */
export const NEW_DISK = { lastUnfencedEpoch: -1, damaged: [], suspect: [], host: '' } as const;

/** A partition that is not reassigned. */
export const NOT_MOVING = { addingReplicas: [], removingReplicas: [] } as const;
