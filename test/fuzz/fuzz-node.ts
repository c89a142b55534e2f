import { createPrng } from '../../broker/core/base/prng.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import { Asker } from '../sim/asker.ts';
import { soundBatch } from './batches.ts';
import type { FuzzCase } from './cases.ts';
import { describeFinding, MAY_WAIT } from './socket-run.ts';
import type { Targets, TargetTopic } from './targets.ts';

const WITHIN_MS = 500;
const PRODUCE_VERSION = 13;

/** The whole server on virtual clock, network and disk, and what it has to show after each case. */
export class FuzzNode {
  readonly #asker: Asker;
  readonly #targets: Targets;
  readonly #witness: TargetTopic;
  #witnessed = 0;

  constructor(seed: number) {
    const settings = { 'auto.create.topics.enable': 'false' };
    this.#asker = new Asker(seed, { settings });
    const [a, b, doomed, witness] = ['fuzz-a', 'fuzz-b', 'fuzz-doomed', 'witness'].map((name) => this.#topic(name));
    if (a === undefined || b === undefined || doomed === undefined || witness === undefined)
      throw new Error('no topics');
    this.#targets = { topics: [a, b], doomed, groups: ['g1', 'g2', 'g:3'], nowMs: this.#asker.world.wallMs };
    this.#witness = witness;
  }

  get targets(): Targets {
    return this.#targets;
  }

  #topic(name: string): TargetTopic {
    const topics = [{ name, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }];
    const made = this.#asker.call(ApiKey.CreateTopics, 7, { topics, timeoutMs: 10_000, validateOnly: false });
    if (typeof made === 'string' || made.topics[0]?.errorCode !== 0) throw new Error(`topic ${name} was not made`);
    return { name, id: made.topics[0].topicId, partitionCount: 2 };
  }

  /** What the node did wrong; '' when nothing. */
  run(one: FuzzCase): string {
    const warnedBefore = this.#asker.node.warnings.length;
    const outcome = this.#asker.ask([one.bytes], one.isOpenEnded ? 1 : WITHIN_MS);
    const goesOn = outcome !== 'silent' && !one.isOpenEnded;
    if (!goesOn) this.#asker.hangUp();
    const [fatal] = this.#asker.node.fatals;
    if (fatal !== undefined) return `the node ended: ${fatal}`;
    if (outcome === 'silent' && !one.isOpenEnded && !MAY_WAIT.has(one.apiKey)) return 'no answer';
    if (goesOn && this.#asker.call(ApiKey.ApiVersions, 0, {}, WITHIN_MS) === 'silent') return 'silence afterwards';
    return this.#asker.node.warnings.slice(warnedBefore).find((line) => line.includes('bug:')) ?? '';
  }

  /** A batch to a topic that no case names must be appended where it is due. */
  witness(): string {
    this.#asker.hangUp();
    const records = soundBatch(createPrng(1), this.#asker.world.wallMs);
    const answer = this.#asker.call(ApiKey.Produce, PRODUCE_VERSION, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ topicId: this.#witness.id, partitionData: [{ index: 0, records }] }],
    });
    if (typeof answer === 'string') return `a good request got ${answer}`;
    const one = answer.responses[0]?.partitionResponses[0];
    if (one?.errorCode !== ErrorCode.NONE || one.baseOffset !== this.#witnessed) {
      return `a good batch got error ${one?.errorCode}, offset ${one?.baseOffset}, not ${this.#witnessed}`;
    }
    this.#witnessed += records.readInt32BE(57);
    return '';
  }
}

/** Runs cases one after the other and gives what the node did wrong, each with its bytes; at most five. */
export function findings(node: FuzzNode, cases: Iterable<FuzzCase>): readonly string[] {
  const found: string[] = [];
  for (const one of cases) {
    const problem = node.run(one);
    if (problem !== '') found.push(describeFinding(one, problem));
    if (found.length >= 5) break;
  }
  const problem = node.witness();
  return problem === '' ? found : [...found, problem];
}
