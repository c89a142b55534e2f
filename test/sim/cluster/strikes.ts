import { Buffer } from 'node:buffer';
import { CALM } from '../control-net.ts';
import type { DiskImage } from '../disk-tree.ts';
import type { SimNode } from '../node.ts';
import { Cuts } from './cuts.ts';
import { holdsCopies, rotLogs } from './log-rot.ts';
import { isWeather, type StrikeKind } from './plan.ts';
import { type PlantedKind, strikePlanted } from './planted-strikes.ts';
import { exchangeDisks } from './exchange.ts';
import { Hangs } from './hangs.ts';
import { DISK_HANGS, FINDS_NO_QUORUM, LOG_IS_GONE, LOST_SOMETHING, REFUSES_DISK } from './sentences.ts';
import { Spoils } from './spoils.ts';
import type { StrikeTargets } from './strike-targets.ts';

/** Longest that a node stays down, ms. */
const DOWN_MS = [50, 500, 2000, 6000, 20_000] as const;
const PAUSE_MS = [1500, 3000, 9000] as const;
/** Longest until a node is back after a blackout, ms. */
const BLACKOUT_MAX_MS = 3000;
const BLINK_MAX_MS = 400;
/** Pause before something else is tried when nothing could be struck, ms. */
const AGAIN_MS = 300;
const TRIES_MAX = 40;
const METADATA_DIRECTORY = /\/__cluster_metadata-0\//;
/** Longest that a broker tries to register: it may have begun before everything worked again, ms. */
const REGISTRATION_MS = 31_000;

/** Does what a plan's faults do, and knows which nodes were left alone. */
export class Strikes {
  /** How often each kind struck. */
  readonly counts = new Map<string, number>();
  readonly problems: string[] = [];
  /** Nodes whose disks, at some time, were replaced by an empty or an older one. */
  readonly lostDisks = new Set<number>();
  readonly #targets: StrikeTargets;
  readonly #kinds: readonly StrikeKind[];
  /** Until when each node is troubled, ms. */
  readonly #troubledUntilMs = new Map<number, number>();
  readonly #spoils: Spoils;
  readonly #oldImages = new Map<number, DiskImage>();
  /** Nodes that have another's disk: they must not run. */
  readonly #exchanged = new Set<number>();
  /** Nodes whose end is no surprise. */
  readonly #mayEnd = new Set<number>();
  readonly #slow = new Set<number>();
  readonly #hangs: Hangs;
  readonly #cuts: Cuts;
  #healed = false;
  #healedAtMs = Number.POSITIVE_INFINITY;

