import type { RequestContext } from '../../broker/server/request-context.ts';

/** A request on listener `plain` of somebody who may do everything, unless told otherwise. */
export function requestContext(
  options: Partial<Omit<RequestContext, 'connection'>> & {
    readonly listener?: string;
    readonly node?: number;
    readonly admitBroker?: () => void;
  } = {},
): RequestContext {
  const { listener = 'plain', node, admitBroker = () => undefined, ...rest } = options;
  return {
    connection: {
      connectionId: 1,
      principal: 'User:ANONYMOUS',
      listener,
      address: '127.0.0.1',
      ...(node === undefined ? {} : { node }),
      onClose: () => () => undefined,
      admitBroker,
      disconnect: () => undefined,
    },
    apiKey: 1,
    apiVersion: 18,
    correlationId: 1,
    clientId: null,
    receivedMs: 0,
    allowed: () => true,
    ...rest,
  };
}
