import { type Draft, type Judgement, type Standing, type StatusOf, summary } from './conditions.ts';
import type { Happening } from './events.ts';
import { decide, type ScalingMemory, type ScalingPolicy } from './scaling.ts';

/** What the status of a ShareGroup says of its consumers. */
export type ScalingRecord = NonNullable<StatusOf<'ShareGroup'>['scaling']>;

/** Why consumers are not scaled. */
export interface ScalingObstacle {
  readonly reason: string;
  readonly message: string;
  /** `stalled`: somebody has to change something first. `unsure`: nobody can tell yet. `off`: it is so for now. */
  readonly kind: 'stalled' | 'unsure' | 'off';
}

/** A change of the number of replicas. */
export interface ScalingOrder {
  readonly from: number;
  readonly to: number;
}

/** What is known of the consumers of a group that may be scaled. */
export interface ScalingScene {
  readonly policy: ScalingPolicy;
  /** As people name it, such as `Deployment workers`. */
  readonly target: string;
  readonly current: number;
  /** Records that are not done with, or why that can't be told. */
  readonly backlog: number | string;
  /** What was said of it last; null: it was not scaled before. */
  readonly record: ScalingRecord | null;
  /** The number that this operator knows to have given; null: it has only the record. */
  readonly given: number | null;
  /** The manifest is another than when something was said of it last. */
  readonly isEdited: boolean;
  readonly memory: ScalingMemory | null;
  /** Monotonic. */
  readonly nowMs: number;
  /** ms since the epoch. */
  readonly wallMs: number;
}

/** What is to be said and done about the consumers of a group. */
export interface ScalingVerdict {
  readonly memory: ScalingMemory | null;
  readonly record: ScalingRecord | null;
  readonly judgement: Judgement;
  /** How the ShareGroup stands for this alone; null: as it does. */
  readonly standing: Standing | null;
  readonly order: ScalingOrder | null;
}

/** So long a number that somebody else chose is left alone. */
export const HOLD_MS = 600_000;

const TYPE = 'ScalingActive';
const OFF = { off: 'False', stalled: 'False', unsure: 'Unknown' } as const;

/** RFC 3339, whole seconds. */
const timeText = (ms: number): string =>
  Temporal.Instant.fromEpochMilliseconds(Math.floor(ms)).toString({ smallestUnit: 'second' });

/** The verdict where an obstacle is in the way: unless nobody can tell whether there is one, what was known says nothing once it is gone. */
export function hindered(
  { reason, message, kind }: ScalingObstacle,
  known: Pick<ScalingVerdict, 'memory' | 'record'>,
): ScalingVerdict {
  const judgement: Judgement = { type: TYPE, status: OFF[kind], reason, message };
  const standing: Standing | null = kind === 'stalled' ? { kind, reason, message } : null;
  const kept = kind === 'unsure' ? known : { memory: null, record: null };
  return { ...kept, judgement, standing, order: null };
}

/**
 * The verdict on consumers that may be scaled. The record is to be written before the order is carried out: whoever dies in between is
 * followed by one who knows both numbers for its own. Any other number is somebody else's, and left alone for a while.
 */
export function scalingVerdict(scene: ScalingScene): ScalingVerdict {
  const { policy, target, current, backlog, record, wallMs } = scene;
  const isForeign = record !== null && !ownNumbers(record, scene.given).includes(current);
  const heldUntilMs = isForeign ? wallMs + HOLD_MS : heldMs(scene);
  const isUnknown = typeof backlog === 'string';
  const known = heldUntilMs !== null || isUnknown ? null : backlog;
  const { memory, replicas, isAtMaximum } = decide(
    policy,
    { nowMs: scene.nowMs, backlog: known, current },
    scene.memory,
  );
  const say = (status: Judgement['status'], reason: string, message: string): Judgement => ({
    type: TYPE,
    status,
    reason,
    message,
  });
  const { lastScale, desiredReplicas = current } = record ?? {};
  const before = lastScale === undefined ? {} : { lastScale };
  const kept = { memory, standing: null, order: null };
  if (heldUntilMs !== null) {
    const heldUntil = isForeign ? timeText(heldUntilMs) : (record?.heldUntil ?? '');
    const message = `somebody else gave ${target} ${counted(current)}: it is left so until ${heldUntil}, or until spec is changed`;
    const held = { desiredReplicas: current, ...before, heldUntil };
    return { ...kept, record: held, judgement: say('False', 'ReplicasChanged', message) };
  }
  if (isUnknown)
    return { ...kept, record: { desiredReplicas, ...before }, judgement: say('Unknown', 'BacklogUnknown', backlog) };
  const judgement = isAtMaximum
    ? say('True', 'AtMaximum', `the backlog asks for more replicas of ${target} than the ${policy.maxReplicas} at most`)
    : say('True', 'ByBacklog', `${target} has a replica for every ${policy.backlogPerReplica} records that are left`);
  // What was begun and not carried out is not taken back: whoever dies in between is followed by one who goes on.
  const isBegun = desiredReplicas !== current;
  if (replicas === current) return { ...kept, judgement, record: { desiredReplicas, ...before } };
  const order = { from: current, to: replicas };
  const again = { desiredReplicas: replicas, lastScale: { time: timeText(wallMs), ...order } };
  return { memory, standing: null, judgement, order, record: isBegun && desiredReplicas === replicas ? record : again };
}

const counted = (replicas: number): string => `${replicas} replica${replicas === 1 ? '' : 's'}`;

/** The numbers that are the operator's own: while it doesn't know that it has changed it, also the one before. */
function ownNumbers({ desiredReplicas, lastScale }: ScalingRecord, given: number | null): readonly number[] {
  if (given !== null) return [given];
  return lastScale?.to === desiredReplicas ? [desiredReplicas, lastScale.from] : [desiredReplicas];
}

/** Until when somebody else's number is left alone, ms since the epoch; null: it isn't. */
function heldMs({ record, isEdited, wallMs }: ScalingScene): number | null {
  if (record?.heldUntil === undefined || isEdited) return null;
  const untilMs = instantOf(record.heldUntil);
  // A time that this clock could not have written keeps nobody waiting.
  return untilMs !== null && untilMs > wallMs && untilMs <= wallMs + HOLD_MS ? untilMs : null;
}

function instantOf(text: string): number | null {
  try {
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    // It is no time.
    return null;
  }
}

/** What happened when an order was carried out. */
export function scaled(target: string, { from, to }: ScalingOrder): Happening {
  return {
    type: 'Normal',
    reason: to > from ? 'ScaledUp' : 'ScaledDown',
    message: `${target}: ${from} to ${to} replicas`,
  };
}

/** The status of a ShareGroup with what there is to say of its consumers. */
export function withScaling(
  { judgements, fields, known }: Draft<'ShareGroup'>,
  { record, judgement, standing }: ScalingVerdict,
): Draft<'ShareGroup'> {
  const isDone = judgements.some(({ type, status }) => type === 'Ready' && status === 'True');
  const own = standing !== null && isDone ? stalled(judgements, standing) : judgements;
  const scaling = record === null ? {} : { scaling: record };
  return {
    judgements: [...own, judgement],
    fields: fields === null ? null : { ...fields, ...scaling },
    known: { ...known, ...scaling },
  };
}

function stalled(judgements: readonly Judgement[], standing: Standing): readonly Judgement[] {
  const { reason, message } = standing;
  const conflict = { type: 'Conflict', status: 'True', reason, message } as const;
  return [
    ...summary(standing),
    ...judgements.filter(({ type }) => type !== 'Ready'),
    ...(reason === 'Conflict' ? [conflict] : []),
  ];
}
