import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { createPrng } from '../../../../../broker/core/base/prng.ts';
import { ApiClient } from '../../../../../operator/io/kubernetes/api-client.ts';
import { ListWatch, type ListWatchJob, type ListWatchTimes } from '../../../../../operator/io/kubernetes/list-watch.ts';
import { systemClock } from '../../../../../operator/io/system-clock.ts';
import type { Clock } from '../../../../../operator/ports/clock.ts';
import { ManualClock } from '../../../../support/kubernetes/manual-clock.ts';
import { MemoryApi } from '../../../../support/kubernetes/memory-api.ts';
import { configMap, onStage, type Stage } from '../../../../support/kubernetes/stage.ts';
import { ObjectStore } from '../../../../support/kubernetes/store.ts';
import { TYPES } from '../../../../support/kubernetes/types.ts';
import { until } from '../../../../support/kubernetes/until.ts';

const { configMaps } = TYPES;
const US = { manager: 'test', subresource: '' } as const;
const TIMES: ListWatchTimes = { backoff: { minMs: 200, maxMs: 30_000 }, healthyMs: 5000 };
const QUICK: ListWatchTimes = { backoff: { minMs: 4, maxMs: 40 }, healthyMs: 1000 };

const put = ({ server }: Stage, name: string, x: string): void => {
  server.store.apply(configMaps, configMap(name, { x }), US, true);
};
const drop = ({ server }: Stage, name: string): void => {
  server.store.delete(configMaps, { namespace: 'ns', name });
};
const listsOf = ({ server }: Stage): number =>
  server.requests.filter(({ query }) => query.has('limit') && !query.has('continue')).length;
const watchesOf = ({ server }: Stage): (string | null)[] =>
  server.requests.filter(({ query }) => query.has('watch')).map(({ query }) => query.get('resourceVersion'));

interface Options {
  readonly clock?: Clock;
  readonly watchMs?: number;
  readonly times?: ListWatchTimes;
  readonly job?: Partial<ListWatchJob<string>>;
}

/** Watches the ConfigMaps of `ns` and keeps their `x`. */
function watching(stage: Stage, { clock = systemClock, watchMs, times = QUICK, job = {} }: Options = {}) {
  const told: string[] = [];
  const troubles: string[] = [];
  const api = new ApiClient({ endpoint: stage.endpoint(), clock, ...(watchMs === undefined ? {} : { watchMs }) });
  const watch = new ListWatch<string>(
    { api, clock, random: () => 0 },
    {
      type: configMaps,
      selection: { namespace: 'ns' },
      select: (object) => (object['data'] as { x?: string } | undefined)?.x ?? '',
      handle: (key, value) => told.push(`${key} ${value}`),
      trouble: ({ code }) => troubles.push(code),
      ...job,
    },
    times,
  );
  const view = (): string =>
    [...watch.keys()]
      .sort()
      .map((key) => `${key}=${watch.get(key)}`)
      .join(' ');
  return { watch, told, troubles, view };
}

/** What the store holds, as `view` says it. */
const truth = ({ server }: Stage): string =>
  server.store
    .all(configMaps)
    .map(({ metadata, ...object }) => `ns/${metadata.name}=${(object['data'] as { x: string }).x}`)
    .join(' ');

/** A stage with a list-watch, which is stopped at the end. */
const watched = (body: (stage: Stage, run: ReturnType<typeof watching>) => Promise<void>, options: Options = {}) =>
  onStage(async (stage) => {
    put(stage, 'a', '1');
    const run = watching(stage, options);
    await run.watch.synced;
    await until(() => stage.proxy.openWatches === 1);
    await body(stage, run);
    await run.watch.stop();
    expect(stage.proxy.watchesAtOnceMax).toBeLessThanOrEqual(1);
  });

