import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createPrng } from '../../../../broker/core/base/prng.ts';
import { apiByKey, isValidVersion } from '../../../../broker/core/protocol/apis.ts';
import {
  decodeRequestBody,
  decodeRequestHeader,
  encodeRequest,
  type RequestInput,
  type WireKey,
} from '../../../../broker/core/protocol/messages.ts';
import { wireSchemas } from '../../../../broker/core/protocol/wire-schemas.generated.ts';
import type { ApiRow } from '../../../../broker/server/api/row.ts';
import { apiTable, clientVersions } from '../../../../broker/server/api/table.ts';
import { InstanceMaker } from '../../../wire/oracle/instances.ts';

const DIRECTORY = new URL('../../../../broker/server/api/', import.meta.url);

describe('the table of APIs', () => {
  it.each(apiTable.map((row) => [apiByKey(row.key)?.name ?? `key ${row.key}`, row] as const))(
    '%s has every part of a row',
    (_name, row) => {
      expect(apiByKey(row.key)).toBeDefined();
      expect(row.versions.min).toBeLessThanOrEqual(row.versions.max);
      for (let version = row.versions.min; version <= row.versions.max; version += 1) {
        expect(row.key === 18 || isValidVersion(row.key, version)).toBe(true);
      }
      expect(['client', 'replication']).toContain(row.listener);
      expect(['none', 'request', 'produce', 'fetch', 'controller-mutation']).toContain(row.quota);
      expect(typeof row.authorize).toBe('function');
      expect(typeof row.handle).toBe('function');
    },
  );

  it('has each API once', () => {
    expect(new Set(apiTable.map((row) => row.key)).size).toBe(apiTable.length);
  });

  it('holds every row that has a file', () => {
    const files = readdirSync(DIRECTORY).filter((name) =>
      readFileSync(new URL(name, DIRECTORY), 'utf8').includes('export const row'),
    );
    expect(files).toHaveLength(apiTable.length);
  });

  it('asks the authoriser about every resource that a request names', () => {
    const silent = apiTable.filter((row) => {
      const name = apiByKey(row.key)?.name ?? '';
      const schema = wireSchemas[`${name}Request`];
      if (schema === undefined) throw new Error(`no schema of ${name}`);
      const version = row.versions.max;
      const maker = new InstanceMaker(schema, version, createPrng(1), 'safe');
      const needs = Array.from({ length: 20 }, () => {
        const chunks = encodeRequest(
          { apiKey: row.key, version, correlationId: 1, clientId: null },
          // Made from the very schema that the type was generated from.
          maker.make() as unknown as RequestInput<WireKey>,
        );
        const frame = Buffer.concat(chunks).subarray(4);
        const { bodyOffset } = decodeRequestHeader(frame);
        const request = decodeRequestBody(row.key, version, frame, bodyOffset);
        return (row as ApiRow<WireKey, unknown>).authorize(request).length;
      });
      return Math.max(...needs) === 0;
    });
    // What these tell needs no permission of its own, or is asked for one by one while answering.
    expect(silent.map((row) => apiByKey(row.key)?.name).sort()).toEqual(['ApiVersions', 'DescribeCluster']);
  });

  it('never advertises a row of the replication listener', () => {
    const advertised = new Set(clientVersions.map((one) => one.key));
    for (const row of apiTable) expect(advertised.has(row.key)).toBe(row.listener === 'client');
  });
});
