import { isDeepStrictEqual } from 'node:util';
import type { StepLine } from '../../../operator/controllers/step-log.ts';
import { API_VERSION, KINDS } from '../../../operator/api/names.ts';
import { conditionTypesOf } from '../../../operator/api/status.ts';
import type { Certify, Kept } from '../../../operator/io/kubernetes/certificates/keep.ts';
import type { Blueprint } from '../../../operator/io/kubernetes/objects/blueprint.ts';
import { listAt, textAt } from '../../../operator/io/kubernetes/objects/fields.ts';
import { namesOf, nodeName } from '../../../operator/io/kubernetes/objects/names.ts';
import { Operator, type OperatorTools } from '../../../operator/main.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import type { OperatorError } from '../../../operator/ports/operator-error.ts';
import { KubeWorld } from './kube-world.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryApi } from './memory-api.ts';
import { SITE } from './rendered.ts';
import { TYPES } from './types.ts';

/** What ends an operator in the midst of its work: nothing it does afterwards has an effect. */
class Killed extends Error {
  override readonly name = 'OperatorError';
  readonly code = 'KILLED';
  readonly fatal = true;
}

/** Gives every node a line in the Secret of certificates; real ones are made by threads, for which no turn of this world waits. */
export async function certify(api: Parameters<Certify>[0], { cluster, uid, nodes }: Blueprint): Promise<Kept> {
  const { name, namespace } = cluster.metadata;
  const { nodeSecret } = namesOf(name);
  const data = Object.fromEntries(nodes.map(({ spec }) => [`${nodeName(name, spec.id)}.crt`, '']));
  const owner = { apiVersion: API_VERSION, kind: 'Cluster', name, uid, controller: true };
  const metadata = { name: nodeSecret, namespace, ownerReferences: [owner] };
  const live = await api.get(TYPES.secrets, metadata);
  // In whatever order: an object that grew has what came last at its end.
  if (!isDeepStrictEqual(live?.['data'], data))
    await api.apply(TYPES.secrets, { apiVersion: 'v1', kind: 'Secret', metadata, data });
  return { taken: [], operator: { cert: '', key: '', ca: '' } };
}

function strangeTypes(object: KubernetesObject): readonly string[] {
  const kind = KINDS.find((one) => one === object.kind && object.apiVersion === API_VERSION);
  if (kind === undefined) return [];
  const types = listAt(object, 'status', 'conditions').map((one) => textAt(one, 'type') ?? '');
  return types.filter((type) => !conditionTypesOf(kind).has(type)).map((type) => `${kind} ${type}`);
}

/** Turns of the event loop after which whatever could go on without a timer has. */
const TURNS = 12;

/** Operators, one after the other, over one world, on a clock of their own. */
export class OperatorStage {
  readonly world = new KubeWorld();
  readonly clock = new ManualClock();
  /** Effects of all operators, in order. */
  readonly effects: string[] = [];
  /** When the last of them was, by `clock`. */
  lastEffectMs = 0;
  readonly told: string[] = [];
  /** What their logs say of steps. */
  readonly lines: StepLine[] = [];
  /** See `MemoryApi`. */
  readonly forbidden = new Set<string>();
  /** Namespaces that operators are told to watch; none: all. */
  namespaces: readonly string[] = [];
  /** What the wall clock said when `clock` began. */
  wallMs = Date.parse('2026-11-29T12:00:00Z');
  /** How operators reach the API server. */
  Api = MemoryApi;
  /** Called before each effect that an operator is about to have: somebody may be faster. */
  before: (name: string) => void = () => undefined;
  /** The operator is killed after so many effects from now. */
  fuse = Number.POSITIVE_INFINITY;
  #hooks: OperatorTools['hooks'];
  #operator: Operator | null = null;
  #isDead = { value: true };
  /** Types of conditions of objects whose kind has no such: those that it wrote, and those that were there while nobody was operator. */
  readonly #strange: string[] = [];
  readonly #foreign = new Set<string>();
  #born = 0;

  constructor(hooks?: OperatorTools['hooks']) {
    this.#hooks = hooks;
    // Which of two manifests is older does not depend on how fast this runs.
    this.world.store.nowMs = () => this.wallMs + this.clock.monotonicMs();
    this.world.clockMs = () => this.clock.monotonicMs();
    this.world.effect = (name, change, isChange) => this.#effect(this.#isDead, name, change, isChange);
    this.world.store.subscribe(({ object }) => {
      const types = strangeTypes(object);
      if (this.isAlive) this.#strange.push(...types.filter((type) => !this.#foreign.has(type)));
      else for (const type of types) this.#foreign.add(type);
    });
  }

