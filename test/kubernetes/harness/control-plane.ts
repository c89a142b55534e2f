import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { ApiClient } from '../../../operator/io/kubernetes/api-client.ts';
import { kubeConfigEndpoint } from '../../../operator/io/kubernetes/kube-config.ts';
import { type ApiRequest, type Endpoint, readAll, send } from '../../../operator/io/kubernetes/transport.ts';
import { systemClock } from '../../../operator/io/system-clock.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { API } from '../../../operator/api/names.ts';
import { isRecord } from '../../../operator/api/validate.ts';
import { kubernetesProgram } from '../../setup/kubernetes.ts';
import { mustRun, run, type RunResult } from '../../setup/run.ts';
import { Child } from '../../wire/harness/child.ts';
import { GiveUp, waitFor } from '../../wire/harness/wait.ts';
import { type AuditEntry, AuditLog } from './audit.ts';
import { mortal, type Program } from './mortal.ts';
import { ObjectReader } from './object-reader.ts';

const PORTS = {
  claim: 16_442,
  api: 16_443,
  etcd: 16_444,
  etcdPeer: 16_445,
  controllers: 16_446,
  scheduler: 16_447,
} as const;
const READY_DEADLINE_MS = 120_000;
const ASK_DEADLINE_MS = 30_000;
const ANSWER_BYTES_MAX = 64 << 20;
/** Where the controller manager makes volumes of claims, each a directory with a UUID for its name. */
const VOLUMES = /^\/tmp\/hostpath_pv\/[\w-]+$/;

/** The name of whoever makes volumes where there are nodes. */
export const LOCAL_PROVISIONER = 'weir.test/local';

/** Every request is written down once it is answered, that for our own kinds with its body. */
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Request', resources: [{ group: API.group }] }, { level: 'Metadata' }],
};

const STORAGE_CLASS = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'kubernetes.io/host-path',
  allowVolumeExpansion: true,
};

/** With nodes a volume is where its pod is, and somebody else makes it. */
const LOCAL_STORAGE_CLASS = {
  ...STORAGE_CLASS,
  provisioner: LOCAL_PROVISIONER,
  volumeBindingMode: 'WaitForFirstConsumer',
};

interface Claimed {
  readonly address: string;
  readonly claim: Server | null;
}

/** An address that no other control plane of this machine has: each listens on one port of its own as long as it is there. */
async function claimAddress(): Promise<Claimed> {
  for (;;) {
    const [second = 0, third = 0] = randomBytes(2);
    const address = `127.${10 + (second % 200)}.${third}.1`;
    const claim = createServer();
    const isFree = await new Promise<boolean>((settle, fail) => {
      claim.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE') settle(false);
        else fail(error);
      });
      claim.listen(PORTS.claim, address, () => settle(true));
    });
    if (isFree) return { address, claim };
  }
}

type Part = 'etcd' | 'apiServer' | 'controllerManager' | 'scheduler';

/** Where a control plane is that has real nodes. */
export interface NodeSite {
  readonly directory: string;
  /** On which it is reached from here, from nodes and from pods. */
  readonly address: string;
  /** A program as it is run in the network of the nodes. */
  enter(program: string, args: readonly string[]): Program;
}

/**
 * A Kubernetes on an address of its own: etcd, the API server with RBAC and an audit log, the controllers and, where asked for, the
 * scheduler. Without nodes its controllers bind claims to directories. `stop` ends all of it and removes what it wrote.
 */
export class ControlPlane {
  readonly directory: string;
  /** The path of a kubeconfig for somebody who may do everything. */
  readonly kubeconfig: string;
  /** By itself in a network of 256 that nothing else on this machine uses, as long as `#claim` is there. */
  readonly address: string;
  /** null: it is that of a site, which nobody else has. */
  readonly #claim: Server | null;
  readonly #site: NodeSite | null;
  readonly #token = randomBytes(16).toString('hex');
  readonly #children: { readonly name: Part; readonly child: Child }[] = [];
  readonly #clients: ApiClient[] = [];
  readonly #reader = new ObjectReader((path, query) => this.ask({ method: 'GET', path, query }));
  readonly #audit: AuditLog;
  #endpoint: Endpoint | null = null;

