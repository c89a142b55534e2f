import { API_VERSION } from '../../api/names.ts';
import type { Declared } from '../../core/declared.ts';
import { EventLog } from '../../core/event-log.ts';
import type { Happening } from '../../core/events.ts';
import type { KubernetesApi, ResourceType } from '../../ports/kubernetes.ts';
import { asOperatorError, type OperatorError } from '../../ports/operator-error.ts';
import { hashOf, MANAGER } from './objects/names.ts';

/** The type of an Event; of the core group, which every tool reads. */
const EVENTS: ResourceType = { group: '', version: 'v1', kind: 'Event', plural: 'events', isNamespaced: true };

/** Bounds that API servers have for events. */
const MESSAGE_LENGTH_MAX = 1_024;
const NAME_LENGTH_MAX = 230;

/** Whoever an event is about. */
type About = Pick<Declared, 'kind' | 'namespace' | 'name' | 'uid'>;

/** Writes Events. One that can't be written is told and forgotten: nothing waits for it. */
export class EventWriter {
  readonly #api: KubernetesApi;
  readonly #times: { readonly monotonicMs: () => number; readonly wallMs: () => number };
  readonly #trouble: (error: OperatorError) => void;
  readonly #log = new EventLog();

  constructor(
    api: KubernetesApi,
    times: { readonly monotonicMs: () => number; readonly wallMs: () => number },
    trouble: (error: OperatorError) => void,
  ) {
    this.#api = api;
    this.#times = times;
    this.#trouble = trouble;
  }

  /** The same text about the same object is one Event with a count, whichever operator wrote it. */
  async tell(about: About, { type, reason, message }: Happening): Promise<void> {
    const nowMs = this.#times.monotonicMs();
    const told = this.#log.happened(about.uid, `${type} ${reason} ${message}`, nowMs);
    if (told === null) return;
    const wallMs = this.#times.wallMs();
    const { kind, namespace, name, uid } = about;
    try {
      await this.#api.apply(
        EVENTS,
        {
          apiVersion: 'v1',
          kind: 'Event',
          metadata: {
            name: `${name.slice(0, NAME_LENGTH_MAX)}.${hashOf([uid, type, reason, message], 16)}`,
            namespace,
          },
          involvedObject: { apiVersion: API_VERSION, kind, namespace, name, uid },
          type,
          reason,
          message: message.slice(0, MESSAGE_LENGTH_MAX),
          count: told.count,
          firstTimestamp: timeText(wallMs - (nowMs - told.firstMs)),
          lastTimestamp: timeText(wallMs),
          source: { component: MANAGER },
          reportingComponent: MANAGER,
          reportingInstance: MANAGER,
        },
        { force: true },
      );
    } catch (error) {
      this.#trouble(asOperatorError(error));
    }
  }
}

/** RFC 3339 with whole seconds, as Kubernetes writes times. */
export function timeText(wallMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(wallMs)).toString({ smallestUnit: 'second' });
}
