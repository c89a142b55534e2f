/** What `InitializeShareGroupState` (key 83) asks: the wire's own fields. */
export interface InitializeShareState {
  readonly groupId: string;
  readonly topics: readonly {
    readonly topicId: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly stateEpoch: number;
      /** −1: resolved by `share.auto.offset.reset` at the leader's first load. */
      readonly startOffset: number;
    }[];
  }[];
}

/** What `DeleteShareGroupState` (key 86) asks. */
export interface DeleteShareState {
  readonly groupId: string;
  readonly topics: readonly {
    readonly topicId: string;
    readonly partitions: readonly { readonly partition: number }[];
  }[];
}

/** Per partition outcome of both. */
export interface ShareStateResults {
  readonly results: readonly {
    readonly topicId: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly errorCode: number;
      readonly errorMessage: string | null;
    }[];
  }[];
}

/**
 * The group coordinator's way to the share coordinators, whoever leads them. Calls are idempotent and answered exactly
 * once, as an input of the event loop, within a bounded time; a coordinator that can't be reached gives its error per partition.
 */
export interface ShareStatePersister {
  initialize(request: InitializeShareState, done: (response: ShareStateResults) => void): void;
  remove(request: DeleteShareState, done: (response: ShareStateResults) => void): void;
}
