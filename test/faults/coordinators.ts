import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import type { RawClient } from '../support/raw-client.ts';

/** How long a coordinator may take to read its log. */
const LOADED_MS = 8_000;

/** What a coordinator answers until it is there. */
export const LOADING: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
]);

/** To be called before each question: throws when a coordinator does not come, as one whose log is damaged. */
export function loading(): () => void {
  const endMs = performance.now() + LOADED_MS;
  return () => {
    if (performance.now() > endMs) throw new Error(`a coordinator is not loaded within ${LOADED_MS} ms`);
  };
}

/** Waits until the coordinator of a group is there; its topic is created by the question. */
export async function findCoordinator(client: RawClient, group: string, keyType: number): Promise<void> {
  const loads = loading();
  for (let errorCode = -1; errorCode !== ErrorCode.NONE; ) {
    loads();
    const answer = await client.call(ApiKey.FindCoordinator, 4, { keyType, coordinatorKeys: [group] });
    ({ errorCode } = only(answer.coordinators));
    if (!LOADING.has(errorCode)) must('find coordinator', errorCode);
  }
}

/** The one element of a list. */
export function only<T>(list: readonly T[]): T {
  const [first] = list;
  if (first === undefined || list.length !== 1) throw new Error(`${list.length} elements, not one`);
  return first;
}

/** Throws unless the code is NONE. */
export function must(what: string, errorCode: number): void {
  if (errorCode !== ErrorCode.NONE) throw new Error(`${what}: error ${errorCode}`);
}
