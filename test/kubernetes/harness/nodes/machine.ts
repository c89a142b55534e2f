import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubernetesProgram } from '../../../setup/kubernetes.ts';
import { mustRun } from '../../../setup/run.ts';
import { Child } from '../../../wire/harness/child.ts';
import { waitFor } from '../../../wire/harness/wait.ts';
import type { ControlPlane } from '../control-plane.ts';
import type { Program } from '../mortal.ts';
import { type NodeNetwork, POD_RANGE } from './network.ts';
import { Volume } from '../../../faults/volume.ts';
import { killGroups, killShims, makeGroup, removeSockets, unmountBelow } from './processes.ts';

/** Of which a file takes what was written. */
const DISK_MIB = 8192;
const TAIL_LINES = 30;

/** What machines share. */
export interface MachineSite {
  readonly directory: string;
  readonly network: NodeNetwork;
  readonly plane: ControlPlane;
  /** The directory of the plugins for the network of pods. */
  readonly plugins: string;
  /** The archive and the name of the image that holds the network of a pod. */
  readonly pause: { readonly archive: string; readonly reference: string };
}

/** A real node: containerd and a kubelet, with what they store in a directory of its own. */
export class Machine {
  readonly name: string;
  readonly #site: MachineSite;
  readonly #index: number;
  readonly #directory: string;
  readonly #group: string;
  #children: Child[] = [];
  #disk: Volume | null = null;

  constructor(site: MachineSite, index: number) {
    this.#site = site;
    this.#index = index;
    this.name = `node-${index}`;
    this.#directory = join(site.directory, this.name);
    this.#group = `${groupPrefix(process.pid)}${this.name}`;
  }

  get #socket(): string {
    return join(this.#directory, 'containerd.sock');
  }