  constructor(targets: StrikeTargets) {
    this.#targets = targets;
    this.#spoils = new Spoils({
      ...targets,
      isController: (node) => this.#isController(node),
      isWell: (id, forMs) => this.#isWell(id, forMs),
    });
    this.#cuts = new Cuts({
      ...targets,
      isController: (node) => this.#isController(node),
      trouble: (node, forMs) => this.#trouble(node, forMs),
      later: (delayMs, run) => this.#later(delayMs, run),
    });
    this.#hangs = new Hangs({
      ...targets,
      isWell: ({ id }) => this.#isWell(id, 0) && !this.#slow.has(id),
      later: (delayMs, run) => this.#later(delayMs, run),
    });
    this.#kinds = targets.plan.swarm.filter((kind): kind is StrikeKind => !isWeather(kind));
  }

  /** Lets the plan's strikes and weathers come from now on. */
  begin(): void {
    const { world, plan, network } = this.#targets;
    for (const atMs of plan.strikesAtMs) world.schedule(atMs, () => this.#strike(0));
    for (const { atMs, weather } of plan.weathers) {
      world.schedule(atMs, () => {
        if (this.#healed) return;
        network.weather = weather;
        world.trace(`weather: ${JSON.stringify(weather)}`);
      });
    }
  }

  /** One strike more than was planned. */
  more(): void {
    this.#strike(0);
  }

  /** Number of faults that struck, those of single messages included. */
  get faultCount(): number {
    const struck = [...this.counts.values()].reduce((sum, count) => sum + count, 0);
    return struck + [...this.#targets.network.faultCounts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Whether a node was left alone for so long. */
  #isWell(id: number, forMs: number): boolean {
    const untilMs = this.#troubledUntilMs.get(id) ?? Number.NEGATIVE_INFINITY;
    return this.#targets.world.nowMs - untilMs >= forMs;
  }

  /** Everything works again, and is started again until `isWhole`. */
  heal(): void {
    const { network, nodes, operator } = this.#targets;
    if (!this.#healed) this.#healedAtMs = this.#targets.world.nowMs;
    this.#healed = true;
    network.weather = CALM;
    network.mend();
    this.#hangs.end();
    for (const node of nodes) {
      node.clock.drift(1);
      node.disk.faults.slowMs = 0;
      node.disk.faults.fail = () => null;
      if (this.#spoils.liars.has(node.id)) this.#trustAgain(node);
      operator.allow(node.id);
      if (!this.#exchanged.has(node.id)) this.#start(node);
    }
  }

  /** Every node runs with a disk of its own. */
  get isWhole(): boolean {
    return this.#exchanged.size === 0 && this.#targets.nodes.every((node) => node.isReady && !node.isAsleep);
  }

  /** A node ended by itself. */
  ended(node: SimNode, sentence: string): void {
    const { world } = this.#targets;
    const isRight =
      this.#exchanged.has(node.id) ||
      this.#mayEnd.has(node.id) ||
      (this.#hangs.has(node) && DISK_HANGS.test(sentence)) ||
      (FINDS_NO_QUORUM.test(sentence) && world.nowMs < this.#healedAtMs + REGISTRATION_MS);
    if (!isRight) this.problems.push(`node ${node.id} ended by itself: ${sentence}`);
    if (this.#exchanged.has(node.id)) return;
    this.#trouble(node, 1000);
    // A disk that can't be used any more is replaced; a new one, too, that failed while its node began on it.
    const isUseless = (this.#spoils.isRotten && REFUSES_DISK.test(sentence)) || LOG_IS_GONE.test(sentence);
    if (this.#spoils.voter === node.id && isUseless) this.#replaceDisk(node);
    world.schedule(1000, () => this.#start(node));
  }

  /** A node complains, of what it has lost, maybe. */
  warned(node: SimNode, text: string): void {
    if (this.#isController(node) && LOST_SOMETHING.test(text)) this.#spoils.damaged(node);
  }

  /** What came of disks that hung. */
  get hangCounts(): readonly (readonly [string, number])[] {
    const { movedCount, judgedCount } = this.#hangs;
    return Object.entries({ 'leaderships moved off hanging disks': movedCount, 'looks at hanging disks': judgedCount });
  }

  /** What is wrong; brokers of a cluster without a quorum may well end, and lead on. */
  problemsWithin(isBeyondHelp: boolean): readonly string[] {
    const all = [...this.problems, ...this.#hangs.problems];
    return isBeyondHelp ? this.problems.filter((problem) => !FINDS_NO_QUORUM.test(problem)) : all;
  }

  /** Whether enough voters have all that they ever had. Without that nobody can lead, and rightly so. */
  get isMajorityWhole(): boolean {
    return this.#spoils.isMajorityWhole;
  }

  #strike(tries: number): void {
    const { world, prng } = this.#targets;
    if (this.#healed || tries > TRIES_MAX) return;
    const kind = this.#kinds[prng.below(this.#kinds.length)];
    if (kind === undefined) return;
    if (this.#do(kind)) this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    else world.schedule(AGAIN_MS, () => this.#strike(tries + 1));
  }

  /** Strikes somebody; false when there is nobody whom it could strike now. */
  #do(kind: StrikeKind): boolean {
    const { prng, nodes } = this.#targets;
    const running = nodes.filter((node) => node.isReady && !this.#exchanged.has(node.id));
    const node = running[prng.below(Math.max(1, running.length))];
    if (node === undefined) return false;
    switch (kind) {
      case 'isolate':
      case 'one-way':
      case 'flap':
        return this.#cuts.isolate(kind, node);
      case 'split':
      case 'half-split':
        return this.#cuts.split(kind);
      case 'power':
      case 'process':
        return this.#crash(kind, node);
      case 'blackout':
        return this.#blackout(running);
      case 'restart':
        return this.#restart(node, this.#pick(DOWN_MS), () => undefined);
      case 'rolling':
        return this.#rolling(running);
      case 'pause':
        return this.#pause(node, this.#pick(PAUSE_MS));
      case 'blink':
        return this.#pause(node, 50 + prng.below(BLINK_MAX_MS - 50));
      case 'slow-disk':
      case 'failing-disk':
        return this.#disk(kind, node);
      case 'hang':
        return this.#hang(node);
      case 'lost-sync':
        return this.#loseSyncs(node);
      case 'log-rot':
        return this.#rotLog(node);
      case 'rot':
        return this.#rot(node);
      case 'jump':
        node.clock.jump((prng.chance(0.5) ? 1 : -1) * prng.below(86_400_000));
        break;
      case 'drift':
        node.clock.drift(0.95 + prng.below(1000) / 10_000);
        break;
      case 'wipe':
        return this.#wipe(node);
      case 'exchange':
        return this.#exchange(node, running);
      case 'restore':
        return this.#restoreOlder(node);
      case 'membership':
        return this.#changeVoters(node);
      case 'reassign':
        return this.#targets.reassign();
      case 'slow-blackout':
      case 'late-join':
      case 'lone-leader':
      case 'power-behind-cut':
        return this.#strikePlanted(kind, running);
      default:
        this.#targets.operator.transfer(prng.chance(0.5) ? -1 : node.id);
    }
    return true;
  }

  #pick<T>(choices: readonly T[]): T {
    const chosen = choices[this.#targets.prng.below(choices.length)];
    if (chosen === undefined) throw new Error('bug: nothing to choose from');
    return chosen;
  }

  #trouble(node: SimNode, forMs: number): void {
    const untilMs = Math.max(this.#troubledUntilMs.get(node.id) ?? 0, this.#targets.world.nowMs + forMs);
    this.#troubledUntilMs.set(node.id, untilMs);
  }

  #later(delayMs: number, run: () => void): void {
    this.#targets.world.schedule(delayMs, () => {
      if (!this.#healed) run();
    });
  }

  #pause(node: SimNode, forMs: number): boolean {
    this.#trouble(node, forMs + 300);
    node.pause(forMs);
    return true;
  }

  #start(node: SimNode): void {
    if (node.isAlive) return;
    this.#targets.network.setPower(node.address, true);
    node.start();
  }

  #crash(kind: 'power' | 'process', node: SimNode): boolean {
    const { network } = this.#targets;
    const downMs = this.#pick(DOWN_MS);
    this.#trouble(node, downMs + 3000);
    node.crash(kind);
    if (kind === 'power') {
      network.setPower(node.address, false);
      // What was never synced is gone, and nobody knows what: its disk is replaced.
      if (this.#spoils.liars.has(node.id)) this.#replaceDisk(node);
    }
    this.#later(downMs, () => this.#start(node));
    return true;
  }

  /** Power goes everywhere at once, or every process dies, and they come back one after the other. */
  #blackout(running: readonly SimNode[]): boolean {
    const { network, prng } = this.#targets;
    if (!this.#spoils.isNone) return false;
    const kind = prng.chance(0.7) ? 'power' : 'process';
    for (const node of running) {
      const downMs = prng.below(BLACKOUT_MAX_MS);
      this.#trouble(node, downMs + 3000);
      node.crash(kind);
      if (kind === 'power') network.setPower(node.address, false);
      this.#later(downMs, () => this.#start(node));
    }
    return true;
  }

  #restart(node: SimNode, downMs: number, then: () => void, meanwhile: () => void = () => undefined): boolean {
    this.#trouble(node, downMs + 5000);
    node.stop(() => {
      this.#trouble(node, downMs + 3000);
      meanwhile();
      this.#targets.world.schedule(downMs, () => {
        this.#start(node);
        then();
      });
    });
    return true;
  }

  /** One after the other, each when the one before is back. */
  #rolling(running: readonly SimNode[]): boolean {
    const { nodes, world } = this.#targets;
    if (running.length < nodes.length) return false;
    const next = (index: number): void => {
      const node = nodes[index];
      if (node === undefined || this.#healed) return;
      if (!node.isReady) {
        world.schedule(AGAIN_MS, () => next(index));
        return;
      }
      this.#restart(node, 200, () => world.schedule(AGAIN_MS, () => next(index + 1)));
    };
    next(0);
    return true;
  }

  #disk(kind: 'slow-disk' | 'failing-disk', node: SimNode): boolean {
    const { prng } = this.#targets;
    const { faults } = node.disk;
    if (this.#slow.has(node.id)) return false;
    const forMs = 1000 + prng.below(8000);
    this.#slow.add(node.id);
    this.#trouble(node, forMs + 5000);
    if (kind === 'slow-disk') faults.slowMs = this.#pick([20, 200, 1500]);
    else {
      this.#mayEnd.add(node.id);
      faults.fail = (operation) => ((operation === 'write' || operation === 'sync') && prng.chance(0.2) ? 'EIO' : null);
    }
    this.#later(forMs, () => {
      this.#slow.delete(node.id);
      faults.slowMs = 0;
      faults.fail = () => null;
    });
    return true;
  }

  #hang(node: SimNode): boolean {
    const forMs = this.#slow.has(node.id) ? 0 : this.#hangs.begin(node);
    if (forMs > 0) this.#trouble(node, forMs + 5000);
    return forMs > 0;
  }

  #isController(node: Pick<SimNode, 'id'>): boolean {
    const { plan } = this.#targets;
    return plan.nodes.some(({ id, roles }) => id === node.id && roles.includes('controller'));
  }

  #strikePlanted(kind: PlantedKind, running: readonly SimNode[]): boolean {
    const { prng, plan, network, nodes } = this.#targets;
    return strikePlanted(kind, running, {
      prng,
      isBroker: (node) => plan.nodes.some(({ id, roles }) => id === node.id && roles.includes('broker')),
      isController: (node) => this.#isController(node),
      isCalm: () => this.#spoils.isNone && nodes.every((node) => node.isReady && this.#isWell(node.id, 0)),
      trouble: (node, forMs) => this.#trouble(node, forMs),
      isolate: (node, forMs) => {
        const rest = nodes.filter((other) => other !== node);
        this.#cuts.cut(kind, { some: [node], rest, way: 'both', forMs });
      },
      whenCut: (node, then) => this.#targets.whenCut(node, then),
      crash: (how, node) => {
        node.crash(how);
        if (how === 'power') network.setPower(node.address, false);
      },
      start: (node) => this.#start(node),
      wipe: (node, downMs) => this.#wipe(node, downMs),
      later: (delayMs, run) => this.#later(delayMs, run),
    });
  }

  #replaceDisk(node: SimNode): void {
    this.#targets.world.trace(`strike: node ${node.id} gets an empty disk`);
    this.#spoils.liars.delete(node.id);
    this.lostDisks.add(node.id);
    node.disk.faults.loseFileSyncs = false;
    node.disk.faults.loseDirectorySyncs = false;
    node.disk.restore(this.#targets.emptyDisk(node));
    this.#oldImages.delete(node.id);
    this.#targets.operator.forget(node.id);
  }

  #wipe(node: SimNode, wantedMs: number | null = null): boolean {
    if (!this.#spoils.may(node)) return false;
    this.#spoils.spoil(node);
    const downMs = wantedMs ?? this.#pick(DOWN_MS);
    this.#trouble(node, downMs + 5000);
    node.crash('power');
    this.#replaceDisk(node);
    this.#later(downMs, () => this.#start(node));
    return true;
  }

  /** Syncs do nothing for a while. Power must not go meanwhile, or the disk is replaced. */
  #loseSyncs(node: SimNode): boolean {
    if (!this.#spoils.may(node) || this.#spoils.liars.has(node.id)) return false;
    this.#targets.world.trace(`strike: syncs of node ${node.id} are lost`);
    this.#spoils.spoil(node);
    this.#spoils.liars.add(node.id);
    node.disk.faults.loseFileSyncs = true;
    node.disk.faults.loseDirectorySyncs = true;
    this.#later(4000 + this.#targets.prng.below(15_000), () => this.#trustAgain(node));
    return true;
  }

  /** The disk writes what it owes. */
  #trustAgain(node: SimNode): void {
    if (!this.#spoils.liars.delete(node.id)) return;
    node.disk.faults.loseFileSyncs = false;
    node.disk.faults.loseDirectorySyncs = false;
    node.disk.settle();
  }

  /** Bytes of the metadata log change while the process is down. */
  #rot(node: SimNode): boolean {
    const { prng, world } = this.#targets;
    const files = node.disk.files().filter(({ path, size }) => METADATA_DIRECTORY.test(path) && size > 0);
    const file = files[prng.below(Math.max(1, files.length))];
    if (!this.#spoils.may(node) || file === undefined || !this.#isController(node)) return false;
    this.#spoils.spoil(node);
    this.#spoils.isRotten = true;
    this.#mayEnd.add(node.id);
    this.#trouble(node, 5000);
    node.crash('process');
    const position = prng.below(file.size);
    world.trace(`strike: byte ${position} of ${file.path} of node ${node.id} rots`);
    const byte = node.disk.peek(file.path)?.[position];
    if (byte !== undefined) node.disk.poke(file.path, position, Buffer.from([byte ^ (1 << prng.below(8))]));
    this.#later(this.#pick(DOWN_MS), () => this.#start(node));
    return true;
  }

  /** A bit of a partition's log changes while its broker is down, which was told to stop, or not. */
  #rotLog(node: SimNode): boolean {
    if (!this.#spoils.mayLoseRecords || !holdsCopies(node, this.#targets)) return false;
    let isRotten = (): boolean => true;
    this.#spoils.losesRecords(node, () => isRotten());
    const downMs = this.#pick(DOWN_MS);
    const rot = (): void => void (isRotten = rotLogs(node, this.#targets));
    if (this.#targets.prng.chance(0.5)) return this.#restart(node, downMs, () => undefined, rot);
    this.#trouble(node, downMs + 3000);
    node.crash('process');
    rot();
    this.#later(downMs, () => this.#start(node));
    return true;
  }

  #exchange(node: SimNode, running: readonly SimNode[]): boolean {
    const other = running.find((one) => one !== node && !this.#spoils.liars.has(one.id));
    if (other === undefined || this.#spoils.liars.has(node.id)) return false;
    exchangeDisks([node, other], {
      ...{ world: this.#targets.world, exchanged: this.#exchanged, problems: this.problems },
      trouble: (one, forMs) => this.#trouble(one, forMs),
      start: (one) => this.#start(one),
    });
    return true;
  }

  /**
   * A disk goes back to what it was when its node was last struck so. A voter's may not (it would forget what it promised):
   * only one that votes nowhere.
   */
  #restoreOlder(node: SimNode): boolean {
    if (this.#isController(node) || this.#spoils.liars.has(node.id) || !this.#spoils.may(node)) return false;
    this.#spoils.spoil(node);
    const downMs = this.#pick(DOWN_MS);
    this.#trouble(node, downMs + 3000);
    node.crash('power');
    const older = this.#oldImages.get(node.id);
    this.#oldImages.set(node.id, node.disk.image());
    if (older !== undefined && this.#targets.prng.chance(0.7)) {
      this.#targets.world.trace(`strike: node ${node.id} gets an older disk`);
      this.lostDisks.add(node.id);
      node.disk.restore(older);
    }
    this.#later(downMs, () => this.#start(node));
    return true;
  }

  /** A voter goes, and comes back after a while. */
  #changeVoters(node: SimNode): boolean {
    const { operator } = this.#targets;
    if (!this.#isController(node) || this.#spoils.voter !== null || !operator.isSettled || operator.voters.length < 3)
      return false;
    operator.ban(node.id);
    this.#later(2000 + this.#targets.prng.below(8000), () => operator.allow(node.id));
    return true;
  }
}
