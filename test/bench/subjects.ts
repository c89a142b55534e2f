import { fileURLToPath } from 'node:url';
import { kafkaPeer } from '../wire/harness/kafka-peer.ts';
import type { Peer } from '../wire/harness/peer.ts';
import { weirPeer } from '../wire/harness/weir-peer.ts';

/** What is compared: a broker with one choice of durability. */
export type SubjectName = 'weir fsync' | 'weir replicated' | 'kafka' | 'kafka flush';

/** The order of the columns. */
export const SUBJECTS: readonly SubjectName[] = ['weir fsync', 'weir replicated', 'kafka', 'kafka flush'];

/** The heap and collector that Kafka's own start script gives a broker. */
export const KAFKA_FLAGS = [
  '-Xms1g',
  '-Xmx1g',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
];

const WEIR = fileURLToPath(new URL('../../dist/weir.js', import.meta.url));

/** A fresh broker of the named kind in `directory`, not started. Weir runs from `dist/`, as it does for users. */
export async function makeSubject(name: SubjectName, directory: string): Promise<Peer> {
  switch (name) {
    case 'weir fsync':
      return weirPeer({ directory, command: [process.execPath, WEIR] });
    case 'weir replicated':
      return weirPeer({ directory, command: [process.execPath, WEIR], settings: { 'weir.durability': 'replicated' } });
    case 'kafka':
      return kafkaPeer({ directory }, KAFKA_FLAGS);
    case 'kafka flush':
      return kafkaPeer({ directory, settings: { 'log.flush.interval.messages': '1' } }, KAFKA_FLAGS);
  }
}
