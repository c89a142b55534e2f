import type { Judgement } from './conditions.ts';
import { listed } from './listed.ts';
import type { AdminObservation, AssessedTopics, Some } from './observed.ts';

/** What all topics of a cluster say of its being available, while brokers answer and a controller is active (O9). */
export function servedTopics({ assessed, topics }: AdminObservation): Omit<Judgement, 'type'> {
  const serving = { status: 'True', reason: 'Serving', message: 'clients are served' } as const;
  const offline = (message: string) => ({ status: 'False', reason: 'PartitionsOffline', message }) as const;
  // Where nobody was asked, what brokers know of declared topics has to do.
  if (typeof assessed !== 'object') {
    const led = [...topics].filter(([, { leaderless }]) => leaderless > 0).map(([topic]) => topic);
    if (led.length > 0) return offline(`partitions without a leader: topics ${listed(led.sort())}`);
    return assessed === undefined ? serving : { status: 'Unknown', ...UNKNOWN[assessed] };
  }
  const { leaderless, damaged, underMinIsr } = assessed;
  if (leaderless.count > 0) {
    const [has, waits] = damaged.count === 1 ? ['has', 'waits'] : ['have', 'wait'];
    const loss = `; ${these(damaged)} ${has} a damaged log, and ${waits} for a copy on another broker, or for weir admin accept-loss`;
    return offline(`${share(assessed, leaderless, 'no leader')}${damaged.count > 0 ? loss : ''}`);
  }
  if (underMinIsr.count === 0) return serving;
  const few = share(assessed, underMinIsr, 'fewer copies in sync than min.insync.replicas');
  return { ...serving, message: `clients are served, but not all records with acks=all are taken: ${few}` };
}

/** Whether any topic loses a record, or takes none, when one broker is lost (O9); nothing where nobody was asked. */
export function sufficientCopies({ assessed }: AdminObservation): readonly Judgement[] {
  const type = 'ReplicationSufficient';
  if (assessed === undefined) return [];
  if (typeof assessed !== 'object') return [{ type, status: 'Unknown', ...UNKNOWN[assessed] }];
  const { thin, underReplicated } = assessed;
  const lag = underReplicated.count === 0 ? '' : `; ${share(assessed, underReplicated, 'a copy that is not in sync')}`;
  if (thin.count === 0) {
    const message = `every topic has more than one copy, and more than its min.insync.replicas${lag}`;
    return [{ type, status: 'True', reason: 'Sufficient', message }];
  }
  const message = `one broker less is too few for topics ${some(thin)}: they have one copy, or no more than their min.insync.replicas${lag}`;
  return [{ type, status: 'False', reason: 'TooFewCopies', message }];
}

const UNKNOWN = {
  unsaid: { reason: 'NotTold', message: 'the active controller did not tell how topics are; it is asked again' },
  unserved: {
    reason: 'ControllerTooOld',
    message:
      'the active controller runs a version of Weir that does not tell how topics are: raise spec.version, or take it out of the manifest, so that nodes run a newer one',
  },
} as const;

const some = ({ count, examples }: Some): string => listed(examples, count);

/** `partitions a-0, b-1 and 3 more`. */
const these = (of: Some): string => `partition${of.count === 1 ? '' : 's'} ${some(of)}`;

/** `2 of 300 partitions have no leader: a-0, b-1`. */
function share({ partitionCount }: AssessedTopics, of: Some, what: string): string {
  const { count } = of;
  return `${count} of ${partitionCount} partitions ${count === 1 ? 'has' : 'have'} ${what}: ${some(of)}`;
}
