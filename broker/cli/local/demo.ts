import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isOperatorError } from '../../../operator/ports/operator-error.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { UserFault } from '../fault.ts';
import { bootstrapFlag, type ParsedFlags } from '../flags.ts';
import type { Terminal } from '../verb.ts';
import { Calls, isCallFault } from './calls.ts';
import { type DemoVerdict, judgeDemo, type MemberEvent, type PutLine } from './demo-judge.ts';
import { KafkaAdmin } from './kafka-admin.ts';
import { type LocalCall, LocalSession, ownCommand } from './local.ts';

const TOPIC = 'demo';
const GROUP = 'demo';
const LINES = 60;
const WORK_MS = 25;
const MEMBERS = ['member 1', 'member 2', 'member 3'] as const;
/** The first member with so many lines done and more in hand is killed. */
const KILL_AFTER_LINES = 4;
const DEADLINE_MS = 60_000;
const LAG_POLL_MS = 50;

/**
 * `--demo`: a fresh cluster of the manifests, a topic of one partition, a producer, three members that compete for it,
 * one of them killed; then the verdict. One partition, because that is what a queue adds: no member owns it.
 */
export async function runDemo(call: LocalCall, flags: ParsedFlags, terminal: Terminal): Promise<number> {
  const data = join(call.data, `demo-${process.pid}`);
  // Free ports unless one is named: it runs beside a cluster that is there already.
  const basePort = flags.has('port') ? call.basePort : 0;
  const session = new LocalSession({ ...call, data, basePort, suggest: false }, terminal);
  const running = session.run();
  try {
    const bootstrap = await Promise.race([session.ready, running.then(() => null)]);
    if (bootstrap === null) return 1;
    await prepare(bootstrap);
    const demo = new Demo({ groupId: GROUP, topic: TOPIC, bootstrap }, terminal);
    const exitCode = await demo.run();
    session.stop();
    await running;
    return exitCode;
  } finally {
    session.stop();
    await running.catch(() => undefined);
    await rm(data, { recursive: true, force: true });
  }
}

/** Topic and group, made as the operator would make them. */
async function prepare(bootstrap: string): Promise<void> {
  const admin = new KafkaAdmin(bootstrapFlag('local', bootstrap));
  try {
    await admin.createTopic({ name: TOPIC, partitions: 1, replicationFactor: -1, config: new Map() });
    const set = new Map([['share.auto.offset.reset', 'earliest']]);
    await admin.alterConfig({ kind: 'group', name: GROUP }, { set, unset: [], before: new Map() });
  } catch (error) {
    if (!isOperatorError(error)) throw error;
    throw new UserFault(`the demonstration could not be prepared: ${error.message}`);
  } finally {
    await admin.close();
  }
}

interface Where {
  readonly groupId: string;
  readonly topic: string;
  readonly bootstrap: string;
}

interface Member {
  readonly name: string;
  readonly process: ChildProcess;
  readonly exited: Promise<void>;
  delivered: number;
  done: number;
}

class Demo {
  readonly #where: Where;
  readonly #terminal: Terminal;
  readonly #members = new Map<string, Member>();
  readonly #lines: PutLine[] = [];
  readonly #events: MemberEvent[] = [];
  #killed = '';
  #assigned = 0;
  #changed: () => void = () => undefined;

  constructor(where: Where, terminal: Terminal) {
    this.#where = where;
    this.#terminal = terminal;
  }

  async run(): Promise<number> {
    const { groupId, topic } = this.#where;
    this.#terminal.out(
      `\n${LINES} lines go into topic ${topic}, which has one partition; ${MEMBERS.length} members of share group ${groupId} compete for them.`,
    );
    try {
      for (const name of MEMBERS) this.#join(name);
      await this.#until('the members joined', () => this.#assigned >= MEMBERS.length);
      await this.#put();
      await this.#until('a member is killed', () => this.#killed !== '');
      await this.#until('every line is acknowledged', () => this.#settledLines() >= LINES);
      const lag = await this.#finalLag();
      await this.#stopMembers();
      return this.#tell(judgeDemo({ lines: this.#lines, events: this.#events, killed: this.#killed, lag }));
    } finally {
      for (const member of this.#members.values()) member.process.kill('SIGKILL');
    }
  }

