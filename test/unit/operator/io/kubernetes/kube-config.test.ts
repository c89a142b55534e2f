import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ApiClient } from '../../../../../operator/io/kubernetes/api-client.ts';
import { kubeConfigEndpoint } from '../../../../../operator/io/kubernetes/kube-config.ts';
import { systemClock } from '../../../../../operator/io/system-clock.ts';
import { ApiServer } from '../../../../support/kubernetes/api-server.ts';
import { TYPES } from '../../../../support/kubernetes/types.ts';

it('speaks to the server of a kubeconfig with its token, over connections that are kept', async () => {
  const server = new ApiServer();
  const url = await server.start();
  const directory = await mkdtemp(join(tmpdir(), 'weir-kube-'));
  const path = join(directory, 'config');
  const cluster = { server: `${url}/`, 'insecure-skip-tls-verify': true };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: { token: 'secret' } }],
  };
  try {
    await writeFile(path, JSON.stringify(config));
    const api = new ApiClient({ endpoint: await kubeConfigEndpoint({ kind: 'file', path }), clock: systemClock });
    for (let times = 0; times < 2; times += 1) await api.list(TYPES.pods, {}, { limit: 1 });
    expect(server.requests.map(({ headers }) => [headers.authorization, headers.connection])).toEqual([
      ['Bearer secret', 'keep-alive'],
      ['Bearer secret', 'keep-alive'],
    ]);
    api.close();
    await writeFile(path, 'clusters: {');
    await expect(kubeConfigEndpoint({ kind: 'file', path })).rejects.toMatchObject({ code: 'INVALID', fatal: true });
  } finally {
    await rm(directory, { recursive: true });
    await server.stop();
  }
});

it('tells where there is nothing to be read', async () => {
  const { HOME, KUBECONFIG } = process.env;
  const directory = await mkdtemp(join(tmpdir(), 'weir-kube-'));
  try {
    process.env['HOME'] = directory;
    delete process.env['KUBECONFIG'];
    await expect(kubeConfigEndpoint({ kind: 'default' })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: 'there is no kubeconfig, and this is no pod',
    });
  } finally {
    Object.assign(process.env, { HOME }, KUBECONFIG === undefined ? {} : { KUBECONFIG });
    await rm(directory, { recursive: true });
  }
});
