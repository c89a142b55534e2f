/** Unpredictable in production, seeded in the simulator. */
export interface Random {
  /** An integer in [0, 2^32). */
  uint32(): number;
  /** A new buffer of `size` bytes. */
  bytes(size: number): Uint8Array;
}
