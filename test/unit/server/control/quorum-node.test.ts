import { expect, test } from '@jest/globals';
import { Settings } from '../../../../broker/core/config/settings.ts';
import type { MetadataCommand } from '../../../../broker/core/metadata/commands.ts';
import { weirVersionRange } from '../../../../broker/core/metadata/features.ts';
import { NO_METADATA_BUGS } from '../../../../broker/core/metadata/planted-bugs.ts';
import { NO_RAFT_BUGS } from '../../../../broker/core/raft/planted-bugs.ts';
import type { Message } from '../../../../broker/core/raft/types.ts';
import { QuorumNode } from '../../../../broker/server/control/quorum/quorum-node.ts';
import { sampleId } from '../../../support/metadata/lab.ts';
import { SELF, StorageBench, THREE } from '../../../support/raft/storage-bench.ts';

const quiet = (): void => undefined;

const registration = (controllerId: number): MetadataCommand => ({
  ...{ kind: 'registerController', controllerId, directoryId: sampleId(1), incarnationId: sampleId(controllerId) },
  ...{ host: 'h', port: 1, ...weirVersionRange() },
});

/** What a voter that agrees with everything answers; null for what has no answer. */
function agreementWith(message: Message): Message | null {
  const head = { from: message.to, to: message.from, term: message.term };
  switch (message.kind) {
    case 'pre-vote':
      return { ...head, term: message.term - 1, kind: 'pre-vote-response', askedTerm: message.term, isGranted: true };
    case 'vote':
      return { ...head, kind: 'vote-response', isGranted: true };
    case 'append': {
      const index = message.previous.index + message.entries.length;
      const matched = { outcome: 'matched', index, conflictTerm: 0, isDamaged: false } as const;
      return { ...head, kind: 'append-response', round: message.round, ...matched };
    }
    default:
      return null;
  }
}

/** A controller among two voters that agree when the test lets them. */
class Scene {
  readonly #bench = StorageBench.formed(1, THREE);
  readonly #sent: Message[] = [];
  readonly node: QuorumNode;

  constructor() {
    this.#bench.close();
    const { storage, start } = this.#bench.open();
    if (start === null) throw new Error('it is formed');
    const { time } = this.#bench;
    this.node = new QuorumNode(
      {
        clock: time,
        timers: time,
        random: { uint32: () => 1, bytes: (size) => new Uint8Array(size).fill(7) },
        log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
        settings: new Settings(new Map()),
        self: SELF,
        clusterId: 'ClusterOfManyNodes000A',
        storage,
        send: (message) => void this.#sent.push(message),
        onFatal: (message) => {
          throw new Error(message);
        },
        isAlive: () => true,
        isSlow: () => false,
        onDecided: quiet,
        onActive: quiet,
        bugs: NO_RAFT_BUGS,
        metadataBugs: NO_METADATA_BUGS,
      },
      { raft: start, snapshot: null },
    );
  }

  /** Time passes; the others hear what was sent, and agree. */
  pass(ms: number, agree = true): void {
    for (let passed = 0; passed < ms; passed += 10) {
      this.#bench.time.advance(10);
      this.#bench.time.settle();
      for (const message of this.#sent.splice(0)) {
        const answer = agree ? agreementWith(message) : null;
        if (answer !== null) this.node.host.receive(answer);
      }
    }
  }

  active(): NonNullable<QuorumNode['active']> {
    const { active } = this.node;
    if (active === null) throw new Error('it decides nothing');
    return active;
  }
}

test('a leader whose proposal was refused decides again when all that it had proposed is committed, not before (C3)', () => {
  const scene = new Scene();
  scene.pass(3000);
  const { node } = scene;
  const registered = (): number[] =>
    scene
      .active()
      .image.controllers()
      .map(({ id }) => id);
  expect(registered()).toEqual([]);
  const outcomes: unknown[] = [];
  node.host.ask({ kind: 'read' }, () => {
    node.submit(registration(5), quiet);
    // What is asked for in between is refused when it comes to it.
    node.host.ask({ kind: 'transfer', to: 2 }, quiet);
    node.submit(registration(6), (outcome) => outcomes.push(outcome));
  });
  scene.pass(200);
  expect(outcomes).toEqual([null]);
  // Nobody takes over.
  scene.pass(3000);
  expect(registered()).toEqual([5]);
});
