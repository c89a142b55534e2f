import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REQUEST_ELEMENT_COUNT_MAX, WHOLE_ELEMENT_COUNT_MAX } from '../../broker/core/codec/limits.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { encodeRequest } from '../../broker/core/protocol/messages.ts';
import type { Peer } from '../wire/harness/peer.ts';
import { weirPeer } from '../wire/harness/weir-peer.ts';
import { prepareTargets, usageOf } from './broker-check.ts';
import { type HeavyRequest, heavyRequests } from './heavy.ts';
import { RawClient } from '../support/raw-client.ts';

/** Others wait for some turns of 20 ms; on a machine that others use too for a few of its own time slices more. */
const STALL_MAX_MS = 2000;
const RSS_MAX = 900 * 1024 * 1024;
const ANSWER_MS = 25_000;
/** Produce with acks=0 has no answer. */
const SILENT: ReadonlySet<number> = new Set([ApiKey.Produce]);

describe('a running broker under requests with very many elements that are really there', () => {
  let directory = '';
  let peer: Peer;
  let other: RawClient;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weir-heavy-'));
    peer = await weirPeer({ directory });
    await peer.start();
    other = await RawClient.connect(peer.bootstrap);
    await prepareTargets(other);
  });

  afterAll(async () => {
    other.close();
    await peer.kill();
    await rm(directory, { recursive: true, force: true });
  });

  /** Sends one request; gives what became of it, and how long another client waited for an answer meanwhile. */
  const send = async (request: HeavyRequest): Promise<{ readonly outcome: string; readonly stallMs: number }> => {
    const client = await RawClient.connect(peer.bootstrap);
    let outcome = '';
    const waits = SILENT.has(request.apiKey) ? 1000 : ANSWER_MS;
    const answered = client
      .awaitFrame(1, waits, () => undefined)
      .then((frame) => {
        outcome = typeof frame === 'string' ? frame : 'answered';
      });
    client.send(request.bytes);
    let stallMs = 0;
    while (outcome === '') {
      const askedMs = performance.now();
      await other.call(ApiKey.ApiVersions, 0, {});
      stallMs = Math.max(stallMs, performance.now() - askedMs);
    }
    await answered;
    client.close();
    return { outcome, stallMs };
  };

  it('answers the largest that it takes, and others meanwhile', async () => {
    const problems: string[] = [];
    let longest = { title: '', stallMs: 0 };
    // Some lists are never so long in one piece, and close the connection with the first number.
    const counts = [REQUEST_ELEMENT_COUNT_MAX, WHOLE_ELEMENT_COUNT_MAX].map((count) => count - 3);
    for (const request of counts.flatMap((count) => [...heavyRequests(count)])) {
      const { outcome, stallMs } = await send(request);
      if (stallMs > longest.stallMs) longest = { title: request.title, stallMs };
      if (stallMs > STALL_MAX_MS) problems.push(`${request.title}: others waited ${Math.round(stallMs)} ms`);
      if (outcome === 'silent' && !SILENT.has(request.apiKey)) problems.push(`${request.title}: no answer`);
      const { rssBytes } = await usageOf(peer.pid());
      if (rssBytes > RSS_MAX) problems.push(`${request.title}: ${rssBytes >> 20} MiB`);
    }
    console.info(`others waited ${Math.round(longest.stallMs)} ms at most, for ${longest.title}`);
    expect(problems).toEqual([]);
  }, 240_000);

  it('closes the connection of a small request for an answer that would be huge', async () => {
    const resources = Array.from({ length: 60_000 }, () => ({
      resourceType: 4,
      resourceName: '1',
      configurationKeys: [],
    }));
    const asked = { resources, includeSynonyms: true, includeDocumentation: true };
    const header = { apiKey: ApiKey.DescribeConfigs, version: 4, correlationId: 1, clientId: null };
    const bytes = Buffer.concat(encodeRequest(header, asked));
    const { outcome, stallMs } = await send({ title: '', apiKey: ApiKey.DescribeConfigs, bytes });
    expect(outcome).toBe('closed');
    expect(stallMs).toBeLessThan(STALL_MAX_MS);
    expect((await usageOf(peer.pid())).rssBytes).toBeLessThan(RSS_MAX);
  });

  it('closes the connection of one with more, before it makes anything of them', async () => {
    for (const request of heavyRequests(REQUEST_ELEMENT_COUNT_MAX + 1)) {
      const { outcome, stallMs } = await send(request);
      expect([request.title, outcome]).toEqual([request.title, 'closed']);
      expect(stallMs).toBeLessThan(STALL_MAX_MS);
    }
  }, 120_000);
});
