import { createServer, type Server, type ServerResponse } from 'node:http';
import { HEALTH_NOTE } from '../../ports/health.ts';
import type { MetricSample } from '../../ports/metrics.ts';
import { METRICS_CONTENT_TYPE, renderMetrics } from '../metrics/exposition.ts';

/** What the endpoints tell of. Each answer comes with a deadline of the caller's. */
export interface HealthSource {
  /** Reasons why the process should be restarted; none when it is alive. */
  live(): readonly string[];
  /** Reasons why clients can't be served yet; none when they can, but for notes (`HEALTH_NOTE`). */
  ready(): Promise<readonly string[]>;
  /** Everything that is measured at this moment. */
  metrics(): Promise<readonly MetricSample[]>;
}

const HEADERS_TIMEOUT_MS = 5000;
const CONNECTIONS_MAX = 64;

/**
 * `/livez` (also `/healthz`), `/readyz` (200, or 503 with one reason a line) and `/metrics`. `done` gets the bound port or an error that
 * names the address.
 */
export function startHealthServer(
  address: {
    /** '': all addresses. */
    readonly host: string;
    readonly port: number;
    /** What sets it. */
    readonly setting?: string;
  },
  source: HealthSource,
  done: (failure: string | null, port: number) => void,
): Server {
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: HEADERS_TIMEOUT_MS },
    (request, response) => {
      answer(request.method ?? '', request.url ?? '', source, response).catch((error: unknown) => {
        send(response, 503, `${error instanceof Error ? error.message : String(error)}\n`);
      });
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.once('error', (error: NodeJS.ErrnoException) => {
    const where = `${address.setting ?? 'weir.http.port'}: ${address.host}:${address.port}`;
    const taken = `${where} is taken by another process; free it, choose another port, or 0 for a free one`;
    done(error.code === 'EADDRINUSE' ? taken : `${where}: ${error.code ?? error.message}`, 0);
  });
  server.listen(address.port, address.host, () => {
    const bound = server.address();
    done(null, bound !== null && typeof bound === 'object' ? bound.port : address.port);
  });
  return server;
}

async function answer(method: string, url: string, source: HealthSource, response: ServerResponse): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') {
    send(response, 405, 'only GET is answered here\n');
    return;
  }
  const path = url.split('?', 1)[0];
  switch (path) {
    case '/livez':
    case '/healthz':
      sendReasons(response, source.live());
      return;
    case '/readyz':
      sendReasons(response, await source.ready());
      return;
    case '/metrics':
      send(response, 200, await renderMetrics(await source.metrics()), METRICS_CONTENT_TYPE);
      return;
    default:
      send(response, 404, 'known paths: /livez /readyz /metrics\n');
  }
}

function sendReasons(response: ServerResponse, reasons: readonly string[]): void {
  const notes = reasons.filter((reason) => reason.startsWith(HEALTH_NOTE));
  if (notes.length === reasons.length) send(response, 200, ['ok', ...notes, ''].join('\n'));
  else send(response, 503, `${reasons.join('\n')}\n`);
}

function send(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