describe('a list-watch', () => {
  it('lists by pages and follows what is made, changed and deleted', () =>
    onStage(async (stage) => {
      for (let i = 0; i < 600; i += 1) put(stage, `m${i}`, '1');
      const { watch, told, view } = watching(stage);
      await watch.synced;
      expect(watch.count).toBe(600);
      expect(told).toHaveLength(600);
      expect(stage.server.requests.map(({ query }) => query.get('limit'))).toEqual(['250', '250', '250']);
      put(stage, 'm0', '2');
      put(stage, 'new', '1');
      drop(stage, 'm1');
      await until(() => told.length === 603);
      expect(told.slice(600)).toEqual(['ns/m0 2', 'ns/new 1', 'ns/m1 null']);
      expect(view()).toBe(truth(stage));
      await watch.stop();
    }));

  it('begins anew when its pages expire under way', () =>
    onStage(async (stage) => {
      for (let i = 0; i < 300; i += 1) put(stage, `m${i}`, '1');
      const body = '{"kind":"Status","reason":"Expired","message":"too old"}';
      stage.proxy.spoil({ path: /continue=/ }, { kind: 'answer', status: 410, body });
      const { watch, troubles } = watching(stage);
      await watch.synced;
      expect([watch.count, listsOf(stage), troubles]).toEqual([300, 2, ['EXPIRED']]);
      await watch.stop();
    }));

  it('resumes where it was cut, without a list, and misses nothing of the gap', () =>
    watched(async (stage, { told, view }) => {
      put(stage, 'b', '1');
      await until(() => told.length === 2);
      stage.proxy.spoil({ isWatch: true }, { kind: 'reset' }, 3);
      stage.proxy.cut();
      put(stage, 'a', '2');
      drop(stage, 'b');
      await until(() => told.length === 4);
      expect(told.slice(2)).toEqual(['ns/a 2', 'ns/b null']);
      expect([view(), listsOf(stage)]).toEqual([truth(stage), 1]);
    }));

  it('goes on from a bookmark, so that history may be forgotten behind it', () =>
    watched(async (stage, { told, troubles }) => {
      for (let i = 0; i < 5; i += 1) stage.server.store.apply(TYPES.pods, podOf(`p${i}`), US, true);
      stage.server.bookmark();
      put(stage, 'b', '1');
      await until(() => told.length === 2);
      stage.server.bookmark();
      const revision = String(stage.server.store.revision);
      stage.server.compact();
      stage.server.store.apply(TYPES.pods, podOf('late'), US, true);
      stage.server.bookmark();
      // The bookmark has arrived when what was written behind it has.
      put(stage, 'c', '1');
      await until(() => told.length === 3);
      stage.proxy.cut();
      await until(() => watchesOf(stage).length === 2);
      expect(Number(watchesOf(stage)[1])).toBeGreaterThan(Number(revision));
      expect([listsOf(stage), troubles.includes('EXPIRED')]).toEqual([1, false]);
    }));

  it('remembers how far a bookmark was when nothing of its own comes behind it', () => {
    const clock = new ManualClock();
    return watched(
      async (stage) => {
        await until(() => stage.server.watchCount === 1);
        stage.server.store.apply(TYPES.pods, podOf('p'), US, true);
        await until(() => clock.pending().length === 1);
        const before = clock.setCount;
        stage.server.bookmark();
        await until(() => clock.setCount > before);
        stage.proxy.cut();
        await until(() => clock.pending()[0] === 200);
        clock.advance(200);
        await until(() => watchesOf(stage).length === 2);
        expect(watchesOf(stage)[1]).toBe(String(stage.server.store.revision));
      },
      { clock, times: TIMES },
    );
  });

  it.each(['HTTP status', 'event'])('lists again when history is gone, told by %s, and finds what was deleted', (how) =>
    watched(async (stage, { told, troubles, view }) => {
      put(stage, 'b', '1');
      put(stage, 'same', '1');
      await until(() => told.length === 3);
      if (how === 'event') stage.server.compact({ open: true });
      else {
        stage.proxy.spoil({ isWatch: true }, { kind: 'reset' });
        stage.proxy.cut();
        put(stage, 'a', '2');
        drop(stage, 'b');
        put(stage, 'later', '1');
        stage.server.compact();
        await until(() => told.length === 6);
        expect(told.slice(3).sort()).toEqual(['ns/a 2', 'ns/b null', 'ns/later 1']);
      }
      await until(() => listsOf(stage) === 2 && stage.server.watchCount === 1);
      put(stage, 'end', '1');
      await until(() => told.includes('ns/end 1'));
      expect(troubles.filter((code) => code === 'EXPIRED')).toHaveLength(1);
      expect(told.filter((text) => text === 'ns/same 1')).toHaveLength(1);
      expect(view()).toBe(truth(stage));
    }),
  );

  it('goes through errors, refused connections and lost answers of lists and watches', () =>
    onStage(async (stage) => {
      put(stage, 'a', '1');
      const faults = [
        { kind: 'answer', status: 500 },
        { kind: 'reset' },
        { kind: 'lost answer' },
        { kind: 'answer', status: 200, body: 'no list\n' },
        { kind: 'answer', status: 403 },
      ] as const;
      for (const fault of faults) stage.proxy.spoil({}, fault);
      for (const fault of faults) stage.proxy.spoil({ isWatch: true }, fault);
      const { watch, troubles, view } = watching(stage);
      await until(() => stage.server.watchCount === 1 && troubles.length >= 10);
      put(stage, 'b', '1');
      await until(() => view() === truth(stage));
      const codes = ['INTERNAL', 'UNREACHABLE', 'UNREACHABLE', 'BAD_ANSWER', 'FORBIDDEN'];
      expect(troubles).toEqual([...codes, ...codes]);
      await watch.stop();
    }));

  it('reads a server that gives its answers byte by byte', () =>
    onStage(async (stage) => {
      put(stage, 'a', 'größer');
      stage.proxy.spoil({}, { kind: 'drip', bytes: 7 }, 2);
      const { watch, view } = watching(stage);
      await watch.synced;
      await until(() => stage.server.watchCount === 1);
      put(stage, 'b', 'süß');
      await until(() => view() === truth(stage));
      await watch.stop();
    }));

  it.each([
    ['no JSON', 'what?\n'],
    ['an event of an unknown type', '{"type":"SURPRISE","object":{}}\n'],
    ['an object without a name', '{"type":"ADDED","object":{"metadata":{}}}\n'],
    ['a line without an end', Buffer.alloc((16 << 20) + 1, ' ')],
  ])('lists again after %s', (_, bytes) =>
    watched(async (stage, { troubles, view }) => {
      stage.proxy.inject(bytes);
      await until(() => listsOf(stage) === 2 && stage.server.watchCount === 1);
      put(stage, 'b', '1');
      await until(() => view() === truth(stage));
      expect(troubles).toEqual(['BAD_ANSWER']);
    }),
  );

  it('takes any number of lines that are long, but not too long', () =>
    watched(async (stage, { troubles, view }) => {
      const object = { metadata: { resourceVersion: String(stage.server.store.revision) } };
      const line = `${JSON.stringify({ type: 'BOOKMARK', object })}${' '.repeat(1 << 20)}\n`;
      stage.proxy.inject(line.repeat(20));
      put(stage, 'b', '1');
      await until(() => view() === truth(stage));
      expect(troubles).toEqual([]);
    }));

  it('tells what its handler throws and calls it again with what is so by then', () => {
    let fails = 3;
    const seen: string[] = [];
    const handle = (key: string, value: string | null): void => {
      seen.push(`${key} ${value}`);
      if (key === 'ns/bad' && (fails -= 1) >= 0) throw new Error('no room');
    };
    return watched(
      async (stage, { troubles }) => {
        put(stage, 'bad', '1');
        put(stage, 'good', '1');
        await until(() => seen.filter((text) => text === 'ns/bad 1').length === 4);
        expect(seen).toContain('ns/good 1');
        expect(troubles).toEqual(['HANDLER', 'HANDLER', 'HANDLER']);
        fails = 1;
        put(stage, 'bad', '2');
        drop(stage, 'bad');
        await until(() => seen.at(-1) === 'ns/bad null');
        expect(listsOf(stage)).toBe(1);
      },
      { job: { handle } },
    );
  });

  it('holds of an object what was selected and nothing else', () =>
    onStage(async (stage) => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      for (let i = 0; i < 1000; i += 1) {
        // One piece, which takes its room from the beginning.
        const text = Buffer.alloc(20_000, `${i} `).toString();
        stage.server.store.apply(configMaps, configMap(`m${i}`, { x: '1', text }), US, true);
      }
      collect();
      const before = process.memoryUsage().heapUsed;
      const { watch } = watching(stage);
      await until(() => stage.server.watchCount === 1);
      expect(watch.count).toBe(1000);
      collect();
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(6 << 20);
      await watch.stop();
    }));
});

