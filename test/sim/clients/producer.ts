import { Buffer } from 'node:buffer';
import { Producer, type ProducerCommand, type ProducerEvent } from '../../../broker/core/client/producer.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import { SimClient } from '../client.ts';
import type { ProducerPlan } from '../plan.ts';
import type { Served, Stage } from '../stage.ts';

/** Keys there are. */
const KEY_COUNT = 7;

/** A client that produces what its plan says and notes what it is told. */
export class SimProducer {
  readonly topic: string;
  readonly #stage: Stage<Served>;
  readonly #plan: ProducerPlan;
  readonly #prng;
  readonly #client: SimClient<ProducerCommand, ProducerEvent>;
  readonly #ids: string[] = [];
  readonly #open = new Set<number>();
  readonly #label: string;

  constructor(stage: Stage<Served>, plan: ProducerPlan) {
    this.topic = plan.topic;
    this.#stage = stage;
    this.#plan = plan;
    this.#prng = stage.fork();
    this.#label = stage.label(plan.topic);
    const machine = new Producer({
      bootstrap: stage.node.bootstrap,
      clientId: plan.name,
      random: stage.fork(),
      requestTimeoutMs: 3000,
      acks: plan.acks,
      idempotent: plan.idempotent,
      lingerMs: plan.lingerMs,
      batchSizeMax: plan.batchSizeMax,
      bufferBytesMax: 1 << 20,
      deliveryTimeoutMs: plan.deliveryTimeoutMs,
      missingTopicMs: 60_000,
      allowCreate: false,
      crc32c,
    });
    this.#client = new SimClient(stage.world, stage.network, machine, {
      name: plan.name,
      onEvent: (event) => this.#take(event),
    });
    this.#burst();
  }

  /** Every record was sent and answered, or nobody waits for answers any more. */
  get isDone(): boolean {
    return this.#client.isDead || (this.#ids.length >= this.#plan.recordCount && this.#open.size === 0);
  }

  cut(): void {
    this.#client.cut();
  }

  die(): void {
    this.#client.die();
  }

  describe(): string {
    return `${this.#plan.name}: ${this.#ids.length} of ${this.#plan.recordCount} sent, ${this.#open.size} open, ${this.#client.describe()}`;
  }

  #burst(): void {
    if (this.#client.isDead) return;
    const { burstMax, pauseMs, recordCount } = this.#plan;
    const count = 1 + this.#prng.below(burstMax);
    for (let i = 0; i < count && this.#ids.length < recordCount; i += 1) this.#produce();
    if (this.#ids.length >= recordCount) return;
    this.#stage.world.schedule(this.#prng.below(2 * pauseMs), () => this.#burst());
  }

  #produce(): void {
    const { world } = this.#stage;
    const token = this.#ids.length;
    const value = `${this.#label} ${this.#plan.name} ${token}`;
    this.#ids.push(value);
    this.#open.add(token);
    const sequence = this.#plan.idempotent ? token : -1;
    const { name: producer, isKeyed } = this.#plan;
    const key = isKeyed || this.#prng.chance(0.6) ? `key-${this.#prng.below(KEY_COUNT)}` : null;
    this.#stage.note({ kind: 'sent', atMs: world.nowMs, value, key, producer, sequence });
    this.#client.send({
      kind: 'produce',
      record: {
        token,
        topic: this.topic,
        key: key === null ? null : Buffer.from(key),
        value: this.#stage.makeValue(value, 1 + this.#prng.below(this.#plan.sizeMax)),
        timestamp: world.wallMs,
      },
    });
  }

  #take(event: ProducerEvent): void {
    if (event.kind !== 'acknowledged' && event.kind !== 'failed' && event.kind !== 'refused') return;
    const value = this.#ids[event.token] ?? '';
    const atMs = this.#stage.world.nowMs;
    this.#open.delete(event.token);
    if (event.kind === 'acknowledged') {
      const place = { topic: this.#label, partition: event.partition, offset: event.offset };
      this.#stage.note({ kind: 'acknowledged', atMs, value, place });
    } else if (event.kind === 'refused' || event.certain) {
      this.#stage.note({ kind: 'refused', atMs, value });
    } else this.#stage.world.trace(`${value} may be stored: ${event.reason}`);
  }
}
