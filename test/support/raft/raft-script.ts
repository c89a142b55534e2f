import { Buffer } from 'node:buffer';
import { NO_RAFT_BUGS, type RaftBugs } from '../../../broker/core/raft/planted-bugs.ts';
import { Raft } from '../../../broker/core/raft/raft.ts';
import type {
  Effect,
  Entry,
  Input,
  LogPlace,
  Message,
  ReplicaKey,
  SnapshotMeta,
} from '../../../broker/core/raft/types.ts';

type Write = Extract<Effect, { kind: 'write' | 'write-snapshot' }>;

interface Node {
  readonly key: ReplicaKey;
  raft: Raft | null;
  /** What is on the disk, and the writes that are not. */
  term: number;
  votedFor: ReplicaKey | null;
  damagedUpTo: number;
  damagedTerm: number;
  snapshot: SnapshotMeta;
  entries: Entry[];
  writes: Write[];
  /** Messages that wait for a write. */
  waiting: { readonly message: Message; readonly afterWrite: number }[];
}

/** Milliseconds; timers run out at their earliest. */
const E = 600;
const HEARTBEAT = 100;

const at = ({ index, term }: LogPlace): string => `${index}@${term}`;
const entryText = (entry: Entry): string => {
  if (entry.body.kind === 'batch') return `${at(entry)}=${Buffer.from(entry.body.payload).toString()}`;
  return entry.body.kind === 'no-op' ? `${at(entry)}=-` : `${at(entry)}=voters:${ids(entry.body.voters)}`;
};
const ids = (voters: readonly ReplicaKey[]): string => voters.map(name).join(',');
const name = ({ id, directoryId }: ReplicaKey): string =>
  directoryId === `d${id}` ? String(id) : `${id}/${directoryId}`;

/**
 * Runs a script: lines that begin with `>` are done, what comes of them is written below. Nothing happens by itself: messages
 * wait until they are delivered, writes until they are synced, time until it passes.
 *
 * `nodes 0 1 2` a quorum of these · `join 3` a replica that knows nobody · `wait MS` time passes, timers run out ·
 * `timeout N` its election timer runs out · `sync N...` its writes are durable · `deliver [A>B...]` messages, all or of these
 * pairs · `drop [A>B...]` · `run` delivers and syncs until nothing is under way · `propose N TEXT` · `read N` · `add N M` ·
 * `remove N M` · `transfer N [M|stuck]` · `gone N M` N hears that M's process is gone · `crash N` · `start N [damaged=INDEX]` ·
 * `wipe N` an empty disk · `snapshot N INDEX` · `state`.
 */
export class RaftScript {
  readonly #nodes = new Map<string, Node>();
  readonly #out: string[] = [];
  #messages: Message[] = [];
  #nowMs = 0;
  #tags = 0;
  readonly #bugs: RaftBugs;

  /** `bugs`: what is broken on purpose. */
  constructor(bugs: RaftBugs = NO_RAFT_BUGS) {
    this.#bugs = bugs;
  }

  run(text: string): string {
    for (const line of text.split('\n')) {
      if (line.startsWith('> ')) {
        this.#out.push(line);
        const [command = '', ...words] = line.slice(2).split(' ');
        this.#command(command, words);
      } else if (line.startsWith('#') || line === '') this.#out.push(line);
    }
    return this.#out.join('\n');
  }

  #command(command: string, words: readonly string[]): void {
    const [first = '', second = ''] = words;
    switch (command) {
      case 'nodes':
        for (const id of words) this.#make(id, words.map(keyOf));
        return;
      case 'join':
        this.#make(first, []);
        return;
      case 'wait':
        this.#wait(Number(first));
        return;
      case 'timeout':
        this.#timeout(this.#node(first));
        return;
      case 'sync':
        for (const id of words) this.#sync(this.#node(id));
        return;
      case 'deliver':
        this.#deliver(words);
        return;
      case 'drop':
        this.#messages = this.#messages.filter((message) => words.length > 0 && !words.includes(pairOf(message)));
        return;
      case 'run':
        this.#runAll();
        return;
      case 'state':
        for (const [id, node] of this.#nodes) this.#out.push(`${id}: ${node.raft?.state.describe() ?? 'down'}`);
        return;
      default:
        this.#onNode(command, this.#node(first), second);
    }
  }

