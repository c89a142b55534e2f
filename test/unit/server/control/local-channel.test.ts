import { expect, test } from '@jest/globals';
import type { ControlService, ControlStream } from '../../../../broker/ports/control-net.ts';
import { LocalChannel } from '../../../../broker/server/control/quorum/local-channel.ts';
import { QUESTIONS, STREAMS } from '../../../support/control-samples.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

const NAME = 'Controller.WatchMetadata';
const quiet = (): void => undefined;

/** A node that asks itself: the test is the service. */
class Scene {
  readonly loop = new VirtualLoop();
  /** What was heard at the two ends of a stream. */
  readonly heard: string[] = [];
  answer: () => void = quiet;
  served: ControlStream<never> | null = null;
  readonly channel: LocalChannel;

  constructor() {
    const service: ControlService = {
      raft: quiet,
      raftEnded: quiet,
      call: (name, _request, _caller, done) => {
        this.answer = () => done(null, QUESTIONS[name].response);
      },
      open: (_name, stream) => {
        this.served = stream;
        return { onMessage: () => this.heard.push('asked'), onEnd: () => this.heard.push('service ended') };
      },
    };
    this.channel = new LocalChannel(service, this.loop, 0);
  }

  open() {
    const onMessage = (): void => void this.heard.push('told');
    return this.channel.open(NAME, { onMessage, onEnd: () => this.heard.push('asker ended') });
  }

  /** The service's end of the stream. */
  get stream() {
    if (this.served === null) throw new Error('nothing is open');
    return this.served;
  }
}

test('a question is answered once, by what comes first: its answer or its deadline', () => {
  const scene = new Scene();
  const got: unknown[] = [];
  const ask = (): void =>
    scene.channel.call('Raft.Identify', QUESTIONS['Raft.Identify'].request, 100, (failure) =>
      got.push(failure?.code ?? 'answered'),
    );
  ask();
  scene.loop.advance(100);
  scene.answer();
  scene.loop.advance(100);
  expect(got).toEqual(['late']);
  ask();
  scene.loop.run();
  scene.answer();
  scene.loop.advance(1000);
  expect(got).toEqual(['late', 'answered']);
});

test('who ends a stream hears no more of it, and the other side hears that it is over, behind what was said before', () => {
  const scene = new Scene();
  const stream = scene.open();
  stream.send(STREAMS[NAME].request);
  stream.end(null);
  scene.stream.send(STREAMS[NAME].response as never);
  scene.loop.run();
  expect(scene.heard).toEqual(['asked', 'service ended']);
  const other = new Scene();
  other.open().send(STREAMS[NAME].request);
  other.loop.run();
  other.stream.send(STREAMS[NAME].response as never);
  other.stream.end(null);
  other.loop.run();
  expect(other.heard).toEqual(['asked', 'told', 'asker ended']);
});

test('who has said more than may wait is told when it is taken', () => {
  const scene = new Scene();
  scene.open();
  let drained = 0;
  scene.stream.onDrain(() => (drained += 1));
  const message = { kind: 'batch', baseOffset: 0, recordCount: 1, payload: new Uint8Array(800_000) };
  for (let count = 0; count < 3; count += 1) scene.stream.send(message as never);
  expect(scene.stream.queuedBytes()).toBeGreaterThan(2_400_000);
  scene.loop.run();
  expect([drained, scene.stream.queuedBytes(), scene.heard.length]).toEqual([1, 0, 3]);
});