/** A server with so many objects, which it lists without end of pages before that. */
class Crowd extends MemoryApi {
  listed = 0;
  constructor(count: number) {
    super(new ObjectStore());
    this.list = async (_type, _selection, { limit }: { limit?: number } = {}) => {
      const names = Array.from({ length: Math.min(limit ?? 0, count - this.listed) }, (_, n) => `m${this.listed + n}`);
      this.listed += names.length;
      const items = names.map((name) => configMap(name, { x: '1' }));
      return { items, resourceVersion: '1', next: this.listed < count ? String(this.listed) : null };
    };
  }
}

it.each([
  [50_000, 50_000, []],
  [60_000, 0, ['TOO_MANY']],
])('of %d objects a list-watch keeps %d, and takes no more memory than for that', async (count, kept, said) => {
  const [api, troubles] = [new Crowd(count), [] as string[]];
  const watch = new ListWatch<string>(
    { api, clock: new ManualClock(), random: () => 0 },
    {
      type: configMaps,
      selection: {},
      select: () => '',
      handle: () => undefined,
      trouble: ({ code }) => troubles.push(code),
    },
  );
  await until(() => troubles.length > 0 || watch.count > 0);
  expect([watch.count, troubles, api.listed]).toEqual([kept, said, Math.min(count, 50_250)]);
  await watch.stop();
});

