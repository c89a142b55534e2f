/** Which program is on the other side of the wire: Weir, or Apache Kafka as the reference of what is right. */
export type PeerName = 'weir' | 'kafka';

/** One broker under test, a process of its own on a data directory of its own. */
export type Peer = {
  readonly name: PeerName;
  readonly version: string;
  /** `host:port` of the client listener; the same after each restart. */
  readonly bootstrap: string;
  readonly dataDirectory: string;
  /** The broker's process id while it runs. */
  readonly pid: () => number;
  /** Starts the broker and resolves when it answers clients. */
  readonly start: () => Promise<void>;
  /** Stops it cleanly. */
  readonly stop: () => Promise<void>;
  /** Kills it with SIGKILL. */
  readonly kill: () => Promise<void>;
  /** The end of the broker's log, for messages. */
  readonly tail: () => string;
};

/** What a peer is started with: a directory for data and logs, and settings under Kafka's names. */
export type PeerOptions = {
  readonly directory: string;
  readonly settings?: Readonly<Record<string, string>>;
};

/** The peer named by `WEIR_WIRE_PEER`; Weir when it is not set. */
export function chosenPeer(): PeerName {
  const { WEIR_WIRE_PEER: name = 'weir' } = process.env;
  if (name === 'weir' || name === 'kafka') return name;
  throw new Error(`WEIR_WIRE_PEER is ${name}: weir and kafka are known`);
}