  #onNode(command: string, node: Node, second: string): void {
    const tag = (this.#tags += 1);
    switch (command) {
      case 'propose':
        this.#give(node, { kind: 'propose', payload: Buffer.from(second), tag });
        return;
      case 'read':
        this.#give(node, { kind: 'read', tag });
        return;
      case 'add':
        this.#give(node, { kind: 'add-voter', voter: this.#node(second).key, tag });
        return;
      case 'remove':
        this.#give(node, { kind: 'remove-voter', voter: this.#node(second).key, tag });
        return;
      case 'transfer': {
        const wish = second === 'stuck' ? { to: null, isStuck: true } : { to: second === '' ? null : Number(second) };
        this.#give(node, { kind: 'transfer', ...wish, tag });
        return;
      }
      case 'gone':
        this.#give(node, { kind: 'leader-refuses', leader: this.#node(second).key });
        return;
      case 'crash':
        node.raft = null;
        node.writes = [];
        node.waiting = [];
        return;
      case 'start':
        if (second.startsWith('damaged=')) {
          node.damagedUpTo = Number(second.slice('damaged='.length));
          node.damagedTerm = node.term;
        }
        if (node.damagedUpTo > 0) node.entries = node.entries.filter(({ index }) => index < node.damagedUpTo);
        this.#start(node);
        return;
      case 'wipe':
        this.#nodes.set(String(node.key.id), fresh({ id: node.key.id, directoryId: `new${node.key.id}` }, []));
        this.#start(this.#node(String(node.key.id)));
        return;
      case 'snapshot':
        this.#give(node, { kind: 'snapshot-taken', index: Number(second), sizeInBytes: 10 });
        node.snapshot = node.raft?.state.log.snapshot ?? node.snapshot;
        node.entries = node.entries.filter(({ index }) => index > node.snapshot.place.index);
        return;
      default:
        throw new Error(`no such command: ${command}`);
    }
  }

  #make(id: string, voters: readonly ReplicaKey[]): void {
    this.#nodes.set(id, fresh(keyOf(id), voters));
    this.#start(this.#node(id));
  }

  #node(id: string): Node {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  #start(node: Node): void {
    const { key: self, term, votedFor, damagedUpTo, damagedTerm, snapshot, entries } = node;
    node.raft = new Raft(
      {
        self,
        electionTimeoutMs: E,
        heartbeatIntervalMs: HEARTBEAT,
        random: () => 0,
        uncommittedBytesMax: 1_000_000,
        appendCountMax: 100,
        appendBytesMax: 100_000,
        bugs: this.#bugs,
      },
      { hardState: { term, votedFor, damagedUpTo, damagedTerm }, snapshot, entries },
      this.#nowMs,
    );
  }

  #give(node: Node, input: Input): void {
    for (const effect of node.raft?.step(input, this.#nowMs) ?? []) this.#carryOut(node, effect);
  }

  #wait(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    while (this.#nowMs < endMs) {
      this.#nowMs = Math.min(endMs, this.#nowMs + 10);
      for (const node of this.#nodes.values()) {
        if (node.raft !== null && node.raft.wakeAtMs <= this.#nowMs) this.#give(node, { kind: 'tick' });
      }
    }
  }

  #timeout(node: Node): void {
    this.#nowMs = Math.max(this.#nowMs, node.raft?.state.electionAtMs ?? 0);
    this.#give(node, { kind: 'tick' });
  }

  #sync(node: Node): void {
    for (const write of node.writes.splice(0)) {
      keep(node, write);
      this.#give(node, { kind: 'written', write: write.write });
      const ready = node.waiting.filter(({ afterWrite }) => afterWrite <= write.write);
      node.waiting = node.waiting.filter(({ afterWrite }) => afterWrite > write.write);
      this.#messages.push(...ready.map(({ message }) => message));
    }
  }

  #deliver(pairs: readonly string[]): void {
    const due = this.#messages.filter((message) => pairs.length === 0 || pairs.includes(pairOf(message)));
    this.#messages = this.#messages.filter((message) => !due.includes(message));
    for (const message of due) {
      const node = this.#nodes.get(String(message.to.id));
      if (node === undefined || node.raft === null) continue;
      this.#out.push(`${name(message.from)} → ${name(message.to)}: ${messageText(message)}`);
      this.#give(node, { kind: 'message', message });
    }
  }

  #runAll(): void {
    for (let i = 0; i < 100; i++) {
      const isIdle =
        this.#messages.length === 0 && [...this.#nodes.values()].every(({ writes }) => writes.length === 0);
      if (isIdle) return;
      this.#deliver([]);
      for (const node of this.#nodes.values()) this.#sync(node);
    }
    throw new Error('it does not come to rest');
  }

  #carryOut(node: Node, effect: Effect): void {
    const say = (text: string): void => {
      this.#out.push(`${name(node.key)} ${text}`);
    };
    switch (effect.kind) {
      case 'write':
      case 'write-snapshot':
        node.writes.push(effect);
        say(writeText(effect));
        return;
      case 'send':
        if (effect.afterWrite === 0) this.#messages.push(effect.message);
        else node.waiting.push(effect);
        return;
      case 'became':
        say(
          `is ${effect.role} of term ${effect.term}${effect.leader === null ? '' : `, led by ${name(effect.leader)}`}`,
        );
        return;
      case 'committed':
        say(`has committed ${effect.index}`);
        return;
      case 'readable':
        say(`may read at ${effect.index}`);
        return;
      case 'refused':
        say(`refuses: ${effect.refusal.reason}`);
        return;
      case 'restore':
        say(`restores the snapshot at ${at(effect.meta.place)}`);
        return;
      case 'read-piece':
        this.#give(node, { ...effect, kind: 'piece-read', data: new Uint8Array(5) });
        return;
      case 'done':
        say('is done');
        return;
      default:
    }
  }
}

