import type { ApiClient } from '../../../operator/io/kubernetes/api-client.ts';
import { at, listAt, textAt } from '../../../operator/io/kubernetes/objects/fields.ts';
import { CUSTOM } from '../../../operator/io/kubernetes/resources.ts';
import type { KubernetesApi } from '../../../operator/ports/kubernetes.ts';
import { isOperatorError } from '../../../operator/ports/operator-error.ts';
import type { Address } from '../../core/client/machine.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { messageOf, UserFault, usageFault } from '../fault.ts';
import { bootstrapFlag, numberFlag, type ParsedFlags } from '../flags.ts';
import { Calls, isCallFault } from '../local/calls.ts';
import type { Terminal } from '../verb.ts';
import { clientOf, ownNamespace, sourceOf } from './options.ts';

/** Looks once: what is ready, or what is not. */
export type ReadyCheck = () => Promise<{ readonly isReady: boolean; readonly text: string }>;

/** Time of one look. */
const LOOK_MS = 5000;
const AGAIN_MS = 500;

/** `weir operator ready`: waits until what is named is ready. */
export async function runReady(flags: ParsedFlags, terminal: Terminal): Promise<number> {
  const [http, cluster, bootstrap] = [flags.text('http'), flags.text('cluster'), flags.text('bootstrap')];
  const checks: ReadyCheck[] = [];
  if (http !== undefined) checks.push(operatorCheck(http));
  let api: ApiClient | null = null;
  if (cluster !== undefined) {
    api = await clientOf(sourceOf(flags));
    checks.push(clusterCheck(api, { namespace: flags.texts('namespace')[0] ?? ownNamespace(), name: cluster }));
  }
  if (bootstrap !== undefined) checks.push(brokerCheck(bootstrapFlag('operator', bootstrap)));
  if (checks.length === 0) throw usageFault('operator', 'name what is to be ready: --http, --cluster or --bootstrap');
  const timeout = numberFlag('operator', 'timeout', flags.text('timeout') ?? '60', { min: 1, max: 86_400 });
  try {
    return await untilReady(checks, timeout * 1000, terminal);
  } finally {
    api?.close();
  }
}

/** Waits for one check after the other and tells of each; a `UserFault` says what was not ready in time. */
export async function untilReady(checks: readonly ReadyCheck[], withinMs: number, terminal: Terminal): Promise<number> {
  const endMs = performance.now() + withinMs;
  for (const check of checks) {
    for (;;) {
      const { isReady, text } = await check();
      if (isReady) {
        terminal.out(text);
        break;
      }
      if (performance.now() + AGAIN_MS > endMs) throw new UserFault(text);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
  return 0;
}

/** An operator, by its address for probes and metrics. */
export function operatorCheck(address: string): ReadyCheck {
  return async () => {
    try {
      const answer = await fetch(`http://${address}/readyz`, { signal: AbortSignal.timeout(LOOK_MS) });
      const said = (await answer.text()).trim();
      return answer.ok
        ? { isReady: true, text: `the operator at ${address} is ready` }
        : { isReady: false, text: `the operator at ${address} is not ready: ${said}` };
    } catch (error) {
      const { cause = error } = error as { readonly cause?: unknown };
      return { isReady: false, text: `the operator at ${address} does not answer: ${messageOf(cause)}` };
    }
  };
}

/** A Cluster that is ready as it is declared now, by its status. */
export function clusterCheck(
  api: Pick<KubernetesApi, 'get'>,
  named: { readonly namespace: string; readonly name: string },
): ReadyCheck {
  const title = `Cluster ${named.namespace}/${named.name}`;
  return async () => {
    try {
      const object = await api.get(CUSTOM.Cluster, named);
      if (object === null) return { isReady: false, text: `there is no ${title}` };
      const isSeen = at(object, 'status', 'observedGeneration') === object.metadata.generation;
      if (!isSeen) return { isReady: false, text: `${title} is not ready: no operator has seen it as it is now` };
      const ready = listAt(object, 'status', 'conditions').find((one) => textAt(one, 'type') === 'Ready');
      const isReady = textAt(ready, 'status') === 'True';
      return { isReady, text: `${title} is ${isReady ? 'ready' : 'not ready'}: ${textAt(ready, 'message') ?? ''}` };
    } catch (error) {
      if (!isOperatorError(error)) throw error;
      return { isReady: false, text: `${title}: ${error.message}` };
    }
  };
}

/** Brokers that answer a Metadata request. */
export function brokerCheck(bootstrap: readonly Address[]): ReadyCheck {
  const where = bootstrap.map(({ host, port }) => `${host}:${port}`).join(',');
  return async () => {
    const calls = new Calls(bootstrap, { clientId: 'weir-ready', requestTimeoutMs: LOOK_MS });
    try {
      const { brokers } = await calls.call(ApiKey.Metadata, () => ({ topics: [] }));
      const count = `${brokers.length} broker${brokers.length === 1 ? '' : 's'}`;
      return { isReady: brokers.length > 0, text: `${count} answer${brokers.length === 1 ? 's' : ''} at ${where}` };
    } catch (error) {
      if (!isCallFault(error)) throw error;
      return { isReady: false, text: `nobody answers at ${where}: ${error.message}` };
    } finally {
      calls.close();
    }
  };
}