const podOf = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'ns' }, spec: {} });

describe('a list-watch that waits', () => {
  it('forgets a handler that failed when a later change was handled, and when it stops', async () => {
    const clock = new ManualClock();
    let isFull = true;
    const handle = (): void => {
      if (isFull) throw new Error('no room');
    };
    await watched(
      async (stage, { watch, view }) => {
        await until(() => clock.pending().join() === '200,75000');
        isFull = false;
        put(stage, 'a', '2');
        await until(() => view() === truth(stage));
        expect(clock.pending()).toEqual([75_000]);
        isFull = true;
        put(stage, 'a', '3');
        await until(() => clock.pending().join() === '200,75000');
        await watch.stop();
        expect(clock.pending()).toEqual([]);
      },
      { clock, times: TIMES, job: { handle } },
    );
  });

  it('leaves a server alone for as long as it says', async () => {
    const clock = new ManualClock();
    await watched(
      async (stage, { troubles }) => {
        await until(() => stage.server.watchCount === 1);
        const busy = { kind: 'answer', status: 429, headers: { 'retry-after': '7' } } as const;
        stage.proxy.spoil({ isWatch: true }, busy);
        stage.proxy.cut();
        await until(() => clock.pending()[0] === 200);
        clock.advance(200);
        await until(() => troubles.includes('THROTTLED') && clock.pending()[0] === 7000);
        clock.advance(6999);
        expect(watchesOf(stage)).toHaveLength(1);
        clock.advance(1);
        await until(() => stage.server.watchCount === 1);
      },
      { clock, times: TIMES },
    );
  });

  it('asks less and less often when watches end at once, whatever they say, and soon again after one that lived', async () => {
    const clock = new ManualClock();
    await watched(
      async (stage) => {
        for (const pauseMs of [200, 400, 800, 1600, 3200]) {
          await until(() => stage.server.watchCount === 1 && clock.pending().length === 1);
          const before = clock.setCount;
          stage.server.bookmark();
          await until(() => clock.setCount > before);
          stage.proxy.cut();
          await until(() => clock.pending()[0] === pauseMs);
          clock.advance(pauseMs);
        }
        await until(() => stage.server.watchCount === 1 && clock.pending()[0] === 75_000);
        clock.advance(5000);
        stage.proxy.cut();
        await until(() => clock.pending()[0] === 200);
      },
      { clock, times: TIMES },
    );
  });

  it('asks for watches that end, and goes on behind each without a list or a word', () =>
    watched(
      async (stage, { told, troubles }) => {
        put(stage, 'b', '1');
        await until(() => watchesOf(stage).length === 3);
        put(stage, 'c', '1');
        await until(() => told.includes('ns/c 1'));
        expect(told).toEqual(['ns/a 1', 'ns/b 1', 'ns/c 1']);
        expect([listsOf(stage), troubles]).toEqual([1, []]);
      },
      { watchMs: 1000 },
    ));

  it('gives a half-open connection up when it should have ended, and no sooner', async () => {
    const clock = new ManualClock();
    await watched(
      async (stage, { troubles, view }) => {
        await until(() => stage.server.watchCount === 1 && clock.pending()[0] === 75_000);
        for (let minute = 0; minute < 3; minute += 1) {
          clock.advance(60_000);
          stage.server.bookmark();
          await until(() => clock.pending()[0] === 75_000);
        }
        stage.proxy.freeze();
        put(stage, 'b', '1');
        clock.advance(74_999);
        expect(troubles).toEqual([]);
        clock.advance(1);
        await until(() => clock.pending()[0] === 200);
        expect(troubles).toEqual(['SILENT']);
        clock.advance(200);
        await until(() => view() === truth(stage));
        expect(listsOf(stage)).toBe(1);
      },
      { clock, times: TIMES },
    );
  });

  it('does not take a server that never answers a watch for a watch that lived', async () => {
    const clock = new ManualClock();
    await watched(
      async (stage, { troubles }) => {
        await until(() => stage.server.watchCount === 1);
        stage.proxy.spoil({ isWatch: true }, { kind: 'silence' }, 2);
        stage.proxy.cut();
        for (const pauseMs of [200, 400, 800]) {
          await until(() => clock.pending()[0] === pauseMs);
          clock.advance(pauseMs);
          if (pauseMs === 800) break;
          await until(() => clock.pending()[0] === 10_000);
          clock.advance(10_000);
        }
        expect(troubles).toEqual(['UNREACHABLE', 'SILENT', 'SILENT']);
      },
      { clock, times: TIMES },
    );
  });

  it.each(['a list that is not answered', 'a watch', 'a pause'])('stops at once in the midst of %s', async (what) => {
    const clock = new ManualClock();
    await onStage(async (stage) => {
      if (what.startsWith('a list')) stage.proxy.spoil({}, { kind: 'silence' });
      if (what === 'a pause') stage.proxy.spoil({}, { kind: 'reset' });
      const { watch, told, troubles } = watching(stage, { clock, times: TIMES });
      const waits = { 'a pause': 200, 'a watch': 75_000 }[what] ?? 10_000;
      await until(() => clock.pending()[0] === waits);
      const before = troubles.length;
      await watch.stop();
      expect(clock.pending()).toEqual([]);
      put(stage, 'b', '1');
      await until(() => stage.server.watchCount === 0);
      expect([told, troubles.length]).toEqual([[], before]);
    });
  });
});

