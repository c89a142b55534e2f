import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startControlThread } from '../../../../broker/io/control/start-worker.ts';
import { EventLoop } from '../../../../broker/io/loop/event-loop.ts';
import type { ToControl, ToData } from '../../../../broker/server/control/link.ts';
import { RemoteControlPlane } from '../../../../broker/server/control/remote-control-plane.ts';
import { newTopic } from '../../../support/metadata/lab.ts';

const endpoints = [{ listener: 'PLAINTEXT', host: '127.0.0.1', port: 9092 }];

describe('the control isolate in a thread of its own', () => {
  let directory = '';

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'weir-control-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  function start(fixed: Readonly<Record<string, string>> = {}) {
    const turnCounter = new Int32Array(new SharedArrayBuffer(4));
    const loop = new EventLoop(turnCounter);
    const settings = Object.entries({ 'log.dirs': directory, 'weir.loop.stall.ms': '400', ...fixed });
    const thread = startControlThread<ToControl, ToData>({ fixed: settings, directory, turnCounter }, loop.post);
    let seed = Math.floor(performance.now() * 1000);
    const random = {
      uint32: () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0),
      bytes: (size: number) => Uint8Array.from({ length: size }, () => random.uint32() >>> 24),
    };
    const plane = new RemoteControlPlane({
      clock: loop,
      timers: loop,
      random,
      nodeId: 0,
      link: thread,
      sessionTimeoutMs: 2000,
    });
    thread.onEnd((message) => plane.lost(message));
    return plane;
  }

  const registered = (plane: RemoteControlPlane) =>
    new Promise<string | null>((settle) =>
      plane.register(
        { endpoints, rack: null, host: '', previousBrokerEpoch: -1, lastUnfencedEpoch: -1, damaged: [], suspect: [] },
        settle,
      ),
    );
  const unfenced = (plane: RemoteControlPlane) => new Promise<string | null>((settle) => plane.unfence(settle));
  const stopped = (plane: RemoteControlPlane) => new Promise<void>((settle) => plane.shutdown(settle));
  const fatal = (plane: RemoteControlPlane) => new Promise<string>((settle) => plane.onFatal(settle));

  test('keeps metadata across starts and serves the health page, also while the data loop hangs', async () => {
    const first = start();
    expect(await registered(first)).toBeNull();
    expect(await unfenced(first)).toBeNull();
    const outcome = await new Promise((settle) =>
      first.submit({ kind: 'createTopics', topics: [newTopic('t')], validateOnly: false }, 10_000, settle),
    );
    expect(outcome).toMatchObject({ topics: [{ errorCode: 0 }] });
    await stopped(first);

    const second = start();
    expect(await registered(second)).toBeNull();
    expect(second.view.topicByName('t')).toMatchObject({ partitions: [{ leader: -1 }] });
    const page = async (path: string): Promise<readonly [number, string]> => {
      const response = await fetch(`http://127.0.0.1:${second.httpPort}/${path}`);
      return [response.status, await response.text()];
    };
    // A busy machine may keep this thread from turning for longer than the stall, which the page then rightly tells.
    const answers = async (path: string, wanted: readonly [number, string]) => {
      for (let now = await page(path); now[0] !== wanted[0] || now[1] !== wanted[1]; now = await page(path)) {
        expect(now[1]).toMatch(/^the data loop has not turned for \d+ ms\n$/);
      }
    };
    await answers('livez', [200, 'ok\n']);
    expect(await page('readyz')).toEqual([503, 'starting\n']);
    second.setHealth({ ready: () => [], metrics: () => [], load: () => null, diskStalledMs: () => 0 });
    expect(await page('readyz')).toEqual([200, 'ok\n']);
    expect((await page('metrics'))[1]).toContain('weir_metadata_committed_index ');
    // Nothing of this thread runs until somebody else has seen that, however long that one takes to start.
    const isSeen = new Int32Array(new SharedArrayBuffer(4));
    const watcher = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
      const look = () => fetch('http://127.0.0.1:${second.httpPort}/livez').then((r) => r.text()).then((text) => {
        if (text === 'ok\\n') return look();
        parentPort.postMessage(text);
        Atomics.store(workerData, 0, 1);
        Atomics.notify(workerData, 0);
      });
      look();`,
      { eval: true, workerData: isSeen },
    );
    const seen = new Promise((settle) => watcher.once('message', settle));
    const waited = Atomics.wait(isSeen, 0, 0, 30_000);
    if (waited === 'timed-out') await watcher.terminate();
    expect(waited).not.toBe('timed-out');
    expect(await seen).toMatch(/^the data loop has not turned for \d+ ms\n$/);
    await answers('livez', [200, 'ok\n']);
    await stopped(second);
  });

  test('tells why it can not start', async () => {
    const good = start();
    expect(await registered(good)).toBeNull();
    await stopped(good);
    expect(await fatal(start({ 'node.id': '3' }))).toBe(`${directory} belongs to node 0, not to node 3`);
  });

  test('names the address of a health page that is taken', async () => {
    const one = start();
    await registered(one);
    expect(await fatal(start({ 'weir.http.port': String(one.httpPort) }))).toBe(
      `weir.http.port: 127.0.0.1:${one.httpPort} is taken by another process; free it, choose another port, or 0 for a free one`,
    );
    await stopped(one);
  });
});
