import type { Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type HealthSource, startHealthServer } from '../../../broker/io/http/health-server.ts';

describe('the health page', () => {
  let server: Server;
  let base = '';
  let live: string[] = [];
  let ready: string[] = [];
  const source: HealthSource = {
    live: () => live,
    ready: () => Promise.resolve(ready),
    metrics: () =>
      Promise.resolve([
        { name: 'weir_things_total', help: 'Things', type: 'counter', labels: { kind: 'a' }, value: 2 },
        { name: 'weir_things_total', help: 'Things', type: 'counter', labels: { kind: 'b"\n' }, value: 3 },
        { name: 'weir_level', help: 'A level', type: 'gauge', labels: {}, value: -1.5 },
      ]),
  };

  beforeEach(async () => {
    live = [];
    ready = [];
    const port = await new Promise<number>((settle) => {
      server = startHealthServer({ host: '127.0.0.1', port: 0 }, source, (_failure, bound) => settle(bound));
    });
    base = `http://127.0.0.1:${port}`;
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  const get = async (path: string, method = 'GET'): Promise<[number, string]> => {
    const response = await fetch(`${base}${path}`, { method });
    return [response.status, await response.text()];
  };

  it('is 200 while nothing is wrong', async () => {
    expect(await get('/livez')).toEqual([200, 'ok\n']);
    expect(await get('/readyz')).toEqual([200, 'ok\n']);
  });

  it('is 200 with notes: what is told and keeps nobody away', async () => {
    ready = ['note: orders-0 is damaged and not served: bad batch'];
    expect(await get('/readyz')).toEqual([200, 'ok\nnote: orders-0 is damaged and not served: bad batch\n']);
    ready.push('the disk is full');
    expect((await get('/readyz'))[0]).toBe(503);
  });

  it('is 503 with one reason a line', async () => {
    live = ['the data loop has not turned for 5000 ms'];
    ready = ['recovering logs', 'no controller'];
    expect(await get('/livez')).toEqual([503, 'the data loop has not turned for 5000 ms\n']);
    expect(await get('/readyz')).toEqual([503, 'recovering logs\nno controller\n']);
  });

  it("gives the figures in Prometheus' format, labels escaped", async () => {
    const [status, text] = await get('/metrics');
    expect(status).toBe(200);
    expect(text).toContain('# TYPE weir_things_total counter');
    expect(text).toContain('weir_things_total{kind="a"} 2');
    expect(text).toContain('weir_things_total{kind="b\\"\\n"} 3');
    expect(text).toContain('weir_level -1.5');
  });

  it('knows no other path and no other method', async () => {
    expect((await get('/'))[0]).toBe(404);
    expect((await get('/livez', 'POST'))[0]).toBe(405);
  });

  it('names the address when it is taken', async () => {
    const port = Number(base.split(':')[2]);
    const failure = await new Promise((settle) => {
      startHealthServer({ host: '127.0.0.1', port }, source, (sentence) => settle(sentence));
    });
    expect(failure).toBe(
      `weir.http.port: 127.0.0.1:${port} is taken by another process; free it, choose another port, or 0 for a free one`,
    );
  });
});
