import { readFileSync } from 'node:fs';
import { CLIENTS_VERSION, ensureNewestServer } from '../../setup/kafka.ts';
import { mustRun } from '../../setup/run.ts';

/** One setting as Apache Kafka defines it (test/wire/java/SettingsList.java prints them). */
export type KnownSetting = {
  readonly scope: 'topic' | 'broker' | 'group' | 'client-metrics';
  readonly name: string;
  /** As DescribeConfigs has it, in lower case. */
  readonly type: string;
  readonly default: string | null;
  /** What its validator says of itself. */
  readonly allowed: string | null;
  /** Of a broker setting: `read-only`, `per-broker` or `cluster-wide`. */
  readonly change: string | null;
  /** The broker settings that give its default, separated by commas. */
  readonly fallBack: string | null;
  /** Not documented by Kafka and not shown to users. */
  readonly internal: boolean;
};

/** The committed list, one setting a line. */
export const KNOWN_FILE = new URL(`./kafka-${CLIENTS_VERSION}.json`, import.meta.url);

/** Reads the committed list. */
export function knownSettings(): readonly KnownSetting[] {
  // The file is printed by the program above.
  return JSON.parse(readFileSync(KNOWN_FILE, 'utf8')) as KnownSetting[];
}

/** What the newest Apache Kafka defines, asked of its own classes; the text of the committed file. */
export async function printKnownSettings(): Promise<string> {
  const { java, classpath } = await ensureNewestServer();
  return mustRun(java, ['-cp', classpath, 'SettingsList']);
}
