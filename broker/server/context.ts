import type { Settings } from '../core/config/settings.ts';
import type { Crc32c } from '../core/base/checksum.ts';
import type { Clock, Timers } from '../ports/clock.ts';
import type { Compression } from '../ports/compression.ts';
import type { Disk } from '../ports/disk.ts';
import type { Log } from '../ports/log.ts';
import type { Net } from '../ports/net.ts';
import type { Random } from '../ports/random.ts';
import type { MetadataClient } from './metadata-client.ts';
import type { Partitions } from './partitions/partition.ts';

/** Every port a node needs; `main.ts` and the simulator each hand in their own. */
export interface Ports {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly disk: Disk;
  readonly net: Net;
  readonly compression: Compression;
  readonly crc32c: Crc32c;
  readonly log: Log;
  /** Runs `callback` when the inputs of this loop turn are handled, before anything is sent: work of one turn is gathered. */
  readonly afterTurn: (callback: () => void) => void;
}

/** What handlers and hosts of one node share. */
export interface ServerContext {
  readonly ports: Ports;
  /** The node's static settings merged with dynamic ones; topic and group settings are resolved through it. */
  readonly settings: Settings;
  readonly nodeId: number;
  readonly metadata: MetadataClient;
  readonly partitions: Partitions;
}
