import type { IncomingMessage } from 'node:http';
import { asObject, asRecord, failureOf, parseAnswer } from './answer.ts';
import { ApiError, type ApiRequest, asApiError, type Endpoint, readAll, send } from './transport.ts';
import { describeRequest, failureText } from './words.ts';
import type { Clock } from '../../ports/clock.ts';
import type { WatchEvent } from '../../ports/kubernetes.ts';

/** etcd takes objects of 1.5 MiB; as JSON with escapes they are larger, but not so much. */
const LINE_BYTES_MAX = 16 << 20;
const REFUSAL_BYTES_MAX = 1 << 20;
const NEWLINE = 0x0a;

interface Tools {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  /** How long the answer's head may take. */
  readonly openMs: number;
  /** How long no byte may come. */
  readonly silenceMs: number;
}

/** Ends what takes too long; each sign of life begins the time anew. */
class Patience {
  readonly #clock: Clock;
  readonly #ends = new AbortController();
  readonly #outer: AbortSignal;
  readonly #end = (): void => {
    this.#ends.abort();
  };
  #cancel: () => void = () => undefined;
  /** True when it ended by itself, not from outside. */
  isOver = false;

  constructor(clock: Clock, outer: AbortSignal) {
    this.#clock = clock;
    this.#outer = outer;
    if (outer.aborted) this.#ends.abort();
    outer.addEventListener('abort', this.#end);
  }

  get signal(): AbortSignal {
    return this.#ends.signal;
  }

  begin(ms: number): void {
    this.#cancel();
    this.#cancel = this.#clock.after(ms, () => {
      this.isOver = true;
      this.#ends.abort();
    });
  }

  close(): void {
    this.#cancel();
    this.#outer.removeEventListener('abort', this.#end);
    this.#ends.abort();
  }
}

/** The events of one watch request. It has ended, its connection too, when the iteration has; `signal` ends it without a failure. */
export async function* openWatch(
  request: ApiRequest,
  { endpoint, clock, openMs, silenceMs }: Tools,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  const patience = new Patience(clock, signal);
  let limitMs = openMs;
  try {
    patience.begin(openMs);
    const answer = await send(endpoint, request, patience.signal);
    limitMs = silenceMs;
    if (answer.statusCode !== 200) throw await refusalOf(answer, request);
    patience.begin(silenceMs);
    yield { kind: 'OPEN' };
    const alive = (): void => {
      patience.begin(silenceMs);
    };
    for await (const line of linesOf(answer, alive)) yield eventOf(line, request);
  } catch (error) {
    if (signal.aborted) return;
    if (!patience.isOver) throw asApiError(error, request);
    const text = failureText(request, { code: 'TIMEOUT', said: `not a byte for ${limitMs} ms` });
    throw new ApiError('SILENT', text, { cause: error });
  } finally {
    patience.close();
  }
}

async function refusalOf(answer: IncomingMessage, request: ApiRequest): Promise<ApiError> {
  const text = await readAll(answer, REFUSAL_BYTES_MAX);
  return failureOf({ status: answer.statusCode ?? 0, text, retryAfter: answer.headers['retry-after'] }, request);
}

/** Whole lines; what is left when the stream ends was cut off and means nothing. */
async function* linesOf(answer: AsyncIterable<Buffer>, alive: () => void): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    alive();
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      const line = Buffer.concat(parts).toString('utf8');
      parts = [];
      start = end + 1;
      if (line.trim() !== '') yield line;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
    size = (start === 0 ? size : 0) + chunk.length - start;
    if (size > LINE_BYTES_MAX)
      throw new ApiError('BAD_ANSWER', `the Kubernetes API sent a line of more than ${LINE_BYTES_MAX} bytes`);
  }
}

function eventOf(line: string, request: ApiRequest): WatchEvent {
  const what = describeRequest(request);
  const event = asRecord(parseAnswer(line, what));
  const object = asRecord(event?.['object']);
  const type = event?.['type'];
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { kind: type, object: asObject(object, what) };
    case 'BOOKMARK': {
      const resourceVersion = asRecord(object?.['metadata'])?.['resourceVersion'];
      if (typeof resourceVersion === 'string') return { kind: 'BOOKMARK', resourceVersion };
      break;
    }
    case 'ERROR':
      throw failureOf({ status: Number(object?.['code'] ?? 500), text: JSON.stringify(object) }, request);
    default:
      break;
  }
  throw new ApiError('BAD_ANSWER', `the Kubernetes API sent ${what} an event "${String(type)}" that can't be read`);
}
