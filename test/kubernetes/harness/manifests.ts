import { API, API_VERSION, type Kind } from '../../../operator/api/names.ts';
import { asRecord } from '../../../operator/io/kubernetes/answer.ts';
import { type ApiClient, pathOf } from '../../../operator/io/kubernetes/api-client.ts';
import type { KubernetesObject, ResourceType } from '../../../operator/ports/kubernetes.ts';
import { type Case, objectOf } from '../../support/manifests/case.ts';
import type { ControlPlane } from './control-plane.ts';

type Answer = Readonly<Record<string, unknown>>;

/** What the API server has against one field; `path` is empty where it names none. */
export interface Finding {
  readonly path: string;
  readonly message: string;
}

/** The type of a kind of ours. */
export const typeOf = (kind: Kind): ResourceType => ({
  group: API.group,
  version: API.version,
  kind,
  plural: API.kinds[kind].plural,
  isNamespaced: true,
});

/** The manifests of the table, before an API server that has the CRDs. Fields that it doesn't know are refused, as kubectl asks for. */
export class Manifests {
  readonly #plane: ControlPlane;
  readonly #client: ApiClient;

  private constructor(plane: ControlPlane, client: ApiClient) {
    this.#plane = plane;
    this.#client = client;
  }

  static async open(plane: ControlPlane): Promise<Manifests> {
    return new Manifests(plane, await plane.client());
  }

  /** What the API server has against a manifest, or against the change that it is. Nothing of it stays. */
  async verdict(one: Case): Promise<readonly Finding[]> {
    return findingsOf(await this.#tried(one));
  }

  /** A manifest that is taken, as the API server would keep it. */
  async stored(one: Case): Promise<KubernetesObject> {
    // It was taken, and what is taken is answered.
    return (await this.#tried(one)) as unknown as KubernetesObject;
  }

  async #tried(one: Case): Promise<Answer> {
    const type = typeOf(one.kind);
    const object = objectOf(one, one.spec);
    const place = { namespace: 'default', name: one.name ?? 'a' };
    if (one.before === undefined) return this.#ask('POST', pathOf(type, { namespace: place.namespace }), object, 'All');
    const path = pathOf(type, { namespace: place.namespace });
    const made = await this.#ask('POST', path, objectOf(one, one.before), '');
    if (made['kind'] === 'Status') throw new Error(`what is there before is refused: ${JSON.stringify(made)}`);
    try {
      const metadata = { ...place, resourceVersion: asRecord(made['metadata'])?.['resourceVersion'] };
      return await this.#ask('PUT', pathOf(type, place), { ...object, metadata }, 'All');
    } finally {
      await this.#client.delete(type, place);
    }
  }

  #ask(method: 'POST' | 'PUT', path: string, body: object, dryRun: 'All' | ''): Promise<Answer> {
    const query = { fieldValidation: 'Strict', ...(dryRun === '' ? {} : { dryRun }) };
    return this.#plane.ask({ method, path, query, body });
  }

  /** Writes the status of a Cluster in `default` as the operator does, for its generation of now; `more` is sent with it. */
  async writeStatus(name: string, ready: 'True' | 'False', more: object = {}): Promise<void> {
    const type = typeOf('Cluster');
    const now = await this.#client.get(type, { namespace: 'default', name });
    const observedGeneration = now?.metadata.generation ?? 0;
    const condition = {
      type: 'Ready',
      status: ready,
      reason: 'Test',
      message: 'as the test wants it',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration,
    };
    await this.#client.applyStatus(type, {
      apiVersion: API_VERSION,
      kind: 'Cluster',
      metadata: { name, namespace: 'default' },
      status: { observedGeneration, conditions: [condition] },
      ...more,
    });
  }
}

/** The causes of a refusal; none when it is none. */
function findingsOf(answer: Answer): readonly Finding[] {
  if (answer['kind'] !== 'Status') return [];
  const message = String(answer['message']);
  const causes = asRecord(answer['details'])?.['causes'];
  if (Array.isArray(causes)) {
    return causes.map((cause: unknown) => {
      const said = asRecord(cause);
      return { path: String(said?.['field'] ?? ''), message: String(said?.['message']) };
    });
  }
  const unknown = [...message.matchAll(/unknown field "([^"]*)"/g)].map(([, path = '']) => ({ path, message }));
  return unknown.length > 0 ? unknown : [{ path: '', message }];
}