  #spawn(args: readonly string[]): ChildProcess {
    const [program = '', ...rest] = ownCommand();
    return spawn(program, [...rest, ...args, '--json', '--bootstrap', this.#where.bootstrap], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  }

  #join(name: string): void {
    const child = this.#spawn(['take', this.#where.groupId, '--topic', this.#where.topic, '--work', String(WORK_MS)]);
    const exited = new Promise<void>((resolve) => {
      child.once('close', () => {
        resolve();
      });
    });
    const member: Member = { name, process: child, exited, delivered: 0, done: 0 };
    this.#members.set(name, member);
    eachLine(child, (fields) => {
      this.#heard(member, fields);
      this.#changed();
    });
  }

  #heard(member: Member, fields: Readonly<Record<string, unknown>>): void {
    const event = fields['event'];
    if (event === 'assigned') this.#assigned += 1;
    if (
      event !== 'delivered' &&
      event !== 'working' &&
      event !== 'acknowledging' &&
      event !== 'acknowledged' &&
      event !== 'not-acknowledged'
    )
      return;
    const value = typeof fields['value'] === 'string' ? { value: fields['value'] } : {};
    this.#events.push({
      member: member.name,
      event,
      partition: Number(fields['partition']),
      offset: Number(fields['offset']),
      ...value,
    });
    if (event === 'delivered') member.delivered += 1;
    if (event === 'acknowledged') member.done += 1;
    // Between `working` and the end of its work nothing of this member is under way: it dies holding the line.
    const mayDie = event === 'working' && member.done >= KILL_AFTER_LINES && member.delivered > member.done + 1;
    if (mayDie && this.#killed === '') {
      this.#killed = member.name;
      member.process.kill('SIGKILL');
      this.#terminal.out(
        `${member.name} works on ${String(fields['value'])} and holds ${member.delivered - member.done - 1} more: kill -9`,
      );
    }
  }

  async #put(): Promise<void> {
    const child = this.#spawn(['put', this.#where.topic]);
    eachLine(child, (fields) => {
      if (fields['event'] !== 'acknowledged') return;
      this.#lines.push({
        value: String(fields['value']),
        partition: Number(fields['partition']),
        offset: Number(fields['offset']),
      });
      this.#changed();
    });
    for (let n = 1; n <= LINES; n += 1) child.stdin?.write(`line ${n}\n`);
    child.stdin?.end();
    await this.#until('every line is put', () => this.#lines.length >= LINES);
    this.#terminal.out(`All ${LINES} lines are put and acknowledged.`);
  }

  /** Lines with the broker's word, and those that the killed member asked it for and nobody got again. */
  #settledLines(): number {
    const settled = new Set<string>();
    const asked = new Set<string>();
    const again = new Set<string>();
    const seen = new Set<string>();
    for (const { member, event, partition, offset } of this.#events) {
      const place = `${partition}/${offset}`;
      if (event === 'acknowledged') settled.add(place);
      if (event === 'acknowledging' && member === this.#killed) asked.add(place);
      if (event === 'delivered') (seen.has(place) ? again : seen).add(place);
    }
    for (const place of asked) if (!again.has(place)) settled.add(place);
    return settled.size;
  }

  /** What the broker says is left, once it says nothing is; the last answer when it never does. */
  async #finalLag(): Promise<number> {
    const calls = new Calls(bootstrapFlag('local', this.#where.bootstrap), {
      clientId: 'weir-demo',
      requestTimeoutMs: 10_000,
    });
    const deadline = performance.now() + DEADLINE_MS / 4;
    try {
      for (;;) {
        const lag = await this.#askLag(calls);
        if (lag <= 0 || performance.now() > deadline) return lag;
        await new Promise((resolve) => setTimeout(resolve, LAG_POLL_MS));
      }
    } catch (error) {
      if (!isCallFault(error)) throw error;
      return -1;
    } finally {
      calls.close();
    }
  }

  async #askLag(calls: Calls): Promise<number> {
    const { groupId } = this.#where;
    const body = await calls.call(ApiKey.DescribeShareGroupOffsets, () => ({ groups: [{ groupId, topics: null }] }), {
      minVersion: 1,
    });
    const partitions = body.groups.flatMap((group) => group.topics).flatMap((topic) => topic.partitions);
    return partitions.reduce((sum, one) => sum + Math.max(0, one.lag), 0);
  }

  async #stopMembers(): Promise<void> {
    for (const member of this.#members.values()) member.process.kill('SIGTERM');
    await Promise.all([...this.#members.values()].map((member) => member.exited));
  }

  #tell(verdict: DemoVerdict): number {
    const again = new Set(verdict.redelivered);
    this.#terminal.out('');
    for (const member of this.#members.values()) {
      const own = this.#events.filter((one) => one.member === member.name);
      const done = own.filter((one) => one.event === 'acknowledged').length;
      const taken = own.filter((one) => one.event === 'delivered' && again.has(one.value ?? ''));
      const names = taken.map((one) => (one.value ?? '').replace('line ', '')).join(', ');
      const killed = member.name === this.#killed;
      const note =
        names === ''
          ? ''
          : killed
            ? `, killed holding lines ${names}`
            : `, of them ${taken.length} that the killed one held (lines ${names})`;
      this.#terminal.out(`  ${member.name}: acknowledged ${String(done).padStart(2)} lines${note}`);
    }
    this.#terminal.out('');
    if (verdict.problems.length === 0) {
      this.#terminal.out('every line acknowledged once');
      return 0;
    }
    for (const problem of verdict.problems) this.#terminal.out(`  ${problem}`);
    this.#terminal.out('not every line was acknowledged exactly once');
    return 1;
  }

  #until(what: string, isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new UserFault(`the demonstration waited ${DEADLINE_MS / 1_000} s in vain until ${what}`));
      }, DEADLINE_MS);
      this.#changed = () => {
        if (!isSo()) return;
        clearTimeout(late);
        resolve();
      };
    });
  }
}

function eachLine(child: ChildProcess, heard: (fields: Readonly<Record<string, unknown>>) => void): void {
  if (child.stdout === null) return;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) heard(value as Readonly<Record<string, unknown>>);
  });
}
