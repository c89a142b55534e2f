import { Agent } from 'node:http';
import { expect, it } from '@jest/globals';
import { ApiClient } from '../../../../../operator/io/kubernetes/api-client.ts';
import { Autoscalers } from '../../../../../operator/io/kubernetes/autoscalers.ts';
import { systemClock } from '../../../../../operator/io/system-clock.ts';
import type { OperatorError } from '../../../../../operator/ports/operator-error.ts';
import { ApiServer } from '../../../../support/kubernetes/api-server.ts';
import { TYPES } from '../../../../support/kubernetes/types.ts';
import { waitFor } from '../../../../wire/harness/wait.ts';

it('what scales a workload is known where an API server does not know KEDA, which is no trouble', async () => {
  const server = new ApiServer([TYPES.autoscalers]);
  const agent = new Agent({ keepAlive: true });
  const url = await server.start();
  const endpoint = { url, options: async () => ({ agent }), close: () => agent.destroy() };
  const troubles: OperatorError[] = [];
  const api = new ApiClient({ endpoint, clock: systemClock });
  const autoscalers = new Autoscalers({ api, clock: systemClock, random: () => 0 }, ['ns'], (one) =>
    troubles.push(one),
  );
  const target = { namespace: 'ns', kind: 'Deployment', name: 'work' };
  try {
    expect(server.requests).toEqual([]);
    expect(await autoscalers.of(target)).toEqual([]);
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'work' };
    await api.create(TYPES.autoscalers, {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'rival', namespace: 'ns' },
      spec: { scaleTargetRef },
    });
    await waitFor('it is heard of', async () => (await autoscalers.of(target))?.length === 1);
    expect(await autoscalers.of(target)).toEqual(['HorizontalPodAutoscaler rival']);
    for (const other of [{ name: 'other' }, { kind: 'StatefulSet' }, { namespace: 'elsewhere' }])
      expect(await autoscalers.of({ ...target, ...other })).toEqual([]);
    expect(troubles).toEqual([]);
  } finally {
    await autoscalers.stop();
    api.close();
    await server.stop();
  }
});
