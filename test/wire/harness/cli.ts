import type { RunningTool, ToolCall, ToolResult } from './tool-host.ts';
import type { Wire } from './session.ts';

/** The main classes of Apache Kafka's command-line tools. */
export const TOOL = {
  apiVersions: 'org.apache.kafka.tools.BrokerApiVersionsCommand',
  cluster: 'org.apache.kafka.tools.ClusterTool',
  features: 'org.apache.kafka.tools.FeatureCommand',
  metadataQuorum: 'org.apache.kafka.tools.MetadataQuorumCommand',
  configs: 'kafka.admin.ConfigCommand',
  consoleConsumer: 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  consoleProducer: 'org.apache.kafka.tools.ConsoleProducer',
  consoleShareConsumer: 'org.apache.kafka.tools.consumer.ConsoleShareConsumer',
  consumerGroups: 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  consumerPerformance: 'org.apache.kafka.tools.ConsumerPerformance',
  deleteRecords: 'org.apache.kafka.tools.DeleteRecordsCommand',
  dumpLog: 'org.apache.kafka.tools.DumpLogSegments',
  endToEndLatency: 'org.apache.kafka.tools.EndToEndLatency',
  getOffsets: 'org.apache.kafka.tools.GetOffsetShell',
  groups: 'org.apache.kafka.tools.GroupsCommand',
  leaderElection: 'org.apache.kafka.tools.LeaderElectionCommand',
  logDirs: 'org.apache.kafka.tools.LogDirsCommand',
  producerPerformance: 'org.apache.kafka.tools.ProducerPerformance',
  reassignPartitions: 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand',
  shareConsumerPerformance: 'org.apache.kafka.tools.ShareConsumerPerformance',
  shareGroups: 'org.apache.kafka.tools.consumer.group.ShareGroupCommand',
  topics: 'org.apache.kafka.tools.TopicCommand',
  verifiableConsumer: 'org.apache.kafka.tools.VerifiableConsumer',
  verifiableProducer: 'org.apache.kafka.tools.VerifiableProducer',
  verifiableShareConsumer: 'org.apache.kafka.tools.VerifiableShareConsumer',
} as const;

/** The name of a tool in `TOOL`. */
export type ToolName = keyof typeof TOOL;

type More = Omit<ToolCall, 'className' | 'args'>;

/** Calls Kafka's tools against one broker; `--bootstrap-server` is added to each call. */
export type Cli = {
  /** Runs a tool that must end with 0 and gives its standard output. */
  readonly ok: (tool: ToolName, args: readonly string[], more?: More) => Promise<string>;
  /** Runs a tool to its end, whatever that is. */
  readonly run: (tool: ToolName, args: readonly string[], more?: More) => Promise<ToolResult>;
  /** Starts a tool that runs until it is stopped. */
  readonly start: (tool: ToolName, args: readonly string[], more?: More) => RunningTool;
  /** Creates a topic, with replication factor 1 if none is named. */
  readonly createTopic: (
    topic: string,
    partitions?: number,
    config?: Readonly<Record<string, string>>,
    replicationFactor?: number,
  ) => Promise<void>;
  /** Sends `lines` to `topic` with the console producer. */
  readonly produce: (topic: string, lines: readonly string[], args?: readonly string[]) => Promise<void>;
  /** Alters settings of a topic, group or broker: `--entity-type` and `--entity-name` of the config tool. */
  readonly configure: (
    type: 'topics' | 'groups' | 'brokers',
    name: string,
    config: Readonly<Record<string, string>>,
  ) => Promise<void>;
};

/** The tools, bound to the broker of `wire`. */
export function cliOf(wire: Pick<Wire, 'bootstrap' | 'tools'>): Cli {
  const { bootstrap, tools } = wire;
  const bound = (args: readonly string[]): readonly string[] => ['--bootstrap-server', bootstrap, ...args];
  const ok: Cli['ok'] = (tool, args, more) => tools.mustRun(TOOL[tool], bound(args), more);
  return {
    ok,
    run: (tool, args, more) => tools.run(TOOL[tool], bound(args), more),
    start: (tool, args, more) => tools.start({ className: TOOL[tool], args: bound(args), ...more }),
    createTopic: async (topic, partitions = 1, config = {}, replicationFactor = 1) => {
      const settings = Object.entries(config).flatMap(([key, value]) => ['--config', `${key}=${value}`]);
      await ok('topics', [
        '--create',
        '--topic',
        topic,
        '--partitions',
        String(partitions),
        '--replication-factor',
        String(replicationFactor),
        ...settings,
      ]);
    },
    produce: async (topic, lines, args = []) => {
      await ok('consoleProducer', ['--topic', topic, ...args], { stdin: lines.map((line) => `${line}\n`).join('') });
    },
    configure: async (type, name, config) => {
      const pairs = Object.entries(config).map(([key, value]) => `${key}=${value}`);
      await ok('configs', ['--alter', '--entity-type', type, '--entity-name', name, '--add-config', pairs.join(',')]);
    },
  };
}

/** The lines of a text, without the empty ones. */
export function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** The cells of a table that a tool has printed: one array for each line, split at white space. */
export function cellsOf(text: string): readonly (readonly string[])[] {
  return linesOf(text).map((line) => line.trim().split(/\s+/));
}

/** The JSON objects of a tool's output, one a line; other lines are left out. */
export function eventsOf(lines: readonly string[]): readonly Readonly<Record<string, unknown>>[] {
  // The verifiable tools print one object a line.
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** `count` texts: `prefix-0`, `prefix-1` and so on. */
export function numbered(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}