  private constructor(directory: string, { address, claim, site }: Claimed & { readonly site: NodeSite | null }) {
    this.directory = directory;
    this.#site = site;
    this.address = address;
    this.#claim = claim;
    this.kubeconfig = join(directory, 'admin.kubeconfig');
    this.#audit = new AuditLog(this.#file('audit.log'));
  }

  /**
   * Starts one and waits until it answers, and where it has controllers until namespaces have service accounts. Without them nothing is
   * made of objects, and nothing that belongs to others goes with them.
   */
  static async start({ controllers = true, scheduler = false } = {}): Promise<ControlPlane> {
    const claimed = await claimAddress();
    const plane = new ControlPlane(await mkdtemp(join(tmpdir(), 'weir-kubernetes-')), { ...claimed, site: null });
    return plane.#begin(controllers, scheduler);
  }

  /** The same for real nodes, with everything that it has. */
  static async startFor(site: NodeSite): Promise<ControlPlane> {
    return new ControlPlane(site.directory, { address: site.address, claim: null, site }).#begin(true, true);
  }

  async #begin(controllers: boolean, scheduler: boolean): Promise<ControlPlane> {
    try {
      await this.#start(controllers, scheduler);
      return this;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** The certificate by which the API server is known. Rejects while it is not there, or not whole. */
  async authority(): Promise<Buffer> {
    const text = await readFile(this.#file('certificates/apiserver.crt'));
    if (!text.toString('latin1').endsWith('-----END CERTIFICATE-----\n')) throw new Error('half a certificate');
    return text;
  }

  get url(): string {
    return `https://${this.address}:${PORTS.api}`;
  }

  get etcdUrl(): string {
    return `http://${this.address}:${PORTS.etcd}`;
  }

  async #start(controllers: boolean, scheduler: boolean): Promise<void> {
    await this.#writeFiles();
    await this.#run('etcd', this.#etcdFlags());
    await this.#run('apiServer', this.#apiServerFlags());
    await this.#wait('the API server makes its certificate', async () =>
      this.kubeconfigOf(this.#token, this.kubeconfig),
    );
    await this.#wait('the API server is ready', async () => this.kubectl('get', '--raw', '/readyz'));
    if (!controllers) return;
    await this.#run('controllerManager', this.#controllerFlags());
    if (scheduler) await this.#run('scheduler', this.#clientFlags(PORTS.scheduler));
    await this.apply(this.#site === null ? STORAGE_CLASS : LOCAL_STORAGE_CLASS);
    await this.#wait('there is a service account', async () => this.kubectl('get', 'serviceaccount', 'default'));
  }

  async #wait(what: string, probe: () => Promise<string>): Promise<void> {
    const alive = async (): Promise<string> => {
      const dead = this.#children.find(({ child }) => child.exitCode !== null);
      if (dead !== undefined) throw new GiveUp(`${dead.name} has ended: ${dead.child.tail()}`);
      return probe();
    };
    await waitFor(what, alive, { deadlineMs: READY_DEADLINE_MS, pollMs: 100 });
  }

  async #run(name: Part, args: readonly string[]): Promise<void> {
    const path = await kubernetesProgram(name);
    const program = this.#site?.enter(path, args) ?? mortal(path, args);
    this.#children.push({ name, child: new Child({ ...program, logFile: this.#file(`${name}.log`) }) });
  }

  async #writeFiles(): Promise<void> {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(this.#file('accounts.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
    await writeFile(this.#file('accounts.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    await writeFile(this.#file('tokens.csv'), `${this.#token},admin,admin,"system:masters"\n`, { mode: 0o600 });
    await writeFile(this.#file('audit-policy.json'), JSON.stringify(AUDIT_POLICY));
  }

  #file(name: string): string {
    return join(this.directory, name);
  }