  /** The one that runs. */
  get operator(): Operator {
    if (this.#operator === null) throw new Error('no operator runs');
    return this.#operator;
  }

  get isAlive(): boolean {
    return !this.#isDead.value;
  }

  /** Starts an operator. */
  start(): void {
    const dead = { value: false };
    this.#isDead = dead;
    this.#born += 1;
    const identity = `operator-${this.#born}`;
    const lease = { namespace: 'weir-system', name: 'weir-operator' };
    const write = <T>(name: string, effect: () => T): T => {
      if (!dead.value) this.before(name);
      return this.#effect(dead, name, effect);
    };
    const api = new this.Api(this.world.store, write, this.forbidden);
    const leaseApi = new MemoryApi(this.world.store, (_name, effect) => {
      if (dead.value) throw new Killed('it is dead');
      return effect();
    });
    this.#operator = new Operator(
      {
        api,
        leaseApi,
        dialer: this.world.dialer(),
        certify,
        clock: this.clock,
        random: () => 0,
        wallMs: () => this.wallMs + this.clock.monotonicMs(),
        wallTime: () => `at ${this.clock.monotonicMs()} by ${identity}`,
        ...(this.#hooks === undefined ? {} : { hooks: this.#hooks }),
      },
      { namespaces: this.namespaces, lease, identity, site: SITE, workers: 2 },
      {
        lead: () => this.told.push(`${identity} leads`),
        lost: (why) => this.told.push(`${identity} lost: ${why}`),
        trouble: (what: string, error: OperatorError) => this.told.push(`${what}: ${error.code}: ${error.message}`),
        step: (line) => this.lines.push(line),
      },
    );
  }

  /** Ends the operator in order. */
  async stop(): Promise<void> {
    const ending = this.#operator?.stop();
    this.#operator = null;
    for (let turn = 0; turn < 5; turn += 1) await this.#pass(1000);
    await ending;
    this.#isDead.value = true;
  }

  /** Ends it as SIGKILL does: it tells nobody, and its Lease has to run out. */
  async kill(): Promise<void> {
    this.#isDead.value = true;
    const ending = this.#operator?.stop();
    this.#operator = null;
    for (let turn = 0; turn < 3; turn += 1) await this.#pass(1000);
    await ending;
  }

  /** Lets time pass until nothing has had an effect for so long, or the operator is dead. */
  async calm(quietMs = 35_000, mostMs = 600_000): Promise<void> {
    const startMs = this.clock.monotonicMs();
    let [count, sinceMs] = [this.effects.length, startMs];
    for (let passes = 0; this.isAlive; passes += 1) {
      await this.#pass(2000);
      if (passes > 2000)
        throw new Error(`time stands still; ${this.told.slice(-5).join('; ')}; ${this.effects.slice(-20).join('; ')}`);
      const nowMs = this.clock.monotonicMs();
      if (this.effects.length !== count) [count, sinceMs] = [this.effects.length, nowMs];
      if (nowMs - sinceMs >= quietMs) return;
      if (nowMs - startMs > mostMs)
        throw new Error(`not calm after ${mostMs} ms; the last effects: ${this.effects.slice(-20).join('; ')}`);
    }
  }

  /** Lets time pass, whatever happens meanwhile. */
  async pass(ms: number): Promise<void> {
    const endMs = this.clock.monotonicMs() + ms;
    while (this.isAlive && this.clock.monotonicMs() < endMs) await this.#pass(2000);
  }

  /** Time goes on to the next timer, at most by so much. */
  async #pass(ms: number): Promise<void> {
    const [strange] = this.#strange;
    if (strange !== undefined) throw new Error(`it wrote what kubectl explain does not tell of: ${strange}`);
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const [next = ms] = this.clock.pending();
    this.clock.advance(Math.min(ms, next));
    this.world.brokers.tick();
  }

  #effect<T>(dead: { value: boolean }, name: string, effect: () => T, isChange = () => true): T {
    if (dead.value) throw new Killed('it is dead');
    const result = effect();
    if (!isChange()) return result;
    this.effects.push(name);
    this.lastEffectMs = this.clock.monotonicMs();
    this.fuse -= 1;
    if (this.fuse > 0) return result;
    // What was done is done, and nobody hears of it.
    this.fuse = Number.POSITIVE_INFINITY;
    dead.value = true;
    throw new Killed('it died');
  }
}
