import { describe, expect, it } from '@jest/globals';
import { createPrng } from '../../broker/core/base/prng.ts';
import { ApiKey, apiByKey } from '../../broker/core/protocol/apis.ts';
import type { RequestInput, WireKey } from '../../broker/core/protocol/messages.ts';
import { wireSchemas } from '../../broker/core/protocol/wire-schemas.generated.ts';
import { apiTable } from '../../broker/server/api/table.ts';
import { InstanceMaker } from '../wire/oracle/instances.ts';
import { Asker } from './asker.ts';

const RANDOM_PER_VERSION = 12;

const CASES = apiTable
  .filter((row) => row.listener === 'client')
  .flatMap((row) => {
    const { min, max } = row.versions;
    const name = apiByKey(row.key)?.name ?? '';
    return Array.from({ length: max - min + 1 }, (_, index) => ({ key: row.key, version: min + index, name }));
  });

describe('a node answers', () => {
  const asker = new Asker(7);
  const answered = (key: WireKey, version: number, body: unknown): string => {
    // Made by the very schema that the type was generated from.
    const outcome = asker.call(key, version, body as RequestInput<WireKey>);
    return typeof outcome === 'string' ? outcome : 'answered';
  };

  it.each(CASES)('an empty request of $name v$version', ({ key, version, name }) => {
    // Everything left out is written as its default; Produce with acks=0 has no answer.
    expect(answered(key, version, {})).toBe(name === 'Produce' ? 'silent' : 'answered');
    expect(asker.node.fatals).toEqual([]);
  });

  it.each(CASES)(
    'random well-formed requests of $name v$version, or closes the connection',
    ({ key, version, name }) => {
      const schema = wireSchemas[`${name}Request`];
      if (schema === undefined) throw new Error(`no schema for ${name}`);
      const maker = new InstanceMaker(schema, version, createPrng(key * 100 + version), 'safe');
      for (let turn = 0; turn < RANDOM_PER_VERSION; turn += 1) {
        const outcome = answered(key, version, maker.make());
        if (name !== 'Produce') expect(outcome).not.toBe('silent');
        expect(asker.node.fatals).toEqual([]);
      }
      expect(asker.node.warnings.filter((line) => line.includes('bug:'))).toEqual([]);
      expect(answered(ApiKey.ApiVersions, 0, {})).toBe('answered');
    },
  );
});
