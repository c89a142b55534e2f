import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensurePython, type PythonPeer } from '../../setup/python.ts';
import { mustRun } from '../../setup/run.ts';
import { openWire, type Wire } from '../harness/session.ts';

const SCRIPT = fileURLToPath(new URL('../python/exercise.py', import.meta.url));

let wire: Wire;
let python: PythonPeer;
let close: () => Promise<void>;

beforeAll(async () => {
  python = await ensurePython();
  ({ wire, close } = await openWire());
});
afterAll(() => close());

async function exercise(scenario: string, ...more: readonly string[]): Promise<unknown> {
  const args = [SCRIPT, scenario, wire.bootstrap, wire.unique('py'), ...more];
  return JSON.parse(await mustRun(python.python, args, { env: python.env, timeoutMs: 55_000 }));
}

describe('confluent-kafka (librdkafka)', () => {
  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'produces idempotently with %s and consumes in a group',
    async (codec) => {
      expect(await exercise('produce_and_consume', codec)).toEqual({ same: true, acknowledged: 500 });
    },
  );

  it.each(['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'reads what came in any codec and is stored in %s',
    async (codec) => {
      expect(await exercise('stored_in', codec)).toEqual({ same: true });
    },
  );

  it('produces with every level of acknowledgement', async () => {
    expect(await exercise('acks')).toEqual({ 0: 50, 1: 50, all: 50 });
  });

  it.each(['range', 'roundrobin', 'cooperative-sticky'])(
    'shares partitions between two members by %s and resumes',
    async (strategy) => {
      expect(await exercise('share_partitions', strategy)).toEqual({ both: true, late: true });
    },
  );

  it('keeps the partitions of a static member that comes back', async () => {
    expect(await exercise('static_member')).toEqual({ kept: true });
  });

  it('creates, grows, configures and deletes topics', async () => {
    expect(await exercise('topics')).toEqual({ before: '5000000', after: '6000000', nodes: 1 });
  });

  it('describes, lists and deletes groups, and reads and alters their offsets', async () => {
    expect(await exercise('groups')).toEqual({
      members: 1,
      state: 'STABLE',
      committed: 10,
      altered: 4,
      end: 10,
      listed: true,
      gone: true,
    });
  });

  it('seeks, commits, finds offsets by time and deletes records', async () => {
    expect(await exercise('offsets')).toEqual({ first: 0, sought: 15, committed: 16, early: 0, low: 6 });
  });
});
