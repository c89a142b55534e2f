import type { AlterConfigsCommand } from '../../core/metadata/commands.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { MetadataClient } from '../metadata-client.ts';
import type { RequestContext } from '../request-context.ts';
import { brokerNameProblem, ConfigResourceType, configNeed, scopeOf, type NamedResource } from './config-resources.ts';
import { CHANGE_TIMEOUT_MS } from './metadata-timeout.ts';

/** What changing settings works with. */
export interface AlterConfigsServices {
  readonly metadata: MetadataClient;
  readonly nodeId: number;
}

type Change = AlterConfigsCommand['resources'][number];

/** One resource to change: as it was named, and what to do; a sentence when the request itself is wrong. */
export interface ResourceChange {
  readonly resource: NamedResource;
  readonly operations: Change['operations'] | string;
  readonly replaceAll: boolean;
}

/** What became of one resource. */
export interface AlteredResource extends NamedResource {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** Changes the settings of resources, each by itself, and answers in the order asked. */
export function alterResources(
  { metadata, nodeId }: AlterConfigsServices,
  context: RequestContext,
  request: { readonly changes: readonly ResourceChange[]; readonly validateOnly: boolean },
  done: (responses: readonly AlteredResource[]) => void,
): void {
  const checked = request.changes.map((change) => ({
    resource: change.resource,
    change: toChange(context, nodeId, change),
  }));
  const resources = checked.flatMap(({ change }) => ('errorCode' in change ? [] : [change]));
  const finish = (results: readonly { readonly errorCode: number; readonly errorMessage: string | null }[]): void => {
    let next = 0;
    const responses = checked.map(({ resource, change }) => {
      const result = 'errorCode' in change ? change : (results[next] ?? UNANSWERED);
      if (!('errorCode' in change)) next += 1;
      const { errorCode, errorMessage } = result;
      return { errorCode, errorMessage, resourceType: resource.resourceType, resourceName: resource.resourceName };
    });
    done(responses);
  };
  if (resources.length === 0) {
    finish([]);
    return;
  }
  const command = { kind: 'alterConfigs', resources, validateOnly: request.validateOnly } as const;
  metadata.submit(command, CHANGE_TIMEOUT_MS, (outcome) => {
    finish(
      outcome.kind === 'failed' || outcome.errorCode !== ErrorCode.NONE
        ? resources.map(() => outcome)
        : outcome.resources,
    );
  });
}

const UNANSWERED = { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage: null } as const;

function toChange(
  context: RequestContext,
  nodeId: number,
  { resource, operations, replaceAll }: ResourceChange,
): Change | { readonly errorCode: number; readonly errorMessage: string | null } {
  const { resourceType, resourceName } = resource;
  const scope = scopeOf(resource);
  if (scope === null) return invalid(`resources of type ${resourceType} have no settings here`);
  if (!context.allowed(configNeed(resource, 'alter-configs')))
    return { errorCode: deniedCode(resourceType), errorMessage: null };
  const stranger = resourceType === ConfigResourceType.BROKER ? brokerNameProblem(resourceName, nodeId) : null;
  if (stranger !== null) return invalid(stranger);
  if (typeof operations === 'string') return invalid(operations);
  return { scope, name: resourceName, operations, replaceAll };
}

function invalid(errorMessage: string): { readonly errorCode: number; readonly errorMessage: string } {
  return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
}

function deniedCode(resourceType: number): number {
  if (resourceType === ConfigResourceType.TOPIC) return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
  return resourceType === ConfigResourceType.GROUP
    ? ErrorCode.GROUP_AUTHORIZATION_FAILED
    : ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
}
