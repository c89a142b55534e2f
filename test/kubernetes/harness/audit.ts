import { open } from 'node:fs/promises';
import { isRecord } from '../../../operator/api/validate.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';

/** What is known of one request that the API server answered. */
export interface AuditEntry {
  readonly verb: string;
  readonly requestURI: string;
  /** When it was answered. */
  readonly stageTimestamp: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  /** `authorization.k8s.io/decision` is `allow` or `forbid`. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of our own kinds alone. */
  readonly requestObject?: unknown;
}

/** The audit log of an API server, read on from where it was read to. */
export class AuditLog {
  readonly #path: string;
  readonly #entries: AuditEntry[] = [];
  #position = 0;
  /** One reader at a time. */
  #reading: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Everything that was written down so far. */
  async read(): Promise<readonly AuditEntry[]> {
    this.#reading = this.#reading.catch(() => undefined).then(() => this.#readOn());
    await this.#reading;
    return [...this.#entries];
  }

  async #readOn(): Promise<void> {
    const file = await open(this.#path, 'r');
    try {
      const { size } = await file.stat();
      const bytes = Buffer.alloc(size - this.#position);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, this.#position);
      // What comes after the last end of a line is still being written.
      const text = bytes.toString('utf8', 0, bytes.lastIndexOf(10, bytesRead - 1) + 1);
      for (const line of text.split('\n')) {
        // What an API server says of itself.
        if (line !== '') this.#entries.push(JSON.parse(line) as AuditEntry);
      }
      this.#position += Buffer.byteLength(text);
    } finally {
      await file.close();
    }
  }
}

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
/** What may be written though nothing changes. */
const RESTLESS: ReadonlySet<string> = new Set(['leases', 'events']);

const rightOf = (group: string, resource: string, verb: string): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}`;

/** What roles grant, as `verb resource.group`. */
export function grantsOf(roles: readonly KubernetesObject[]): ReadonlySet<string> {
  const texts = (rule: unknown, name: string): readonly string[] => {
    const list = isRecord(rule) ? rule[name] : null;
    return Array.isArray(list) ? list.map(String) : [];
  };
  const rules = roles.flatMap(({ rules: list }) => (Array.isArray(list) ? (list as readonly unknown[]) : []));
  return new Set(
    rules.flatMap((rule) =>
      texts(rule, 'apiGroups').flatMap((group) =>
        texts(rule, 'resources').flatMap((resource) =>
          texts(rule, 'verbs').map((verb) => rightOf(group, resource, verb)),
        ),
      ),
    ),
  );
}

/** What was asked for, as `verb resource.group`. Applying what is not there needs the right to create as well. */
export function usesOf(entries: readonly AuditEntry[]): ReadonlySet<string> {
  return new Set(
    entries.flatMap(({ verb, objectRef, responseStatus }) => {
      const { apiGroup = '', resource, subresource } = objectRef ?? {};
      if (resource === undefined) return [];
      const what = subresource === undefined ? resource : `${resource}/${subresource}`;
      const verbs = verb === 'patch' && responseStatus?.code === 201 ? [verb, 'create'] : [verb];
      return verbs.map((each) => rightOf(apiGroup, what, each));
    }),
  );
}

/** Whether something was changed, beyond that somebody said that he is there, or what he does. */
export function isChange({ verb, objectRef, responseStatus }: AuditEntry): boolean {
  return WRITES.has(verb) && !RESTLESS.has(objectRef?.resource ?? '') && (responseStatus?.code ?? 0) < 400;
}

/** One request in a line. */
export function describeEntry({ verb, requestURI, user, responseStatus, requestObject }: AuditEntry): string {
  const body = requestObject === undefined ? '' : ` ${JSON.stringify(requestObject)}`;
  return `${user.username} ${verb} ${requestURI}${body}: ${responseStatus?.code ?? 'no answer'}`;
}
