import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { codeOf, isOperatorError, messageOf, OperatorError } from '../../ports/operator-error.ts';
import { failureText } from './words.ts';

/** Where the API server is and who we are to it. */
export interface Endpoint {
  /** Scheme, host, port and perhaps a path before all others, without a slash at the end. */
  readonly url: string;
  /** Credentials and certificates as they are now: asked before each request, since they are renewed. */
  options(): Promise<RequestOptions>;
  /** Closes the connections. */
  close(): void;
}

/** One HTTP request to the API server. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Of the body; JSON unless it says otherwise. */
  readonly contentType?: string;
}

/** A failure that the API server answered, or that kept its answer away. */
export class ApiError extends OperatorError {
  /** The HTTP status, 0 without an answer. */
  readonly status: number;
  /** When the server wants to be asked again; null when it didn't say. */
  readonly retryAfterMs: number | null;
  constructor(
    code: string,
    message: string,
    options: { fatal?: boolean; cause?: unknown; status?: number; retryAfterMs?: number | null } = {},
  ) {
    super(code, message, options);
    this.status = options.status ?? 0;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** What a request came to as an `ApiError`; anything but a failure of the connection is a bug and thrown on. */
export function asApiError(error: unknown, request?: ApiRequest): ApiError {
  if (isOperatorError(error) && 'retryAfterMs' in error) return error as ApiError;
  if (codeOf(error) === '') throw error;
  const said = `the Kubernetes API is not reachable: ${messageOf(error)}`;
  const text = request === undefined ? said : failureText(request, { code: 'UNREACHABLE', said });
  return new ApiError('UNREACHABLE', text, { cause: error });
}

/**
 * Sends a request and gives the answer once its head is there, whatever its status. `signal` ends both the request and the
 * answer's stream; the caller must read the answer to its end or destroy it.
 */
export async function send(endpoint: Endpoint, request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const options = await unlessAborted(endpoint.options(), signal);
  const url = new URL(endpoint.url + request.path);
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
  const body = request.body === undefined ? null : Buffer.from(JSON.stringify(request.body));
  const headers: Record<string, string | number> = {
    ...(options.headers as Record<string, string>),
    accept: 'application/json',
    'user-agent': 'weir-operator',
  };
  if (body !== null) {
    headers['content-type'] = request.contentType ?? 'application/json';
    headers['content-length'] = body.length;
  }
  const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent = start(url, { ...options, method: request.method, headers, signal });
    sent.on('response', resolve);
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });
}

/** A plugin that gives credentials may hang. */
async function unlessAborted<T>(asked: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => {
    aborted.reject(new ApiError('TIMEOUT', 'the credentials for the Kubernetes API did not come in time'));
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([asked, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Reads an answer to its end; more than `bytesMax` is an `ApiError`. */
export async function readAll(answer: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the stream.
    if (size > bytesMax) throw new ApiError('BAD_ANSWER', `the Kubernetes API answered more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