  /** Writes a kubeconfig for whoever has a token; gives its path. */
  async kubeconfigOf(
    token: string,
    path = this.#file(`${randomBytes(4).toString('hex')}.kubeconfig`),
  ): Promise<string> {
    const authority = await this.authority();
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [
        { name: 'test', cluster: { server: this.url, 'certificate-authority-data': authority.toString('base64') } },
      ],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      users: [{ name: 'test', user: { token } }],
    };
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
    return path;
  }

  #etcdFlags(): readonly string[] {
    const peer = `http://${this.address}:${PORTS.etcdPeer}`;
    return [
      `--data-dir=${this.#file('etcd')}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
      `--listen-client-urls=${this.etcdUrl}`,
      `--advertise-client-urls=${this.etcdUrl}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ];
  }

  #apiServerFlags(): readonly string[] {
    return [
      `--etcd-servers=${this.etcdUrl}`,
      `--bind-address=${this.address}`,
      `--secure-port=${PORTS.api}`,
      `--endpoint-reconciler-type=${this.#site === null ? 'none' : 'lease'}`,
      '--kubelet-preferred-address-types=InternalIP',
      `--cert-dir=${this.#file('certificates')}`,
      `--token-auth-file=${this.#file('tokens.csv')}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${this.#file('accounts.pub')}`,
      `--service-account-signing-key-file=${this.#file('accounts.key')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      `--audit-policy-file=${this.#file('audit-policy.json')}`,
      `--audit-log-path=${this.#file('audit.log')}`,
      '--audit-log-mode=blocking',
    ];
  }

  #clientFlags(port: number): readonly string[] {
    return [
      `--kubeconfig=${this.kubeconfig}`,
      `--authentication-kubeconfig=${this.kubeconfig}`,
      `--authorization-kubeconfig=${this.kubeconfig}`,
      `--bind-address=${this.address}`,
      `--secure-port=${port}`,
      '--authentication-skip-lookup',
      '--leader-elect=false',
    ];
  }

  #controllerFlags(): readonly string[] {
    return [
      ...this.#clientFlags(PORTS.controllers),
      '--use-service-account-credentials',
      `--service-account-private-key-file=${this.#file('accounts.key')}`,
      `--root-ca-file=${this.#file('certificates/apiserver.crt')}`,
      ...(this.#site === null
        ? // No machine sends a sign of life.
          ['--enable-hostpath-provisioner', '--controllers=*,-node-lifecycle-controller']
        : ['--node-monitor-grace-period=20s']),
      '--kube-api-qps=200',
      '--kube-api-burst=400',
    ];
  }

  /** Kills the API server and starts it again; `meanwhile` is done while there is none. */
  async restartApiServer(meanwhile: () => Promise<void> = async () => undefined): Promise<void> {
    const at = this.#children.findIndex(({ name }) => name === 'apiServer');
    for (const { child } of this.#children.splice(at, 1)) await child.kill();
    await meanwhile();
    await this.#run('apiServer', this.#apiServerFlags());
    await this.#wait('the API server is ready again', async () => this.kubectl('get', '--raw', '/readyz'));
  }

  /** From now on nobody can tell what happened before. */
  async forgetHistory(): Promise<void> {
    const etcd = async (call: string, body: object): Promise<unknown> => {
      const answer = await fetch(`${this.etcdUrl}/v3/kv/${call}`, { method: 'POST', body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`etcd ${call}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    };
    const now = await etcd('range', { key: Buffer.from('/').toString('base64') });
    const header = isRecord(now) ? now['header'] : null;
    await etcd('compaction', { revision: isRecord(header) ? header['revision'] : null, physical: true });
  }

  /** What kubectl says; rejects unless it succeeds. */
  async kubectl(...args: readonly string[]): Promise<string> {
    return mustRun(await kubernetesProgram('kubectl'), args, { env: this.#environment() });
  }

  /** Runs kubectl, whatever comes of it. */
  async tryKubectl(args: readonly string[], input = ''): Promise<RunResult> {
    return run(await kubernetesProgram('kubectl'), args, { env: this.#environment(), input });
  }

  /** What a shell says whose kubectl is this one; rejects unless it succeeds. */
  async shell(script: string): Promise<string> {
    const path = `${dirname(await kubernetesProgram('kubectl'))}:${process.env['PATH'] ?? ''}`;
    return mustRun('/bin/sh', ['-euc', script], { env: { ...this.#environment(), PATH: path } });
  }

  /** What helm says; rejects unless it succeeds. */
  async helm(...args: readonly string[]): Promise<string> {
    return mustRun(await kubernetesProgram('helm'), args, { env: this.#environment() });
  }

  #environment(): Readonly<Record<string, string>> {
    const own = this.#file('home');
    return { KUBECONFIG: this.kubeconfig, HOME: own, HELM_CACHE_HOME: own, HELM_CONFIG_HOME: own, HELM_DATA_HOME: own };
  }

  /** Client-side `kubectl apply` of objects; gives what it says, warnings too. */
  async apply(...objects: readonly object[]): Promise<string> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const { exitCode, stdout, stderr } = await this.tryKubectl(['apply', '-f', '-'], list);
    if (exitCode !== 0) throw new Error(stderr);
    return `${stdout}${stderr}`;
  }

  /** An object or a list, asked for as kubectl is. */
  async get(...args: readonly string[]): Promise<KubernetesObject> {
    return this.#reader.get(args);
  }

  /** One request by whoever may do everything, and the JSON of its answer, a refusal too. */
  async ask(request: ApiRequest): Promise<Readonly<Record<string, unknown>>> {
    this.#endpoint ??= await kubeConfigEndpoint({ kind: 'file', path: this.kubeconfig });
    const answer = await send(this.#endpoint, request, AbortSignal.timeout(ASK_DEADLINE_MS));
    const said: unknown = JSON.parse(await readAll(answer, ANSWER_BYTES_MAX));
    if (!isRecord(said)) throw new Error(`${request.method} ${request.path}: no object`);
    return said;
  }

  /** Says how an object stands, as a kubelet does. */
  async patchStatus(path: string, status: object): Promise<void> {
    const contentType = 'application/merge-patch+json';
    const { kind, message } = await this.ask({
      method: 'PATCH',
      path: `${path}/status`,
      body: { status },
      contentType,
    });
    if (kind === 'Status') throw new Error(`${path}: ${String(message)}`);
  }

  /** A client of the operator's own kind; closed with the control plane. */
  async client(kubeconfig = this.kubeconfig, options: { readonly watchMs?: number } = {}): Promise<ApiClient> {
    const endpoint = await kubeConfigEndpoint({ kind: 'file', path: kubeconfig });
    const client = new ApiClient({ endpoint, clock: systemClock, ...options });
    this.#clients.push(client);
    return client;
  }

  /** The CRDs of `crds/` by client-side apply, and until they are served. */
  async applyCrds(files: readonly string[]): Promise<string> {
    const said = await this.apply(...files.map((text) => parse(text) as object));
    await this.kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s');
    return said;
  }

  /** What was asked of the API server so far. */
  async audit(): Promise<readonly AuditEntry[]> {
    return this.#audit.read();
  }

  /** Ends everything and removes it, volumes of claims too. */
  async stop(): Promise<void> {
    const volumes = this.#site === null ? await this.#volumes().catch(() => []) : [];
    for (const client of this.#clients) client.close();
    this.#endpoint?.close();
    await Promise.all(this.#children.map(async ({ child }) => child.kill()));
    for (const path of volumes) await rm(path, { recursive: true, force: true });
    await rm(this.directory, { recursive: true, force: true });
    this.#claim?.close();
  }

  async #volumes(): Promise<readonly string[]> {
    const { items } = await this.get('persistentvolumes');
    if (!Array.isArray(items)) return [];
    const paths = items.map((one: unknown) => {
      const spec = isRecord(one) ? one['spec'] : null;
      const hostPath = isRecord(spec) ? spec['hostPath'] : null;
      return isRecord(hostPath) ? String(hostPath['path']) : '';
    });
    return paths.filter((path) => VOLUMES.test(path));
  }
}
