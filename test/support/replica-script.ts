import { type BrokerId, brokerId } from '../../broker/core/base/ids.ts';
import { LeaderReplica, type IsrProposal } from '../../broker/core/replica/leader.ts';
import { NO_REPLICA_BUGS, type ReplicaBugs } from '../../broker/core/replica/planted-bugs.ts';

const LAG_MAX_MS = 10_000;
const SELF = brokerId(1);

/** Runs the commands of a script against one leadership; gives the script with the leader's line after each command. */
export class ReplicaScript {
  readonly #bugs: ReplicaBugs;
  readonly #out: string[] = [];
  readonly #live = new Set<number>([1, 2, 3]);
  readonly #epochs = new Map<number, number>();
  #leader: LeaderReplica | null = null;
  #set = { replicas: ids('1,2,3'), isr: ids('1,2,3'), partitionEpoch: 0, durability: 'fsync' as const, minIsr: 2 };
  #written = 0;
  #nowMs = 0;
  #sent: IsrProposal | null = null;

  constructor(bugs: ReplicaBugs = NO_REPLICA_BUGS) {
    this.#bugs = bugs;
  }

  run(text: string): string {
    for (const line of text.split('\n')) {
      if (line.startsWith('> ')) this.#command(line);
      else if (line.startsWith('#') || line === '') this.#out.push(line);
    }
    return this.#out.join('\n');
  }

  #command(line: string): void {
    const [name = '', ...words] = line.slice(2).split(' ');
    const options = new Map(
      words.filter((word) => word.includes('=')).map((one) => one.split('=') as [string, string]),
    );
    const plain = Number(words.find((word) => !word.includes('=')));
    const number = (key: string, other: number): number => Number(options.get(key) ?? other);
    this.#out.push(line);
    switch (name) {
      case 'lead':
        this.#change(options);
        this.#lead(number('end', 0), number('watermark', 0));
        break;
      case 'append':
        this.#written += plain;
        this.#leading().onLocalProgress({ writtenOffset: this.#written, durableOffset: 0 }, this.#nowMs);
        break;
      case 'sync':
        this.#leading().onLocalProgress({ writtenOffset: this.#written, durableOffset: this.#written }, this.#nowMs);
        break;
      case 'fetch': {
        const epoch = this.#epochs.get(plain) ?? 0;
        const logStartOffset = number('start', 0);
        const fetch = { brokerId: brokerId(plain), brokerEpoch: number('epoch', epoch), logStartOffset };
        const isReplica = this.#leading().onFetch(
          { ...fetch, fetchOffset: number('from', 0) },
          this.#written,
          this.#nowMs,
        );
        if (!isReplica) this.#out.push('  no replica');
        break;
      }
      case 'pass':
        this.#nowMs += plain;
        return;
      case 'look':
        this.#leading().onTime(this.#written, this.#nowMs, LAG_MAX_MS);
        break;
      case 'stall':
        this.#nowMs += plain;
        this.#leading().excuse(this.#nowMs);
        break;
      case 'fence':
        this.#live.delete(plain);
        return;
      case 'unfence':
        this.#live.add(plain);
        this.#epochs.set(plain, number('epoch', this.#epochs.get(plain) ?? 0));
        return;
      case 'metadata':
        this.#change(options);
        this.#leading().onChange(this.#set, this.#nowMs);
        break;
      case 'send':
        this.#sent = this.#leading().proposal;
        break;
      case 'told':
        if (this.#sent === null) throw new Error('nothing was sent');
        this.#leading().onOutcome(this.#sent, words[0] as 'unknown' | 'refused' | 'superseded', this.#nowMs);
        break;
      default:
        throw new Error(`unknown command: ${line}`);
    }
    this.#out.push(`  ${this.#leading().describe()}`);
  }

  #leading(): LeaderReplica {
    if (this.#leader === null) throw new Error('nobody leads yet');
    return this.#leader;
  }

  #change(options: ReadonlyMap<string, string>): void {
    const { replicas, isr, partitionEpoch, minIsr } = this.#set;
    this.#set = {
      ...this.#set,
      replicas: options.has('replicas') ? ids(options.get('replicas') ?? '') : replicas,
      isr: options.has('isr') ? ids(options.get('isr') ?? '') : isr,
      partitionEpoch: Number(options.get('epoch') ?? partitionEpoch),
      minIsr: Number(options.get('min') ?? minIsr),
    };
  }

  #lead(epochStartOffset: number, highWatermark: number): void {
    this.#written = epochStartOffset;
    this.#leader = new LeaderReplica({
      self: SELF,
      membership: {
        isLive: (id) => this.#live.has(id),
        mayJoin: (id, epoch) => this.#live.has(id) && epoch === (this.#epochs.get(id) ?? 0),
      },
      highWatermark,
      localOffset: epochStartOffset,
      epochStartOffset,
      set: this.#set,
      nowMs: this.#nowMs,
      bugs: this.#bugs,
    });
  }
}

function ids(text: string): BrokerId[] {
  return text.split(',').map((id) => brokerId(Number(id)));
}
