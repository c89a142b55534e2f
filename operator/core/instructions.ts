import { nearest, show } from '../api/issue.ts';
import { type AnyResource, nameOf } from '../api/kinds.ts';
import { API } from '../api/names.ts';
import type { Condition } from './desired.ts';

/** Annotations by which people tell the operator what a spec has no words for. Nobody but people writes them. */
export const INSTRUCTIONS = {
  /** Any kind. `"true"`: plans are made and told, nothing is carried out. On a Cluster also for its Topics and ShareGroups. */
  pause: `${API.group}/pause`,
  /** Any kind. `"observe"`: what differs from the manifest is told and left alone (O12). */
  adopt: `${API.group}/adopt`,
  /** Cluster. Each new value restarts every node once, one after the other. */
  restart: `${API.group}/restart`,
  /** Cluster. Id of a node that is to get a new disk, once for as long as it stands there (O1). */
  replaceNode: `${API.group}/replace-node`,
  /** Cluster. The number of brokers that a manifest may fall to without saying it (O10). */
  confirmScaleDown: `${API.group}/confirm-scale-down`,
} as const;

/** What the annotations of one manifest ask for. What can't be read asks for nothing, and what may be a wish to stop is one. */
export interface Instructions {
  readonly isPaused: boolean;
  readonly isObserved: boolean;
  /** null: nobody asks. */
  readonly restart: string | null;
  /** The node that is to get a new disk; null: nobody asks. */
  readonly replacedNode: number | null;
  /** null: nobody confirms anything. */
  readonly confirmedBrokers: number | null;
  /** One sentence for each annotation that can't be read. */
  readonly problems: readonly string[];
}

/** It becomes an annotation of pods, and is told in events. */
const RESTART_LENGTH_MAX = 100;
const NUMBER = /^(0|[1-9][0-9]{0,3})$/;
const ANYWHERE: readonly string[] = [INSTRUCTIONS.pause, INSTRUCTIONS.adopt];

/** What was read, by manifest: these never change, and each look at a Cluster asks for those of all its groups some times. */
const known = new WeakMap<AnyResource, Instructions>();

/** What the annotations of a manifest ask for. */
export function instructionsOf(resource: AnyResource): Instructions {
  const before = known.get(resource);
  if (before !== undefined) return before;
  const read = readInstructions(resource);
  known.set(resource, read);
  return read;
}

function readInstructions(resource: AnyResource): Instructions {
  const problems: string[] = [];
  const own = Object.values(INSTRUCTIONS).filter((name) => resource.kind === 'Cluster' || ANYWHERE.includes(name));
  const annotations = resource.metadata.annotations ?? new Map<string, string>();
  for (const name of [...annotations.keys()].sort()) {
    if (!name.startsWith(`${API.group}/`) || own.some((one) => one === name)) continue;
    const isOther = Object.values<string>(INSTRUCTIONS).includes(name);
    const meant = nearest(name, own);
    const hint = isOther ? '; it is for Clusters' : meant === null ? '' : `; did you mean ${meant}?`;
    problems.push(`annotation ${name} means nothing on a ${resource.kind}${hint}`);
  }
  const read = <T>(name: string, wanted: string, parse: (text: string) => T | null): T | null => {
    const text = own.some((one) => one === name) ? annotations.get(name) : undefined;
    if (text === undefined) return null;
    const value = parse(text);
    if (value === null) problems.push(`annotation ${name} must be ${wanted}, not ${show(text)}`);
    return value;
  };
  const pause = read(INSTRUCTIONS.pause, '"true" or "false"', (text) => WORDS.get(text) ?? null);
  const adopt = read(INSTRUCTIONS.adopt, '"observe"', (text) => (text === 'observe' ? true : null));
  return {
    isPaused: pause ?? annotations.has(INSTRUCTIONS.pause),
    isObserved: adopt ?? annotations.has(INSTRUCTIONS.adopt),
    restart: read(INSTRUCTIONS.restart, `a text of 1 to ${RESTART_LENGTH_MAX} characters, such as a time`, restartOf),
    replacedNode: read(INSTRUCTIONS.replaceNode, 'the id of a node, such as "1"', numberOf),
    confirmedBrokers: read(INSTRUCTIONS.confirmScaleDown, 'a number of brokers, such as "3"', numberOf),
    problems,
  };
}

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);

const restartOf = (text: string): string | null =>
  text.trim() !== '' && text.length <= RESTART_LENGTH_MAX ? text : null;

const numberOf = (text: string): number | null => (NUMBER.test(text) ? Number(text) : null);

/** What is to be said of annotations that can't be read. They keep nothing else from being done. */
export function badInstructions(resources: readonly AnyResource[]): readonly Condition[] {
  return resources.flatMap((resource) => {
    const { problems } = instructionsOf(resource);
    if (problems.length === 0) return [];
    const message = problems.join('; ');
    return [{ resource: nameOf(resource), type: 'Stalled', reason: 'InvalidAnnotation', message } as const];
  });
}
