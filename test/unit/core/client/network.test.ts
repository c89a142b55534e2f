import { describe, expect, it } from '@jest/globals';
import { Admin, adminRequest, type AdminCommand, type AdminEvent } from '../../../../broker/core/client/admin.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { CLIENT, ClientHarness, metadataOf } from '../../../support/client-harness.ts';

function start(claims?: ConstructorParameters<typeof ClientHarness>[1], bootstrap = CLIENT.bootstrap) {
  return new ClientHarness<AdminCommand, AdminEvent>(new Admin({ ...CLIENT, bootstrap }), claims);
}

const ask = (token: number): AdminCommand => ({
  kind: 'call',
  token,
  target: 'any',
  request: adminRequest(ApiKey.Metadata, () => ({ topics: [] })),
});

describe('the network of a client', () => {
  it('dials when there is something to ask, asks for versions first, then pipelines', () => {
    const harness = start();
    expect(harness.dials).toEqual([]);
    harness.step(ask(1));
    harness.step(ask(2));
    expect(harness.dials).toMatchObject([{ host: 'b', port: 1 }]);
    harness.connect();
    expect(harness.pending).toEqual([ApiKey.Metadata, ApiKey.Metadata]);
    harness.reply(harness.next(ApiKey.Metadata), metadataOf({}));
    harness.reply(harness.next(ApiKey.Metadata), metadataOf({}));
    expect(harness.told('answer').map((event) => event.token)).toEqual([1, 2]);
  });

  it('asks for versions again, in one that the broker named, when it does not know ours', () => {
    const harness = start();
    harness.step(ask(1));
    harness.step({ kind: 'dialed', connectionId: harness.dials[0]?.connectionId ?? 0 });
    const first = harness.next(ApiKey.ApiVersions);
    expect(first.header.version).toBe(4);
    const refusal = { ...first, header: { ...first.header, version: 0 } };
    harness.reply(refusal, {
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      apiKeys: [{ apiKey: ApiKey.ApiVersions, minVersion: 0, maxVersion: 2 }],
    });
    const second = harness.next(ApiKey.ApiVersions);
    expect(second.header.version).toBe(2);
    harness.reply(second, { errorCode: 0, apiKeys: [{ apiKey: ApiKey.Metadata, minVersion: 0, maxVersion: 5 }] });
    expect(harness.next(ApiKey.Metadata).header.version).toBe(5);
  });

  it('fails what the broker does not serve, without sending it', () => {
    const harness = start(new Map([[ApiKey.Metadata, { min: 90, max: 91 }]]));
    harness.step(ask(1));
    harness.connect();
    expect(harness.events).toMatchObject([
      { kind: 'failed', token: 1, code: ErrorCode.UNSUPPORTED_VERSION, sent: false },
    ]);
  });

  it('tells requests that were sent from those that were not when a connection ends', () => {
    const harness = start();
    harness.step(ask(1));
    harness.connect();
    harness.step(ask(2));
    harness.step({ kind: 'closed', connectionId: harness.next(ApiKey.Metadata).connectionId, reason: 'ECONNRESET' });
    expect(harness.events).toMatchObject([
      { kind: 'failed', token: 1, code: ErrorCode.NETWORK_EXCEPTION, sent: true },
      { kind: 'failed', token: 2, code: ErrorCode.NETWORK_EXCEPTION, sent: true },
    ]);
    harness.step(ask(3));
    expect(harness.dials).toEqual([]);
    harness.wake();
    const again = harness.dials.shift();
    harness.step({ kind: 'dial-failed', connectionId: again?.connectionId ?? 0, code: 'ECONNREFUSED' });
    expect(harness.events.at(-1)).toMatchObject({
      kind: 'failed',
      token: 3,
      code: ErrorCode.BROKER_NOT_AVAILABLE,
      reason: 'b:1: ECONNREFUSED',
      sent: false,
    });
  });

  it('waits longer and longer before it dials an address again, up to a second', () => {
    const harness = start();
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      harness.step(ask(attempt));
      if (harness.dials.length === 0) pauses.push(harness.wake());
      harness.step({
        kind: 'dial-failed',
        connectionId: harness.dials.shift()?.connectionId ?? 0,
        code: 'ECONNREFUSED',
      });
    }
    expect(pauses).toEqual([40, 80, 160, 320, 640, 800, 800]);
  });

  it('fails what waits for the end of a pause when it is closed', () => {
    const harness = start();
    harness.step(ask(1));
    harness.step({ kind: 'dial-failed', connectionId: harness.dials.shift()?.connectionId ?? 0, code: 'ECONNREFUSED' });
    harness.step(ask(2));
    harness.step({ kind: 'close' });
    expect(harness.events.at(-1)).toMatchObject({
      kind: 'failed',
      token: 2,
      reason: 'the client is closed',
      sent: false,
    });
    expect(harness.dials).toEqual([]);
  });

  it('tries another broker while one is paused', () => {
    const harness = start(undefined, [
      { host: 'b', port: 1 },
      { host: 'c', port: 2 },
    ]);
    harness.step(ask(1));
    harness.step({ kind: 'dial-failed', connectionId: harness.dials.shift()?.connectionId ?? 0, code: 'ECONNREFUSED' });
    harness.step(ask(2));
    expect(harness.dials).toMatchObject([{ host: 'c', port: 2 }]);
  });

  it('gives a request up after its time and closes the connection, whose answers can no longer be told apart', () => {
    const harness = start();
    harness.step(ask(1));
    harness.connect();
    expect(harness.wake()).toBe(30_000);
    expect(harness.events).toMatchObject([{ kind: 'failed', token: 1, code: ErrorCode.REQUEST_TIMED_OUT, sent: true }]);
    expect(harness.closed).toEqual([1]);
  });

  it.each([
    ['an answer to nothing', Buffer.from([0, 0, 0, 4, 0, 0, 0, 99])],
    ['a length out of bounds', Buffer.from([0x7f, 0xff, 0xff, 0xff])],
    ['an answer that cannot be read', Buffer.from([0, 0, 0, 5, 0, 0, 0, 1, 0])],
  ])('closes a connection on %s', (_name, bytes) => {
    const harness = start();
    harness.step(ask(1));
    harness.connect();
    harness.step({ kind: 'received', connectionId: 1, bytes });
    expect(harness.closed).toEqual([1]);
    expect(harness.events).toMatchObject([{ kind: 'failed', token: 1, code: ErrorCode.NETWORK_EXCEPTION, sent: true }]);
  });

  it('ignores what comes on connections that it gave up', () => {
    const harness = start();
    harness.step(ask(1));
    harness.connect();
    harness.wake();
    harness.step({ kind: 'received', connectionId: 1, bytes: Buffer.from([0, 0, 0, 4, 0, 0, 0, 1]) });
    harness.step({ kind: 'closed', connectionId: 1, reason: '' });
    expect(harness.events).toHaveLength(1);
  });
});
