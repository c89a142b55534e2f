import { type ApiRequest, ApiError } from './transport.ts';
import { failureText } from './words.ts';
import type { KubernetesObject } from '../../ports/kubernetes.ts';

/** How the API server's statuses are named to the operator; those with `fatal` don't change by trying again. */
const BY_STATUS: Readonly<Record<number, { readonly code: string; readonly fatal?: true }>> = {
  400: { code: 'INVALID', fatal: true },
  401: { code: 'UNAUTHORIZED', fatal: true },
  403: { code: 'FORBIDDEN', fatal: true },
  404: { code: 'NOT_FOUND' },
  405: { code: 'UNSUPPORTED', fatal: true },
  409: { code: 'CONFLICT' },
  410: { code: 'EXPIRED' },
  413: { code: 'INVALID', fatal: true },
  415: { code: 'UNSUPPORTED', fatal: true },
  422: { code: 'INVALID', fatal: true },
  429: { code: 'THROTTLED' },
  503: { code: 'UNAVAILABLE' },
  504: { code: 'TIMEOUT' },
};

/** Far beyond what an API server asks for; a wrong header must not put the operator to sleep. */
const RETRY_AFTER_MAX_MS = 60_000;

/** Foreign JSON as an object; null when it is none. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | null {
  // Only a view: each field is judged where it is read.
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : null;
}

/** Foreign JSON as an object of Kubernetes. */
export function asObject(value: unknown, what: string): KubernetesObject {
  const metadata = asRecord(asRecord(value)?.['metadata']);
  if (typeof metadata?.['name'] !== 'string')
    throw new ApiError('BAD_ANSWER', `the Kubernetes API answered ${what} with something that is no object`);
  // Its name was seen; every other field is optional or foreign JSON.
  return value as KubernetesObject;
}

/** The JSON of an answer; `BAD_ANSWER` when it is none. */
export function parseAnswer(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError('BAD_ANSWER', `the Kubernetes API answered ${what} with something that is not JSON`, {
      cause: error,
    });
  }
}

/** `Retry-After` in ms; null when it is absent or a date, which API servers don't send. */
function retryAfterMs(header: string | undefined): number | null {
  if (header === undefined || !/^\d{1,9}$/.test(header)) return null;
  return Math.min(Number(header) * 1000, RETRY_AFTER_MAX_MS);
}

/** True when an eviction was refused by a disruption budget, which is also a 429 but no sign of an overloaded server. */
function isBudget(status: Readonly<Record<string, unknown>> | null): boolean {
  const causes = asRecord(status?.['details'])?.['causes'];
  return Array.isArray(causes) && causes.some((cause) => asRecord(cause)?.['reason'] === 'DisruptionBudget');
}

/** What a `metav1.Status` or anything else that came with a status of failure means. */
export function failureOf(
  answered: { readonly status: number; readonly text: string; readonly retryAfter?: string | undefined },
  request: ApiRequest,
): ApiError {
  let status: Readonly<Record<string, unknown>> | null = null;
  try {
    status = asRecord(JSON.parse(answered.text));
  } catch {
    // A proxy in between answers in words or HTML: the number says enough.
  }
  const { code, fatal = false } = BY_STATUS[answered.status] ?? {
    code: answered.status >= 500 ? 'INTERNAL' : 'UNSUPPORTED',
    fatal: answered.status < 500,
  };
  const said = typeof status?.['message'] === 'string' ? status['message'] : `status ${answered.status}`;
  const named = isBudget(status) ? 'BLOCKED' : status?.['reason'] === 'AlreadyExists' ? 'ALREADY_EXISTS' : code;
  return new ApiError(named, failureText(request, { code: named, said }), {
    fatal,
    status: answered.status,
    retryAfterMs: retryAfterMs(answered.retryAfter),
  });
}
