import { existsSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { AnyResource } from '../../../operator/api/kinds.ts';
import { checkSetting } from '../../../operator/api/settings.ts';
import { LocalFleet, type FleetEvent } from './fleet.ts';
import { ManifestWatch, readManifestFiles } from '../../../operator/io/local/manifest-watch.ts';
import { type ReadManifests, readManifests } from '../../../operator/io/manifests.ts';
import type { Condition } from '../../../operator/core/desired.ts';
import { UNSAID } from '../../../operator/core/plan-groups.ts';
import { isOperatorError, OperatorError } from '../../../operator/ports/operator-error.ts';
import { messageOf, UserFault, usageFault } from '../fault.ts';
import { bootstrapFlag, numberFlag, parseFlags, type ParsedFlags } from '../flags.ts';
import type { RunVerb, Terminal } from '../verb.ts';
import { helpOf } from '../verbs.ts';

/** What `weir local` was told. */
export interface LocalCall {
  readonly files: readonly string[];
  readonly data: string;
  readonly basePort: number | null;
  readonly bind: string;
  readonly verbose: boolean;
  /** Whether to print commands to try once a cluster is ready. */
  readonly suggest: boolean;
}

const SECOND_SIGNAL_EXIT = 130;

/** `weir local`: runs the clusters of manifests until it is stopped. */
export const runLocal: RunVerb = async (args, terminal) => {
  const flags = parseFlags('local', helpOf('local').flags, args);
  if (flags.positionals.length > 0)
    throw usageFault('local', `nothing to do with ${flags.positionals.join(' ')}; manifests go behind -f`);
  const call = readCall(flags);
  if (flags.has('demo')) {
    const { runDemo } = await import('./demo.ts');
    return runDemo(call, flags, terminal);
  }
  return new LocalSession(call, terminal).run();
};

function readCall(flags: ParsedFlags): LocalCall {
  const files = flags.texts('file');
  if (files.length === 0) throw usageFault('local', 'name a manifest file with -f');
  for (const file of files) {
    if (!existsSync(file)) throw new UserFault(`there is no file ${file}`);
    if (!statSync(file).isFile()) throw new UserFault(`${file} is not a file`);
  }
  const port = flags.text('port');
  return {
    files,
    data: flags.text('data') ?? './.weir',
    basePort: port === undefined ? null : numberFlag('local', 'port', port, { min: 0, max: 65_535 }),
    bind: flags.text('bind') ?? '127.0.0.1',
    verbose: flags.has('verbose'),
    suggest: true,
  };
}

/** Valid manifests. */
type Manifests = Extract<ReadManifests, { readonly ok: true }>;

/** The manifests of files, valid also as a change of `previous`; else a fault with every error on its own line. */
function loadManifests(files: readonly string[], previous: readonly AnyResource[] = []): Manifests {
  const read = readManifests(readManifestFiles(files), checkSetting, previous);
  if (read.ok) return read;
  const count = read.errors.length === 1 ? 'an error' : `${read.errors.length} errors`;
  throw new UserFault(`${count} in the manifests\n${read.errors.join('\n')}`);
}

/** How this very program is started again, for its children. */
export function ownCommand(): readonly string[] {
  return [process.execPath, resolve(process.argv[1] ?? '')];
}

/** One fleet from start to stop, told to a terminal. */
export class LocalSession {
  readonly #call: LocalCall;
  readonly #terminal: Terminal;
  #manifests: Manifests;
  readonly #fleet: LocalFleet;
  #watch: ManifestWatch | null = null;
  readonly #readyClusters = new Set<string>();
  #end: (outcome: { readonly fault: OperatorError | null }) => void = () => undefined;
  readonly #ended: Promise<{ readonly fault: OperatorError | null }>;
  #ready: (address: string) => void = () => undefined;
  /** Settles with the bootstrap address once the first cluster is ready. */
  readonly ready: Promise<string>;
  #stopping = false;
  /** A node ended by itself since everything was well. */
  #isDisturbed = false;

  constructor(call: LocalCall, terminal: Terminal) {
    this.#call = call;
    this.#terminal = terminal;
    this.#ended = new Promise((settle) => {
      this.#end = settle;
    });
    this.ready = new Promise((settle) => {
      this.#ready = settle;
    });
    this.#manifests = loadManifests(call.files);
    this.#fleet = openFleet(call, (event) => {
      this.#report(event);
    });
  }

  /** Runs until a signal or a failure that cannot be mended; gives the exit code. */
  async run(): Promise<number> {
    const onSignal = (): void => {
      if (this.#stopping) process.exit(SECOND_SIGNAL_EXIT);
      this.stop();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    process.on('SIGHUP', onSignal);
    try {
      await this.#apply(this.#manifests);
      this.#watch = new ManifestWatch(this.#call.files, () => void this.#reload());
    } catch (error) {
      if (!isOperatorError(error)) throw error;
      this.#end({ fault: error });
    }
    const { fault } = await this.#ended;
    this.#stopping = true;
    this.#watch?.close();
    await this.#fleet.close();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.removeListener(signal, onSignal);
    if (fault !== null) throw new UserFault(fault.message);
    if (this.#call.suggest) this.#terminal.note('weir: stopped');
    return 0;
  }

  /** Stops every broker and ends `run`. */
  stop(): void {
    if (!this.#stopping && this.#call.suggest) this.#terminal.note('weir: stopping');
    this.#stopping = true;
    this.#end({ fault: null });
  }

  async #apply({ resources, warnings }: Manifests): Promise<void> {
    for (const warning of warnings) this.#terminal.note(`weir: ${warning}`);
    await this.#fleet.apply(resources);
  }

  async #reload(): Promise<void> {
    try {
      const manifests = loadManifests(this.#call.files, this.#manifests.resources);
      this.#terminal.note('weir: the manifests changed');
      await this.#apply(manifests);
      this.#manifests = manifests;
    } catch (error) {
      const text = messageOf(error);
      this.#terminal.note(
        `weir: the manifests changed and cannot be applied; everything stays as it was\n      ${text.replaceAll('\n', '\n      ')}`,
      );
    }
  }

  #report(event: FleetEvent): void {
    switch (event.kind) {
      case 'step':
      case 'progress':
        if (this.#call.verbose || this.#readyClusters.has(event.cluster))
          this.#terminal.note(`weir: ${event.cluster}: ${event.text}`);
        break;
      case 'condition':
        this.#condition(event.cluster, event.condition);
        break;
      case 'trouble':
        this.#terminal.note(`weir: ${event.cluster}: ${event.text}; trying again`);
        break;
      case 'notice':
        this.#isDisturbed = true;
        if (!this.#stopping) this.#terminal.note(`weir: ${event.text}`);
        break;
      case 'gone':
        this.#readyClusters.delete(event.cluster);
        this.#terminal.note(`weir: cluster ${event.cluster} is stopped; its data stays`);
        break;
      case 'fatal':
        this.#end({ fault: event.error });
        break;
      case 'converged':
        this.#converged(event.cluster, event.steps);
        break;
    }
  }

  #condition(cluster: string, { resource, reason, type, message }: Condition): void {
    // Manifests that do not fit the data that is here: nothing was started, and nothing would be.
    if (type === 'Stalled' && resource.startsWith('Cluster ') && !this.#readyClusters.has(cluster)) {
      this.#end({ fault: new OperatorError(reason, `${resource}: ${message}`, { fatal: true }) });
    } else if (reason !== UNSAID) this.#terminal.note(`weir: ${resource}: ${reason}: ${message}`);
  }

  #converged(cluster: string, steps: number): void {
    if (this.#readyClusters.has(cluster)) {
      const isIdle = steps === 0 && !this.#isDisturbed;
      this.#isDisturbed = false;
      this.#terminal.note(`weir: ${cluster}: ${isIdle ? 'nothing to do' : 'everything is as the manifests say'}`);
      return;
    }
    this.#readyClusters.add(cluster);
    const bootstrap = this.#fleet.bootstrapOf(cluster);
    const tookMs = Math.round(performance.now());
    this.#terminal.out(`weir: cluster ${cluster} ready in ${tookMs} ms: bootstrap ${bootstrap}`);
    if (this.#call.suggest) this.#suggest(cluster, bootstrap);
    this.#ready(bootstrap);
  }

  /** Commands that need nothing but this program. */
  #suggest(cluster: string, bootstrap: string): void {
    const groups = this.#manifests.resources.filter(
      (one) => one.kind === 'ShareGroup' && one.spec.clusterRef.name === cluster,
    );
    const [group] = groups;
    if (group?.kind !== 'ShareGroup') return;
    const topic = group.spec.topics[0] ?? '';
    const program = describeProgram();
    const [first = ''] = bootstrap.split(',');
    const at = first === '127.0.0.1:9092' ? '' : ` --bootstrap ${first}`;
    this.#terminal.out(
      [
        '',
        'Try, in other terminals:',
        `  echo hello | ${program} put ${topic}${at}`,
        `  ${program} take ${group.spec.groupId ?? group.metadata.name} --topic ${topic}${at}`,
        '',
        'Ctrl-C stops it; the data stays.',
      ].join('\n'),
    );
  }
}

/** Opens a fleet; an operator's failure becomes a fault for the user. */
export function openFleet(call: LocalCall, report: (event: FleetEvent) => void): LocalFleet {
  try {
    return new LocalFleet({
      directory: resolve(call.data),
      command: ownCommand(),
      bind: call.bind,
      basePort: call.basePort,
      connect: async (addresses) => {
        const { KafkaAdmin } = await import('./kafka-admin.ts');
        return new KafkaAdmin(bootstrapFlag('local', addresses.join(',')));
      },
      report,
    });
  } catch (error) {
    if (!isOperatorError(error)) throw error;
    throw new UserFault(error.message);
  }
}

/** The words that start this program again from where the user is. */
function describeProgram(): string {
  const script = process.argv[1] ?? 'weir';
  const near = relative(process.cwd(), script);
  // npx finds the program of an installed package.
  if (/[\\/]node_modules[\\/]/.test(script)) return 'npx weir';
  return `node ${near.startsWith('..') ? script : near}`;
}
