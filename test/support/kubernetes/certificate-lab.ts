import { X509Certificate } from 'node:crypto';
import { keepCertificates, type Kept } from '../../../operator/io/kubernetes/certificates/keep.ts';
import type { Blueprint } from '../../../operator/io/kubernetes/objects/blueprint.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { clusterOf, settledBlueprint } from './rendered.ts';
import type { Stage } from './stage.ts';
import { TYPES } from './types.ts';

/** A day, ms. */
export const DAY_MS = 86_400_000;

/** The Secrets of a cluster `orders` on an API server, kept by a clock that the test sets. */
export class CertificateLab {
  readonly stage: Stage;
  /** Wall clock, ms since 1970. */
  nowMs: number;
  blueprint: Blueprint = settledBlueprint(clusterOf({ brokers: { replicas: 3 } }));

  constructor(stage: Stage, nowMs: number) {
    this.stage = stage;
    this.nowMs = nowMs;
  }

  /** Looks once; gives what came of it. */
  keep(): Promise<Kept> {
    return keepCertificates({ api: this.stage.client(), wallMs: () => this.nowMs }, this.blueprint);
  }

  /** Looks once; gives the names of Secrets that were written. */
  async written(): Promise<readonly string[]> {
    const before = this.stage.server.requests.length;
    await this.keep();
    // What is created, by a request that does not name it, is applied then.
    const writes = this.stage.server.requests.slice(before).filter(({ method }) => method === 'PATCH');
    return [...new Set(writes.map(({ path }) => nameIn(path)))];
  }

  secret(name: string): KubernetesObject | null {
    return this.stage.server.store.find(TYPES.secrets, 'prod', name);
  }

  /** The files in a Secret, by name. */
  files(name: string): Readonly<Record<string, string>> {
    // What is below `data` of a Secret.
    const data = (this.secret(name)?.['data'] ?? {}) as Readonly<Record<string, string>>;
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );
  }

  /** A person changes the files of a Secret; undefined takes one away. */
  edit(name: string, files: Readonly<Record<string, string | undefined>>): void {
    const writer = { manager: 'kubectl-edit', subresource: '' } as const;
    this.stage.server.store.update(TYPES.secrets, { namespace: 'prod', name }, writer, (draft) => {
      const data = { ...this.#data(draft) };
      for (const [key, text] of Object.entries(files)) {
        if (text === undefined) delete data[key];
        else data[key] = Buffer.from(text).toString('base64');
      }
      return { ...draft, data };
    });
  }

  delete(name: string): void {
    this.stage.server.store.delete(TYPES.secrets, { namespace: 'prod', name });
  }

  /** The certificate of a node. */
  node(id: number): X509Certificate {
    return new X509Certificate(this.files('orders-node-tls')[`orders-broker-${id}.crt`] ?? '');
  }

  /** The authorities in a Secret's `ca.crt`. */
  authorities(name = 'orders-node-tls'): readonly X509Certificate[] {
    const blocks = (this.files(name)['ca.crt'] ?? '').match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----\n/g) ?? [];
    return blocks.map((block) => new X509Certificate(block));
  }

  /** Which of the authorities, by their place, signed a certificate. */
  signerOf(one: X509Certificate): number {
    return this.authorities().findIndex((each) => one.checkIssued(each) && one.verify(each.publicKey));
  }

  #data(secret: KubernetesObject): Record<string, string> {
    return (secret['data'] ?? {}) as Record<string, string>;
  }
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