  /** Where its volumes are: a file system of its own, which loses at a power cut what was not synced. */
  get disk(): string {
    if (this.#disk === null) throw new Error(`${this.name} was never started`);
    return this.#disk.path;
  }

  /** Switches it on; it is a node some seconds later. */
  async start(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    this.#disk ??= await Volume.create({ sizeMiB: DISK_MIB });
    await this.#site.network.setHeard(this.#index, true);
    await makeGroup(this.#group);
    await this.#run('containerd', 'containerd', ['--config', await this.#containerdConfig()]);
    await waitFor(`containerd of ${this.name} answers`, async () => this.#ctr('version'));
    const { archive, reference } = this.#site.pause;
    if (!(await this.#ctr('images', 'list', '-q')).includes(reference)) await this.load(archive);
    const flags = [
      `--config=${await this.#kubeletConfig()}`,
      `--kubeconfig=${this.#site.plane.kubeconfig}`,
      `--root-dir=${join(this.#directory, 'kubelet')}`,
      `--cert-dir=${join(this.#directory, 'certificates')}`,
      `--hostname-override=${this.name}`,
      `--node-ip=${this.#site.network.nodeAddress(this.#index)}`,
    ];
    await this.#startServices();
    await this.#run('kubelet', await kubernetesProgram('kubelet'), flags);
  }

  /** Everything on it ends at once, and nobody hears that it has. What it had synced stays. */
  async cutPower(): Promise<void> {
    await this.#site.network.setHeard(this.#index, false);
    await this.#kill();
    await this.#disk?.cutPower();
  }

  /** Ends everything on it, and removes its disk. */
  async remove(): Promise<void> {
    await this.#kill();
    await this.#disk?.remove();
  }

  async #kill(): Promise<void> {
    const children = this.#children;
    this.#children = [];
    await children.at(-1)?.kill();
    // Before what watches over them: a container would run on without it.
    await killGroups(this.#group);
    await killShims(this.#directory);
    for (const child of children) await child.kill();
    await removeSockets(this.#directory);
    await unmountBelow(this.#directory);
  }

  /** Kills what runs in the containers of a pod, which stays. */
  async killContainers(podUid: string): Promise<void> {
    const wanted = `labels."io.kubernetes.pod.uid"==${podUid},labels."io.cri-containerd.kind"==container`;
    const ids = (await this.#ctr('containers', 'list', '-q', wanted)).split('\n').filter((id) => id !== '');
    // Those that ended before are among them.
    for (const id of ids) await this.#ctr('tasks', 'kill', '--signal', 'SIGKILL', id).catch(() => undefined);
  }

  /** Takes in the images of an archive. */
  async load(archive: string): Promise<void> {
    await this.#ctr('images', 'import', archive);
  }

  /** Gives an image another name. */
  async tag(reference: string, other: string): Promise<void> {
    await this.#ctr('images', 'tag', '--force', reference, other);
  }

  /** What a container of a pod said last, also of one that is gone. */
  podLog(namespace: string, pod: string, container: string): string {
    const lines: string[] = [];
    const all = existsSync(this.#podLogs) ? readdirSync(this.#podLogs) : [];
    for (const name of all.filter((one) => one.startsWith(`${namespace}_${pod}_`))) {
      const own = join(this.#podLogs, name, container);
      for (const file of existsSync(own) ? readdirSync(own) : [])
        lines.push(...readFileSync(join(own, file), 'utf8').trimEnd().split('\n'));
    }
    return lines.slice(-TAIL_LINES).join('\n');
  }

  get #podLogs(): string {
    return join(this.#directory, 'pod-logs');
  }

  /** A program as it is run on it, beside its pods. */
  enter(program: string, args: readonly string[]): Program {
    return this.#site.network.enterNode(this.#index, program, args);
  }

  /** What its programs said last. */
  describe(): string {
    return this.#children.map((child) => `--- ${this.name}\n${child.tail()}`).join('\n');
  }

  async #run(name: string, program: string, args: readonly string[]): Promise<void> {
    const logFile = join(this.#directory, `${name}.log`);
    this.#children.push(new Child({ ...this.enter(program, args), logFile }));
  }

  async #ctr(...args: readonly string[]): Promise<string> {
    return mustRun('ctr', ['--address', this.#socket, '--namespace', 'k8s.io', ...args]);
  }

  /** Lets pods of other nodes and whoever is outside come to those of this one. */
  async #startServices(): Promise<void> {
    const path = join(this.#directory, 'kube-proxy.json');
    const config = {
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: 'nftables',
      clientConnection: { kubeconfig: this.#site.plane.kubeconfig },
      clusterCIDR: POD_RANGE,
      hostnameOverride: this.name,
      healthzBindAddress: '127.0.0.1:10256',
      metricsBindAddress: '127.0.0.1:10249',
      // These belong to the machine, not to a network of it.
      conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    };
    await writeFile(path, JSON.stringify(config));
    await this.#run('kube-proxy', await kubernetesProgram('kubeProxy'), [`--config=${path}`]);
  }

  /** The directory with the settings of the network of its pods. */
  async #podNetwork(): Promise<string> {
    const own = join(this.#directory, 'pod-network');
    await mkdir(own, { recursive: true });
    const bridge = {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: false,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: join(this.#directory, 'pod-addresses'),
        ranges: [[{ subnet: this.#site.network.podRange(this.#index) }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    };
    const network = { cniVersion: '0.4.0', name: `weir-${process.pid}-${this.name}`, plugins: [bridge] };
    await writeFile(join(own, '10-pods.conflist'), JSON.stringify(network));
    return own;
  }

  async #containerdConfig(): Promise<string> {
    const path = join(this.#directory, 'containerd.toml');
    const { plugins, pause } = this.#site;
    const pods = await this.#podNetwork();
    const at = (name: string): string => JSON.stringify(join(this.#directory, name));
    const useless = [
      'snapshotter.v1.aufs',
      'snapshotter.v1.btrfs',
      'snapshotter.v1.devmapper',
      'snapshotter.v1.zfs',
      'internal.v1.opt',
    ];
    await writeFile(
      path,
      `version = 2
root = ${at('containerd')}
state = ${at('containerd-state')}
disabled_plugins = ${JSON.stringify(useless.map((name) => `io.containerd.${name}`))}
[grpc]
  address = ${JSON.stringify(this.#socket)}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${JSON.stringify(pause.reference)}
  stream_server_address = "127.0.0.1"
  netns_mounts_under_state_dir = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${JSON.stringify(plugins)}
    conf_dir = ${JSON.stringify(pods)}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
`,
    );
    return path;
  }

  async #kubeletConfig(): Promise<string> {
    const path = join(this.#directory, 'kubelet.json');
    const resolvConf = join(this.#site.directory, 'no-resolv.conf');
    await writeFile(resolvConf, '');
    const config = {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      address: this.#site.network.nodeAddress(this.#index),
      healthzPort: 0,
      // Nobody is in this network but the test and its pods.
      authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
      authorization: { mode: 'AlwaysAllow' },
      failCgroupV1: false,
      cgroupDriver: 'cgroupfs',
      cgroupRoot: `/${this.#group}`,
      clusterDNS: [this.#site.network.centre],
      clusterDomain: 'cluster.local',
      containerRuntimeEndpoint: `unix://${this.#socket}`,
      podLogsDir: this.#podLogs,
      resolvConf,
      failSwapOn: false,
      imageGCHighThresholdPercent: 100,
      imageGCLowThresholdPercent: 99,
      evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
      nodeStatusUpdateFrequency: '4s',
    };
    await writeFile(path, JSON.stringify(config));
    return path;
  }
}

/** How the names of the control groups of all machines of a process begin. */
export const groupPrefix = (pid: number): string => `weir-nodes-${pid}-`;
