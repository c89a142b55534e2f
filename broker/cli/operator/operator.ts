import { join } from 'node:path';
import type { StepLine } from '../../../operator/controllers/step-log.ts';
import type { ApiClient } from '../../../operator/io/kubernetes/api-client.ts';
import { keepCertificates } from '../../../operator/io/kubernetes/certificates/keep.ts';
import { systemClock } from '../../../operator/io/system-clock.ts';
import { Operator, type OperatorOptions } from '../../../operator/main.ts';
import { isOperatorError } from '../../../operator/ports/operator-error.ts';
import { startHealthServer } from '../../io/http/health-server.ts';
import { createPinoLog, type PinoLog } from '../../io/logging/pino-log.ts';
import type { MetricSample } from '../../ports/metrics.ts';
import { messageOf, UserFault, usageFault } from '../fault.ts';
import { parseFlags, type ParsedFlags } from '../flags.ts';
import type { RunVerb } from '../verb.ts';
import { helpOf } from '../verbs.ts';
import { readVersion } from '../version.ts';
import { operatorMetrics } from './metrics.ts';
import { clientOf, optionsOf, sourceOf, withEnvironment } from './options.ts';
import { PodDialer } from './pod-dialer.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'];
/** A renewal that takes longer is tried again while the Lease still holds. */
const LEASE_DEADLINE_MS = 4000;
/** What is under way ends within its own deadlines, which is sooner. */
const STOP_MS = 15_000;
const HTTP_DEFAULT = ':9180';
const CANDIDATE = 'a candidate for the Lease';

/** `weir operator`: runs until it is stopped, or another one has taken over. `plan` and `ready` only look, and end. */
export const runOperator: RunVerb = async (args, terminal) => {
  const flags = withEnvironment(parseFlags('operator', helpOf('operator').flags, args));
  const [action, ...rest] = flags.positionals;
  if (rest.length > 0) throw usageFault('operator', `nothing to do with ${rest.join(' ')}`);
  // An operator that runs does without what these need.
  if (action === 'plan') return (await import('./plan.ts')).runPlan(flags, terminal);
  if (action === 'ready') return (await import('./ready.ts')).runReady(flags, terminal);
  if (action !== undefined) throw usageFault('operator', `nothing to do with ${action}`);
  for (const name of ['file', 'cluster', 'bootstrap', 'timeout'])
    if (flags.has(name)) throw usageFault('operator', `--${name} is for weir operator plan or ready`);
  const options = optionsOf(flags);
  const level = flags.text('log-level') ?? 'info';
  if (!LEVELS.includes(level)) throw usageFault('operator', `--log-level must be one of ${LEVELS.join(', ')}`);
  const log = createPinoLog({ level, fields: { operator: options.identity } });
  const source = sourceOf(flags);
  const http = addressOf('http', flags.text('http') ?? HTTP_DEFAULT);
  const keda = kedaOf(flags);
  try {
    const [api, leaseApi] = await Promise.all([clientOf(source), clientOf(source, LEASE_DEADLINE_MS)]);
    return process.exit(await lead({ api, leaseApi }, options, log, { http, keda }));
  } catch (error) {
    if (isOperatorError(error)) throw new UserFault(error.message);
    throw error;
  }
};

