/** What the thread of the control isolate is handed when it starts. */
export interface WorkerStart {
  /** Settings of the node's file and environment, validated. */
  readonly fixed: readonly (readonly [string, string])[];
  /** The node's one data directory. */
  readonly directory: string;
  /** `[0]` is raised with every turn of the data loop, in shared memory. */
  readonly turnCounter: Int32Array;
}
