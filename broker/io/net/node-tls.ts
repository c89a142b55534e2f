import type { LookupFunction, Socket } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import type { Log } from '../../ports/log.ts';
import type { MetricSource } from '../../ports/metrics.ts';
import { type Certificates, nameOf, type TlsMaterial, TLS_VERSION, watchSocket } from '../tls/certificates.ts';

/** How long a peer may take until it has shown who it is. */
const HANDSHAKE_MS_MAX = 5000;
/** Handshakes under way at a time on one listener: five connections of each of 25 brokers that come at once. */
export const HANDSHAKE_COUNT_MAX = 128;
/** Between two log lines about peers that were refused. */
const COMPLAINT_INTERVAL_MS = 10_000;

/** What peers are refused for. */
const REFUSALS = ['certificate', 'handshake', 'silence', 'crowd'] as const;
type Refusal = (typeof REFUSALS)[number];

/** What brokers know each other by. */
interface NodeTlsOptions {
  readonly certificates: Certificates;
  /** Id of this node's cluster; '' as long as it is not known, when nobody is let in and nobody is trusted. */
  readonly clusterId: () => string;
  readonly log: Log;
  readonly handshakeMs?: number;
}

/**
 * Mutual TLS between the nodes of a cluster: each shows the other which node it is, `weir://CLUSTER/node/ID`, before a byte of any
 * other protocol is read.
 */
export class NodeTls {
  readonly #options: NodeTlsOptions;
  readonly #refused = new Map<Refusal, number>();

  constructor(options: NodeTlsOptions) {
    this.#options = options;
  }

  /** What stands before a listener; `admit` takes the connections of nodes of this cluster, with their ids. */
  guard(admit: (socket: TLSSocket, node: number) => void): Guard {
    const nodeOf = (socket: TLSSocket) => this.#nodeOf(socket.getPeerCertificate().subjectaltname);
    const refused = (why: Refusal): void => void this.#refused.set(why, (this.#refused.get(why) ?? 0) + 1);
    return new Guard(this.#options, { nodeOf, admit, refused });
  }

  /** How many peers were refused. */
  readonly metrics: MetricSource = (emit) => {
    for (const reason of REFUSALS) {
      emit({
        name: 'weir_broker_listener_refused_connections_total',
        help: 'Connections to the listener of brokers that did not show in time that they are of a node of this cluster',
        type: 'counter',
        labels: { reason },
        value: this.#refused.get(reason) ?? 0,
      });
    }
  };

  /** Connects to what must be a certain node; `secureConnect` follows when it is, else `error`. */
  connect(
    address: { readonly host: string; readonly port: number; readonly lookup: LookupFunction },
    node: number,
  ): TLSSocket {
    const { certificates } = this.#options;
    const socket = connect({
      ...address,
      secureContext: certificates.context,
      checkServerIdentity: (_host, { subjectaltname }) => {
        if (this.#nodeOf(subjectaltname) === node) return undefined;
        const message = `the certificate is not that of node ${node} of this cluster`;
        return Object.assign(new Error(message), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
      },
    });
    socket.once('secureConnect', () => watchSocket(certificates, socket, { node }));
    return socket;
  }

  /** Which node of this cluster a certificate names; null for none, and for the operator. */
  #nodeOf(subjectAltName: string | undefined): number | null {
    const name = nameOf(subjectAltName);
    return name?.role === 'node' && name.clusterId === this.#options.clusterId() ? name.nodeId : null;
  }
}

/** What a guard asks, and tells. */
interface GuardHooks {
  readonly nodeOf: (socket: TLSSocket) => number | null;
  readonly admit: (socket: TLSSocket, node: number) => void;
  readonly refused: (why: Refusal) => void;
}

/** Takes over connections that have just come, and hands on those of whom it knows who they are. */
class Guard {
  readonly #options: NodeTlsOptions;
  readonly #hooks: GuardHooks;
  readonly #server: Server;
  readonly #forget: () => void;
  /** Connections that have not shown who they are, the oldest first, by their two ends. */
  readonly #underWay = new Map<
    string,
    { readonly socket: Socket; readonly timer: NodeJS.Timeout; why: Refusal | null }
  >();
  #complainedMs = Number.NEGATIVE_INFINITY;

  constructor(options: NodeTlsOptions, hooks: GuardHooks) {
    this.#options = options;
    this.#hooks = hooks;
    const { certificates } = options;
    const settings = (material: TlsMaterial) => ({ ...material, ...TLS_VERSION });
    // It listens nowhere: what it is given has passed the bounds. Whose certificate is not good is refused below, where it is known who that is.
    this.#server = createServer({ ...settings(certificates.material), requestCert: true, rejectUnauthorized: false });
    this.#server.on('secureConnection', (socket) => {
      this.#end(endsOf(socket));
      // Whoever takes it listens only in the loop's next turn.
      socket.on('error', () => socket.destroy());
      const node = socket.authorized ? hooks.nodeOf(socket) : null;
      if (node !== null) {
        watchSocket(certificates, socket, { node });
        hooks.admit(socket, node);
      } else {
        const unproven = socket.authorized ? 'NOT_A_NODE' : String(socket.authorizationError);
        hooks.refused('certificate');
        this.#complain(socket, `its certificate is not that of a node of this cluster (${unproven})`);
        socket.destroy();
      }
    });
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      this.#complain(socket, error.code ?? error.message);
      socket.destroy();
    });
    this.#forget = certificates.onChange((material) => this.#server.setSecureContext(settings(material)));
  }

  /** Begins the handshake of a new connection. When there are too many, the oldest goes: strangers who sit there keep nobody out. */
  take(socket: Socket): void {
    const ends = endsOf(socket);
    const [oldest] = this.#underWay.values();
    if (oldest !== undefined && this.#underWay.size >= HANDSHAKE_COUNT_MAX) {
      oldest.why = 'crowd';
      oldest.socket.destroy();
    }
    const timer = setTimeout(() => {
      this.#complain(socket, 'it did not show a certificate in time');
      begun.why = 'silence';
      socket.destroy();
    }, this.#options.handshakeMs ?? HANDSHAKE_MS_MAX);
    const begun = { socket, timer, why: 'handshake' as Refusal | null };
    this.#underWay.set(ends, begun);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      // Whoever has shown a certificate is not there any more.
      if (this.#underWay.has(ends) && begun.why !== null) this.#hooks.refused(begun.why);
      this.#end(ends);
    });
    this.#server.emit('connection', socket);
  }

  /** Breaks off the handshakes that are under way. */
  close(): void {
    this.#forget();
    for (const begun of this.#underWay.values()) {
      begun.why = null;
      begun.socket.destroy();
    }
  }

  #end(ends: string): void {
    clearTimeout(this.#underWay.get(ends)?.timer);
    this.#underWay.delete(ends);
  }

  #complain({ remoteAddress }: Socket, reason: string): void {
    const nowMs = performance.now();
    if (nowMs - this.#complainedMs < COMPLAINT_INTERVAL_MS) return;
    this.#complainedMs = nowMs;
    this.#options.log.warn({ address: remoteAddress, reason }, 'connection refused on the listener of brokers');
  }
}

function endsOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