/** Runs an operator to its end; gives the exit code. */
async function lead(
  clients: { readonly api: ApiClient; readonly leaseApi: ApiClient },
  options: OperatorOptions,
  { log, flush }: PinoLog,
  { http, keda }: { readonly http: BindAddress; readonly keda: KedaOptions | null },
): Promise<number> {
  const ended = Promise.withResolvers<number>();
  const operator = new Operator(
    {
      ...clients,
      dialer: new PodDialer(),
      certify: (api, blueprint) => keepCertificates({ api, wallMs: Date.now }, blueprint),
      clock: systemClock,
      random: Math.random,
      wallMs: Date.now,
      wallTime: () => new Date().toISOString().replace('Z', '000Z'),
    },
    options,
    {
      lead: () => {
        log.info({ lease: options.lease.name }, 'this operator holds the Lease and works');
      },
      lost: (why) => {
        log.error({ why }, 'this operator has lost the Lease and ends');
        ended.resolve(1);
      },
      trouble: (what, error) => {
        log.warn({ what, code: error.code }, error.message);
      },
      step: (line) => {
        tellStep(log, line);
      },
    },
  );
  const collect = operatorMetrics(operator, Date.now, () => systemClock.monotonicMs());
  const server = startHealthServer(
    { ...http, setting: '--http' },
    {
      live: () => [],
      ready: async () => operator.unready(),
      metrics: async () => {
        const samples: MetricSample[] = [];
        collect((sample) => samples.push(sample));
        return samples;
      },
    },
    (failure, port) => {
      if (failure === null) log.info({ version: readVersion(), namespaces: options.namespaces, http: port }, CANDIDATE);
      else ended.reject(new UserFault(failure));
    },
  );
  const served = keda === null ? null : await serveBacklogs(operator, keda, log);
  const stop = (): void => {
    setTimeout(() => {
      ended.resolve(1);
    }, STOP_MS).unref();
    void operator.stop().then(() => {
      ended.resolve(0);
    });
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await ended.promise;
  } finally {
    server.close();
    await served?.close();
    flush();
  }
}

function tellStep(log: PinoLog['log'], { cluster, kind, what, why, failure, omitted }: StepLine): void {
  const about = { cluster, step: kind, why, ...(omitted === 0 ? {} : { omitted }) };
  if (failure === null) log.info(about, what);
  else log.warn(about, `${what}: ${failure}`);
}

interface BindAddress {
  readonly host: string;
  readonly port: number;
}

/** Where KEDA asks, and where the certificates are. */
interface KedaOptions extends BindAddress {
  readonly directory: string;
}

function kedaOf(flags: ParsedFlags): KedaOptions | null {
  const [address, directory] = [flags.text('keda'), flags.text('keda-certificates')];
  if (address === undefined && directory === undefined) return null;
  if (address === undefined || directory === undefined)
    throw usageFault('operator', '--keda and --keda-certificates go together: nobody is answered without certificates');
  return { ...addressOf('keda', address), directory };
}

/** Answers KEDA, whether this operator works or waits; a `UserFault` where it can't. */
async function serveBacklogs(
  operator: Operator,
  { directory, ...address }: KedaOptions,
  log: PinoLog['log'],
): Promise<{ close(): Promise<void> }> {
  // gRPC takes its time to load: most do without.
  const { serveKeda } = await import('./keda-server.ts');
  const { Certificates } = await import('../../io/tls/certificates.ts');
  const file = (name: string): string => join(directory, name);
  const files = { certFile: file('tls.crt'), keyFile: file('tls.key'), caFile: file('ca.crt') };
  let certificates: InstanceType<typeof Certificates>;
  try {
    certificates = new Certificates(files, log);
  } catch (error) {
    throw new UserFault(`--keda-certificates: ${messageOf(error)}`);
  }
  const backlogs = operator.backlogs();
  return new Promise((resolve, reject) => {
    serveKeda({ ...address, certificates, clock: systemClock }, backlogs, (failure, listener) => {
      if (listener === null) {
        reject(new UserFault(`--keda: ${failure}`));
        return;
      }
      log.info({ port: listener.port }, 'KEDA may ask for backlogs');
      const close = async (): Promise<void> => {
        listener.close();
        await backlogs.close();
      };
      resolve({ close });
    });
  });
}

function addressOf(flag: string, text: string): BindAddress {
  // The address of a pod comes without brackets, of whichever kind it is.
  const found = /^(?:\[([^\]]+)\]|(.*)):([0-9]{1,5})$/.exec(text);
  const port = Number(found?.[3] ?? -1);
  if (found === null || port > 65_535) throw usageFault('operator', `--${flag} must be [HOST]:PORT, not ${text}`);
  return { host: found[1] ?? found[2] ?? '', port };
}