function fresh(key: ReplicaKey, voters: readonly ReplicaKey[]): Node {
  const snapshot = { place: { index: 0, term: 0 }, voters, sizeInBytes: 0 };
  return {
    key,
    raft: null,
    term: 0,
    votedFor: null,
    damagedUpTo: 0,
    damagedTerm: 0,
    snapshot,
    entries: [],
    writes: [],
    waiting: [],
  };
}

function keyOf(id: string): ReplicaKey {
  return { id: Number(id), directoryId: `d${id}` };
}

function keep(node: Node, write: Write): void {
  if (write.kind === 'write-snapshot') {
    if (!write.isLast) return;
    node.snapshot = write.meta;
    node.entries = [];
    return;
  }
  const first = node.snapshot.place.index + 1;
  if (write.truncateFrom !== undefined)
    node.entries = node.entries.filter(({ index }) => index < (write.truncateFrom ?? 0));
  node.entries.push(...(write.entries ?? []).filter(({ index }) => index >= first));
  if (write.hardState !== undefined) Object.assign(node, write.hardState);
}

function pairOf(message: Message): string {
  return `${message.from.id}>${message.to.id}`;
}

function writeText(write: Write): string {
  if (write.kind === 'write-snapshot') {
    return `writes #${write.write}: snapshot at ${at(write.meta.place)} from byte ${write.position}${write.isLast ? ', whole' : ''}`;
  }
  const parts: string[] = [];
  if (write.truncateFrom !== undefined) parts.push(`cut from ${write.truncateFrom}`);
  if (write.entries !== undefined) parts.push(write.entries.map(entryText).join(' '));
  const { hardState } = write;
  if (hardState !== undefined) {
    const vote = hardState.votedFor === null ? '-' : name(hardState.votedFor);
    parts.push(
      `term ${hardState.term} vote ${vote}${hardState.damagedUpTo > 0 ? ` damaged up to ${hardState.damagedUpTo}` : ''}`,
    );
  }
  return `writes #${write.write}: ${parts.join('; ')}`;
}

function messageText(message: Message): string {
  const head = `${message.kind} term ${message.term}`;
  switch (message.kind) {
    case 'pre-vote':
      return `${head} last ${at(message.last)}`;
    case 'vote':
      return `${head} last ${at(message.last)}${message.isTransfer ? ' for the leader' : ''}`;
    case 'pre-vote-response':
    case 'vote-response':
      return `${head} ${message.isGranted ? 'yes' : 'no'}`;
    case 'append': {
      const entries = message.entries.length === 0 ? 'nothing' : message.entries.map(entryText).join(' ');
      return `${head} after ${at(message.previous)} ${entries} committed ${message.committedIndex}`;
    }
    case 'append-response':
      return `${head} ${message.outcome} ${message.index}${message.isDamaged ? ' damaged' : ''}`;
    case 'snapshot':
      return `${head} at ${at(message.meta.place)} from byte ${message.position}`;
    case 'snapshot-response':
      return `${head} has ${message.position} bytes`;
    default:
      return head;
  }
}
