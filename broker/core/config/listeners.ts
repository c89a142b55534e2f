/** One entry of `listeners` or `advertised.listeners`. */
export interface ListenerEntry {
  /** Upper case, as Kafka normalises it. */
  readonly name: string;
  /** Empty: every address. */
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

/** Listeners, or why the text is refused. */
export type ParsedListeners =
  | { readonly problem: null; readonly listeners: readonly ListenerEntry[] }
  | { readonly problem: string; readonly listeners: null };

/** Name that a broker's address for other nodes has among its endpoints. No client listener may have it; clients never see it. */
export const CONTROLLER_LISTENER = 'CONTROLLER';

const LISTENER_COUNT_MAX = 16;
const ENTRY = /^([A-Za-z0-9_.-]{1,64}):\/\/(\[[0-9A-Fa-f:.%]*\]|[A-Za-z0-9._-]*):(-?[0-9]{1,6})$/;
const SECURED = /^(SSL|SASL_PLAINTEXT|SASL_SSL)$/;
const EVERY_ADDRESS: ReadonlySet<string> = new Set(['', '0.0.0.0', '::']);

/**
 * Reads `NAME://HOST:PORT,…`. Names are unique; IPv6 hosts stand in brackets. Names that Kafka ties to TLS or SASL are
 * refused as long as those of clients are plain text: they would be less safe than they look.
 */
export function parseListeners(text: string): ParsedListeners {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > LISTENER_COUNT_MAX) return refused(`must not hold more than ${LISTENER_COUNT_MAX} listeners`);
  const listeners: ListenerEntry[] = [];
  for (const part of parts) {
    const match = ENTRY.exec(part);
    if (match === null)
      return refused(`must be NAME://HOST:PORT entries separated by commas, not "${part.slice(0, 100)}"`);
    const [, rawName = '', rawHost = '', rawPort = ''] = match;
    const name = rawName.toUpperCase();
    const port = Number(rawPort);
    if (SECURED.test(name))
      return refused(`must not name a listener ${name}: clients are not served by TLS or SASL yet`);
    if (name === CONTROLLER_LISTENER)
      return refused(`must not name a listener ${name}: that is where nodes reach each other, at weir.grpc.port`);
    if (port < 0 || port > 65_535) return refused(`must have ports from 0 to 65535, not ${rawPort}`);
    if (listeners.some((entry) => entry.name === name)) return refused(`must not name listener ${name} twice`);
    if (port !== 0 && listeners.some((entry) => entry.port === port && clashes(entry.host, rawHost))) {
      return refused(`must not use port ${port} twice`);
    }
    listeners.push({ name, host: rawHost.startsWith('[') ? rawHost.slice(1, -1) : rawHost, port });
  }
  return { problem: null, listeners };
}

function clashes(one: string, other: string): boolean {
  return one === other || EVERY_ADDRESS.has(one) || EVERY_ADDRESS.has(other);
}

/** Whether a listener with this host is bound on every address of the machine. */
export function isEveryAddress(host: string): boolean {
  return EVERY_ADDRESS.has(host);
}

/** Security protocols by listener name, or why the text is refused. */
export type ParsedProtocolMap =
  | { readonly problem: null; readonly protocols: ReadonlyMap<string, string> }
  | { readonly problem: string; readonly protocols: null };

const PROTOCOL_ENTRY = /^([A-Za-z0-9_.-]{1,64}):(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$/;

/** Reads `NAME:PROTOCOL,…`; names are unique and become upper case. */
export function parseProtocolMap(text: string): ParsedProtocolMap {
  const protocols = new Map<string, string>();
  for (const part of text === '' ? [] : text.split(',')) {
    const match = PROTOCOL_ENTRY.exec(part.trim());
    if (match === null) {
      const problem = `must be NAME:PROTOCOL entries separated by commas, not "${part.trim().slice(0, 100)}"`;
      return { problem: `${problem}; protocols are PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL`, protocols: null };
    }
    const [, name = '', protocol = ''] = match;
    if (protocols.has(name.toUpperCase()))
      return { problem: `must not name ${name.toUpperCase()} twice`, protocols: null };
    protocols.set(name.toUpperCase(), protocol);
  }
  return { problem: null, protocols };
}

/**
 * The listener on which brokers reach each other by TLS; null where they speak in the clear. `name` is `inter.broker.listener.name`, `map`
 * a valid `listener.security.protocol.map`.
 */
export function nodeTlsListener(name: string, map: string): string | null {
  const listener = name.toUpperCase();
  return parseProtocolMap(map).protocols?.get(listener) === 'SSL' ? listener : null;
}

/**
 * What is wrong with these listeners under this map: only that of brokers may be SSL, and all others are PLAINTEXT. All texts are valid by
 * themselves. `hasCertificate`: whether the node has one to show to others.
 */
export function protocolProblem(
  listeners: string,
  map: string,
  brokers: { readonly name: string; readonly hasCertificate: boolean },
): string | null {
  const { protocols } = parseProtocolMap(map);
  const secured = nodeTlsListener(brokers.name, map);
  for (const { name } of parseListeners(listeners).listeners ?? []) {
    const protocol = protocols?.get(name) ?? 'PLAINTEXT';
    if (protocol !== 'PLAINTEXT' && name !== secured) {
      return `listener.security.protocol.map must not make listener ${name} ${protocol}: clients are not served by TLS or SASL yet, and brokers only by SSL on the listener that inter.broker.listener.name names`;
    }
  }
  if (secured === null || brokers.hasCertificate) return null;
  return `listener.security.protocol.map makes listener ${secured} SSL: that needs a certificate of this node, weir.grpc.tls.cert.file`;
}

/** What one listener binds and what clients are told. An advertised port of 0 means the port that was bound. */
export interface ResolvedListener {
  readonly name: string;
  readonly bindHost: string;
  readonly bindPort: number;
  readonly advertisedHost: string;
  readonly advertisedPort: number;
}

/** Resolved listeners, or why they don't fit together. */
export type ResolvedListeners =
  | { readonly problem: null; readonly listeners: readonly ResolvedListener[] }
  | { readonly problem: string; readonly listeners: null };

/**
 * Joins validated texts of `listeners` and `advertised.listeners`. A listener on every address must be advertised under
 * a name or address that clients can reach.
 */
export function resolveListeners(listeners: string, advertised: string): ResolvedListeners {
  const bound = parseListeners(listeners);
  if (bound.problem !== null) return refused(`listeners ${bound.problem}`);
  const told = advertised === '' ? { problem: null, listeners: [] } : parseListeners(advertised);
  if (told.problem !== null) return refused(`advertised.listeners ${told.problem}`);
  const stranger = told.listeners.find((entry) => !bound.listeners.some(({ name }) => name === entry.name));
  if (stranger !== undefined)
    return refused(`advertised.listeners names ${stranger.name}, which listeners does not have`);
  const resolved: ResolvedListener[] = [];
  for (const entry of bound.listeners) {
    const face = told.listeners.find(({ name }) => name === entry.name) ?? entry;
    if (isEveryAddress(face.host)) {
      return refused(`advertised.listeners must give listener ${entry.name} a host that clients can reach`);
    }
    resolved.push({
      name: entry.name,
      bindHost: entry.host,
      bindPort: entry.port,
      advertisedHost: face.host,
      advertisedPort: face.port,
    });
  }
  return { problem: null, listeners: resolved };
}

function refused(problem: string): { readonly problem: string; readonly listeners: null } {
  return { problem, listeners: null };
}
