import { type AnyResource, nameOf } from '../api/kinds.ts';
import type { Condition, Desired } from './desired.ts';
import { INSTRUCTIONS, type Instructions, instructionsOf } from './instructions.ts';
import type { Plan } from './plan.ts';
import { describeStep, type Step } from './steps.ts';

/** Steps that are told one by one; of further ones the number is given. */
const TOLD_MAX = 3;

/** Who has what told only: `resource` as in `nameOf`. */
interface Holder {
  readonly resource: string;
  readonly reason: 'Paused' | 'ClusterPaused' | 'Observed';
  readonly why: string;
}

/** Which steps of a plan are told and not carried out, by the wishes of those whom they belong to. */
export class Holds {
  readonly #cluster: string;
  readonly #holders = new Map<string, Holder>();
  readonly #isPaused: boolean;

  constructor(desired: Desired) {
    this.#cluster = nameOf(desired.cluster);
    this.#isPaused = instructionsOf(desired.cluster).isPaused;
    for (const resource of [desired.cluster, ...desired.topics, ...desired.shareGroups]) {
      const holder = holderOf(nameOf(resource), instructionsOf(resource));
      if (holder !== null) this.#holders.set(holder.resource, holder);
    }
  }

  /** The steps that may be carried out, the others, and what is to be said of them. */
  split(steps: readonly Step[]): Pick<Plan, 'steps' | 'held' | 'conditions'> {
    const held = new Map<string, Step[]>();
    const free = steps.filter((step) => {
      const owner = 'resource' in step ? step.resource : this.#cluster;
      const holder = this.#holders.get(owner);
      // Who pauses and deletes means the latter: nothing is deleted that is only looked at.
      if (endsContent(step) && holder?.reason !== 'Observed') return true;
      if (!this.#isPaused && holder === undefined) return true;
      held.set(owner, [...(held.get(owner) ?? []), step]);
      return false;
    });
    const owners = new Set([...this.#holders.keys(), ...held.keys()]);
    return {
      steps: free,
      held: [...held.values()].flat(),
      conditions: [...owners].map((owner) => this.#tell(owner, held.get(owner) ?? [])),
    };
  }

  #tell(resource: string, steps: readonly Step[]): Condition {
    const { reason, why } = this.#holders.get(resource) ?? {
      reason: 'ClusterPaused',
      why: `nothing is done while ${this.#cluster} is paused`,
    };
    const told = steps.slice(0, TOLD_MAX).map(describeStep);
    const more = steps.length > told.length ? [`${steps.length - told.length} more`] : [];
    const rest = steps.length === 0 ? 'there is nothing to do' : `to be done: ${[...told, ...more].join('; ')}`;
    return { resource, type: 'Paused', reason, message: `${why}; ${rest}` };
  }
}

/** Whether a step ends what somebody deleted. */
function endsContent({ kind }: Step): boolean {
  return kind === 'DeleteTopic' || kind === 'DeleteGroup';
}

/** Whether nothing is done about a manifest itself: of a Cluster its nodes, its voters and its settings. */
export function isHeld(resource: AnyResource): boolean {
  return holderOf(nameOf(resource), instructionsOf(resource)) !== null;
}

function holderOf(resource: string, { isPaused, isObserved }: Instructions): Holder | null {
  if (isPaused) return { resource, reason: 'Paused', why: `nothing is done while it has ${INSTRUCTIONS.pause}` };
  if (isObserved)
    return { resource, reason: 'Observed', why: `it is left as it is while it has ${INSTRUCTIONS.adopt}` };
  return null;
}
