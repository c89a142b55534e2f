import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { Ground, isAlive, until } from './program.ts';

const ORPHAN_LIFE_MS = 2_000;

const ground = new Ground();
afterAll(() => ground.clean());

function settingsFile(more = ''): { readonly file: string; readonly pidFile: string } {
  const directory = ground.directory();
  const file = join(directory, 'broker.properties');
  writeFileSync(file, `node.id=0\nlisteners=plain://127.0.0.1:0\nlog.dirs=${join(directory, 'data')}\n${more}`);
  return { file, pidFile: join(directory, 'pid') };
}

describe('weir broker', () => {
  it('only checks its settings when it is asked to', async () => {
    const good = ground.run(['broker', '--config', settingsFile().file, '--check']);
    expect(await good.ended()).toBe(0);
    const { file } = settingsFile('num.partitions=none\nno.such.setting=1\n');
    const bad = ground.run(['broker', '--config', file, '--check']);
    expect(await bad.ended()).toBe(1);
    expect(bad.err).toMatch(/num\.partitions/);
    expect(bad.err).toMatch(/no\.such\.setting/);
    expect(bad.err).not.toMatch(/\n\s+at /);
  });

  it('refuses a data directory that another broker uses, names it, and leaves it unharmed', async () => {
    const { file } = settingsFile();
    const first = ground.run(['broker', '--config', file]);
    await first.says(/"event":"ready"/);
    const second = ground.run(['broker', '--config', file]);
    expect(await second.ended()).toBe(1);
    expect(second.err).toMatch(new RegExp(`is in use by process ${first.pid}; stop it or choose another directory`));
    first.kill('SIGTERM');
    expect(await first.ended()).toBe(0);
    const again = ground.run(['broker', '--config', file]);
    await again.says(/"event":"ready"/);
    again.kill('SIGTERM');
    expect(await again.ended()).toBe(0);
  });

  it('has its pid in a file while it runs, and stops cleanly on SIGTERM', async () => {
    const { file, pidFile } = settingsFile();
    const broker = ground.run(['broker', '--config', file, '--pid-file', pidFile]);
    await broker.says(/"event":"ready"/);
    expect(existsSync(pidFile)).toBe(true);
    broker.kill('SIGTERM');
    expect(await broker.ended()).toBe(0);
    expect(existsSync(pidFile)).toBe(false);
  });

  it('says what it waits for while the other controllers are not there, and stops on SIGTERM all the same', async () => {
    const { file } = settingsFile(
      'controller.quorum.voters=0@127.0.0.1:1,1@127.0.0.1:2\nweir.grpc.port=0\nweir.cluster.id=ClusterOfManyNodes000A\n',
    );
    const broker = ground.run(['broker', '--config', file]);
    await broker.says(/waiting for the metadata: no controller has any, is a majority of them running\?/);
    broker.kill('SIGTERM');
    expect(await broker.ended()).toBe(0);
    expect(broker.out).toContain('stopped before it was ready');
  });

  it.each([1, 2, 3])('stops also when nobody reads its output any more (round %d)', async () => {
    const { file, pidFile } = settingsFile();
    const broker = ground.run(['broker', '--config', file, '--exit-with-parent', '--pid-file', pidFile]);
    await broker.says(/"event":"ready"/);
    const endedMs = performance.now();
    broker.stopReading();
    broker.endInput();
    await until('the broker is gone', () => !isAlive(broker.pid));
    expect(performance.now() - endedMs).toBeLessThan(3 * ORPHAN_LIFE_MS);
  });

  it('stops soon when the input that its parent holds ends', async () => {
    const { file, pidFile } = settingsFile();
    const broker = ground.run(['broker', '--config', file, '--exit-with-parent', '--pid-file', pidFile]);
    await broker.says(/"event":"ready"/);
    const endedMs = performance.now();
    broker.endInput();
    await until('the broker is gone', () => !isAlive(broker.pid));
    expect(performance.now() - endedMs).toBeLessThan(3 * ORPHAN_LIFE_MS);
    expect(broker.out).toContain('stopped cleanly');
    expect(existsSync(pidFile)).toBe(false);
  });
});