it.each([1, 2, 3])('a list-watch sees everything in the end, through any faults (seed %d)', (seed) =>
  onStage(async (stage) => {
    const prng = createPrng(seed);
    const { watch, view, told } = watching(stage);
    const faults = [{ kind: 'reset' }, { kind: 'lost answer' }, { kind: 'answer', status: 503 }] as const;
    for (let turn = 0; turn < 120; turn += 1) {
      const name = `m${prng.below(8)}`;
      if (prng.chance(0.3) && stage.server.store.find(configMaps, 'ns', name) !== null) drop(stage, name);
      else put(stage, name, String(turn));
      const fault = faults[prng.below(12)];
      if (fault !== undefined) stage.proxy.spoil({}, fault);
      if (prng.chance(0.1)) stage.proxy.cut();
      if (prng.chance(0.05)) stage.server.compact({ open: prng.chance(0.5) });
      if (prng.chance(0.2)) stage.server.bookmark();
      if (prng.chance(0.05)) stage.proxy.inject('{');
      await new Promise((resolve) => setTimeout(resolve, prng.below(6)));
    }
    stage.proxy.heal();
    put(stage, 'end', 'end');
    await until(() => view() === truth(stage));
    // What was handled last of each key is what is so.
    const last = new Map(told.map((text) => text.split(' ') as [string, string]));
    const alive = [...last].filter(([, value]) => value !== 'null').map(([key, value]) => `${key}=${value}`);
    expect(alive.sort().join(' ')).toBe(truth(stage));
    expect(stage.proxy.watchesAtOnceMax).toBe(1);
    await watch.stop();
  }),
);
