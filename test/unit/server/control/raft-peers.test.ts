import { expect, test } from '@jest/globals';
import type { Message } from '../../../../broker/core/raft/types.ts';
import type { ControlAddress, ControlChannel } from '../../../../broker/ports/control-net.ts';
import { RaftPeers } from '../../../../broker/server/control/quorum/raft-peers.ts';

const quiet = (): void => undefined;
const key = (id: number) => ({ id, directoryId: `disk-${id}` });
const SELF = key(0);
const timeoutNow = (to: number): Message => ({ kind: 'timeout-now', from: SELF, to: key(to), term: 1 });
const request = (kind: 'vote' | 'pre-vote', from: number): Message => {
  const head = { from: key(from), to: SELF, term: 1, last: { index: 0, term: 0 } };
  return kind === 'vote' ? { ...head, kind, isTransfer: false } : { ...head, kind };
};
const yes = (to: number): Message => ({ kind: 'vote-response', from: SELF, to: key(to), term: 1, isGranted: true });

/** Peers whose addresses the test moves. */
class Scene {
  readonly addresses = new Map<number, ControlAddress>([[1, { host: 'h', port: 1 }]]);
  /** What happened at which port. */
  readonly log: string[] = [];
  readonly peers = new RaftPeers(
    (id) => this.addresses.get(id) ?? null,
    ({ port }): ControlChannel => ({
      raft: ({ kind }) => void this.log.push(`${port} ${kind}`),
      call: quiet,
      open: () => {
        throw new Error('no stream');
      },
      wake: quiet,
      close: () => void this.log.push(`${port} closed`),
    }),
  );
}

test('a node that has moved is spoken to at its new address alone, and not at all where none is known', () => {
  const scene = new Scene();
  scene.peers.send(timeoutNow(1));
  scene.addresses.set(1, { host: 'h', port: 2 });
  scene.peers.send(timeoutNow(1));
  scene.addresses.delete(1);
  scene.peers.send(timeoutNow(1));
  scene.addresses.set(1, { host: 'h', port: 3 });
  scene.peers.send(timeoutNow(1));
  scene.peers.close();
  expect(scene.log).toEqual(['1 timeout-now', '1 closed', '2 timeout-now', '2 closed', '3 timeout-now', '3 closed']);
});

test('an answer goes where its kind of question came from last, and those who asked longest ago are forgotten', () => {
  const { peers, log } = new Scene();
  const answered: string[] = [];
  peers.received(request('vote', 1), () => answered.push('an earlier way'));
  peers.received(request('vote', 1), () => answered.push('vote'));
  peers.received(request('pre-vote', 1), () => answered.push('pre-vote'));
  peers.send(yes(1));
  expect([answered, log]).toEqual([['vote'], []]);
  for (let id = 2; id <= 64; id += 1) peers.received(request('vote', id), () => answered.push(`vote of ${id}`));
  for (const id of [1, 2, 64]) peers.send(yes(id));
  expect(answered).toEqual(['vote', 'vote of 2', 'vote of 64']);
});

test('strangers that speak up are remembered up to a limit', () => {
  const { peers } = new Scene();
  for (let id = 0; id < 1000; id += 1) peers.heard(key(id));
  expect([63, 64, 999].map((id) => peers.hasHeard(id))).toEqual([true, false, false]);
});
