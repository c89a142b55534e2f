import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { ApiClient } from '../../../operator/io/kubernetes/api-client.ts';
import { type KubeConfigSource, kubeConfigEndpoint } from '../../../operator/io/kubernetes/kube-config.ts';
import type { Site } from '../../../operator/io/kubernetes/objects/blueprint.ts';
import { systemClock } from '../../../operator/io/system-clock.ts';
import type { OperatorOptions } from '../../../operator/main.ts';
import { usageFault } from '../fault.ts';
import { numberFlag, type ParsedFlags } from '../flags.ts';
import { readVersion } from '../version.ts';

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'] as const;
/** Where a pod finds its own namespace. */
const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/**
 * Flags with what the environment says in place of those that are absent, `WEIR_OPERATOR_IMAGE` for `--image`: who is called beside an
 * operator in its pod is told what that was.
 */
export function withEnvironment(flags: ParsedFlags): ParsedFlags {
  const told = (name: string): string | undefined =>
    process.env[`WEIR_OPERATOR_${name.toUpperCase().replaceAll('-', '_')}`];
  const texts = (name: string): readonly string[] => {
    const given = flags.texts(name);
    return given.length > 0 ? given : (told(name)?.split(',') ?? []);
  };
  return { ...flags, text: (name) => flags.text(name) ?? told(name), texts };
}

/** A client of the API server with connections of its own. */
export async function clientOf(source: KubeConfigSource, deadlineMs?: number): Promise<ApiClient> {
  const endpoint = await kubeConfigEndpoint(source);
  return new ApiClient({ endpoint, clock: systemClock, ...(deadlineMs === undefined ? {} : { deadlineMs }) });
}

/** Where flags say that the API server is. */
export function sourceOf(flags: ParsedFlags): KubeConfigSource {
  const path = flags.text('kubeconfig');
  if (path !== undefined) return { kind: 'file', path };
  return { kind: process.env['KUBERNETES_SERVICE_HOST'] === undefined ? 'default' : 'cluster' };
}

/** What flags tell an operator. */
export function optionsOf(flags: ParsedFlags): OperatorOptions {
  const namespace = flags.text('lease-namespace') ?? ownNamespace();
  const workers = flags.text('workers');
  return {
    namespaces: flags.texts('namespace'),
    lease: { namespace, name: flags.text('lease') ?? 'weir-operator' },
    // A pod's name comes again when its container starts again.
    identity: `${hostname()}_${randomBytes(4).toString('hex')}`,
    site: siteOf(flags, namespace),
    workers: workers === undefined ? 4 : numberFlag('operator', 'workers', workers, { min: 1, max: 100 }),
  };
}

function siteOf(flags: ParsedFlags, namespace: string): Site {
  const pullPolicy = PULL_POLICIES.find((one) => one === (flags.text('image-pull-policy') ?? 'IfNotPresent'));
  if (pullPolicy === undefined)
    throw usageFault('operator', `--image-pull-policy must be one of ${PULL_POLICIES.join(', ')}`);
  const image = /^(.+?)(?::([\w][\w.-]{0,127}))?(@sha256:[0-9a-f]{64})?$/.exec(flags.text('image') ?? 'weir');
  const [, repository = 'weir', tag = readVersion(), digest] = image ?? [];
  return {
    image: { repository, tag, pullPolicy, ...(digest === undefined ? {} : { digest }) },
    domain: flags.text('cluster-domain') ?? 'cluster.local',
    operator: { namespace, labels: { 'app.kubernetes.io/name': 'weir-operator' } },
  };
}

/** The namespace of this pod. */
export function ownNamespace(): string {
  return (
    process.env['POD_NAMESPACE'] ??
    (existsSync(NAMESPACE_FILE) ? readFileSync(NAMESPACE_FILE, 'utf8').trim() : 'default')
  );
}
