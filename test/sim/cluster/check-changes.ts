import type { ChangeSeen, LookSeen, QuorumSeen, Seen, SettingSeen, TopicSeen } from './changes.ts';

/**
 * Whether what clients of a cluster saw can be true of one history of the metadata: acknowledged changes take effect between
 * question and answer, one after the other, and stay; each broker's view only goes forward, and shows what that broker has
 * acknowledged. Gives one sentence for each thing that can't be.
 */
export function checkChanges(history: readonly Seen[]): string[] {
  const problems: string[] = [];
  const byTopic = new Map<string, Seen[]>();
  for (const one of history) {
    if (one.seen === 'quorum') continue;
    const topic = one.seen === 'change' ? one.change.topic : one.topic;
    const list = byTopic.get(topic);
    if (list === undefined) byTopic.set(topic, [one]);
    else list.push(one);
  }
  for (const [topic, seen] of byTopic) {
    const changes = seen.filter((one) => one.seen === 'change');
    const topics = seen.filter((one) => one.seen === 'topic');
    problems.push(
      ...checkSetting(
        topic,
        changes,
        seen.filter((one) => one.seen === 'setting'),
      ),
    );
    problems.push(...checkLives(topic, changes, topics), ...checkGrowth(topic, changes, topics));
    problems.push(
      ...checkLooks(
        topic,
        changes,
        seen.filter((one) => one.seen === 'look'),
      ),
    );
  }
  problems.push(...checkQuorum(history.filter((one) => one.seen === 'quorum')));
  return problems;
}

const SHOWN_OF_CYCLE = 6;

/**
 * C: values of one setting, as of a register. The last times that acknowledged writes took effect must fit into one order,
 * and what brokers show must fit to it. A write may take effect more than once until it is answered, as with Kafka's brokers; one
 * without an answer at any time: it orders nothing.
 */
function checkSetting(topic: string, changes: readonly ChangeSeen[], reads: readonly SettingSeen[]): string[] {
  const problems: string[] = [];
  const writes = changes.filter(({ change }) => change.kind === 'set');
  const byValue = new Map(writes.map((write) => [valueOf(write), write]));
  const done = writes.filter(({ outcome }) => outcome === 'done');
  for (const read of reads) {
    const write = read.value === null ? null : byValue.get(read.value);
    if (write === undefined) problems.push(`C1: broker ${read.broker} shows ${topic}=${read.value}, which nobody set`);
    else if (write !== null && (write.outcome === 'refused' || write.invokedMs > read.returnedMs))
      problems.push(`C1: broker ${read.broker} shows ${topic}=${read.value}, which was refused or not asked yet`);
  }
  // −1 stands for "not set", what comes before everything.
  const before = new Map<ChangeSeen | null, { readonly write: ChangeSeen | null; readonly why: string }[]>();
  const order = (first: ChangeSeen | null, second: ChangeSeen | null, why: string): void => {
    if (first === second) return;
    const list = before.get(first);
    if (list === undefined) before.set(first, [{ write: second, why }]);
    else list.push({ write: second, why });
  };
  for (const write of done) {
    order(null, write, 'it was set');
    for (const other of done) if (write.returnedMs < other.invokedMs) order(write, other, 'it was acknowledged first');
  }
  const sound = reads.filter(({ value }) => value === null || byValue.get(value)?.outcome === 'done');
  const written = (read: SettingSeen): ChangeSeen | null => byValue.get(read.value ?? '') ?? null;
  for (const read of sound) {
    for (const write of done) {
      const isMeant = read.isFinal || write.broker === read.broker;
      if (isMeant && write.returnedMs < read.invokedMs)
        order(write, written(read), `broker ${read.broker} showed ${read.value ?? 'nothing'} after that`);
    }
  }
  for (const [broker, seen] of groupByBroker(sound)) problems.push(...checkOrder(topic, broker, seen, written));
  const cycle = findCycle(before);
  if (cycle !== null) problems.push(`C2: the values of ${topic} have no order: ${cycle}`);
  return problems;
}

/** C3: a broker does not go back from a value to one that was acknowledged before that was asked for. */
function checkOrder(
  topic: string,
  broker: number,
  reads: readonly SettingSeen[],
  written: (read: SettingSeen) => ChangeSeen | null,
): string[] {
  const ordered = reads.toSorted((a, b) => a.returnedMs - b.returnedMs);
  for (const [i, read] of ordered.entries()) {
    const first = written(read);
    if (first === null) continue;
    const back = ordered.slice(i + 1).find((later) => {
      const second = written(later);
      return later.invokedMs > read.returnedMs && (second === null || second.returnedMs < first.invokedMs);
    });
    if (back !== undefined)
      return [
        `C3: broker ${broker} shows ${topic}=${read.value}, then again ${back.value ?? 'nothing'}, which came before`,
      ];
  }
  return [];
}

function valueOf(write: ChangeSeen | null): string {
  return write?.change.kind === 'set' ? write.change.value : 'nothing';
}

/** Things that come before each other in a circle, as a text; null when there is an order. */
function findCycle(
  before: ReadonlyMap<ChangeSeen | null, readonly { readonly write: ChangeSeen | null; readonly why: string }[]>,
): string | null {
  const finished = new Set<ChangeSeen | null>();
  const path: { readonly write: ChangeSeen | null; readonly why: string }[] = [];
  const visit = (write: ChangeSeen | null, why: string): string | null => {
    const at = path.findIndex((one) => one.write === write);
    if (at >= 0) {
      const circle = [...path.slice(at + 1), { write, why }];
      return [valueOf(write), ...circle.map((one) => `then ${valueOf(one.write)} (${one.why})`)]
        .slice(0, SHOWN_OF_CYCLE)
        .join(', ');
    }
    if (finished.has(write)) return null;
    path.push({ write, why });
    for (const next of before.get(write) ?? []) {
      const found = visit(next.write, next.why);
      if (found !== null) return found;
    }
    path.pop();
    finished.add(write);
    return null;
  };
  for (const write of before.keys()) {
    const found = visit(write, '');
    if (found !== null) return found;
  }
  return null;
}

/** T1–T4: each topic id is created once, seen, deleted, and never seen again. */
function checkLives(topic: string, changes: readonly ChangeSeen[], reads: readonly TopicSeen[]): string[] {
  const problems: string[] = [];
  const creates = changes.filter(({ change }) => change.kind === 'create');
  const deletes = changes.filter(({ change, outcome }) => change.kind === 'delete' && outcome !== 'refused');
  const created = creates.filter(({ outcome }) => outcome === 'done');
  /** Whether some deletion may come between a creation and a time. */
  const mayBeGone = (create: ChangeSeen, untilMs: number): boolean =>
    deletes.some(({ invokedMs, returnedMs }) => invokedMs < untilMs && returnedMs > create.invokedMs);
  for (const create of created) {
    const told = `${topic} with id ${create.topicId}`;
    for (const read of reads) {
      const isMeant = read.isFinal || read.broker === create.broker;
      if (!isMeant || read.invokedMs < create.returnedMs || read.topicId === create.topicId) continue;
      if (!mayBeGone(create, read.returnedMs))
        problems.push(`T1: broker ${read.broker} does not show ${told}, created by ${create.client} #${create.op}`);
    }
    for (const other of created) {
      if (other.invokedMs > create.returnedMs && !mayBeGone(create, other.returnedMs))
        problems.push(`T4: ${told} was created again, by ${other.client} #${other.op}, and never deleted`);
    }
    for (const gone of deletes) {
      if (gone.outcome !== 'done' || gone.invokedMs < create.returnedMs) continue;
      const again = reads.find(
        (read) =>
          read.topicId === create.topicId &&
          read.invokedMs > gone.returnedMs &&
          (read.isFinal || read.broker === gone.broker),
      );
      if (again !== undefined)
        problems.push(`T2: broker ${again.broker} shows ${told}, deleted by ${gone.client} #${gone.op}`);
    }
  }
  for (const [broker, seen] of groupByBroker(reads)) {
    const past = new Set<string>();
    let last: TopicSeen | null = null;
    for (const read of seen.toSorted((a, b) => a.returnedMs - b.returnedMs)) {
      if (last !== null && last.returnedMs >= read.invokedMs) continue;
      if (last?.topicId !== read.topicId && last?.topicId) past.add(last.topicId);
      if (read.topicId !== null && past.has(read.topicId))
        problems.push(`T3: broker ${broker} shows ${topic} with id ${read.topicId} again, after it was gone`);
      last = read;
    }
  }
  const known = new Set(created.map(({ topicId }) => topicId));
  const stranger = reads.find(({ topicId }) => topicId !== null && !known.has(topicId));
  if (stranger !== undefined && !creates.some(({ outcome }) => outcome === 'unknown'))
    problems.push(`T5: broker ${stranger.broker} shows ${topic} with id ${stranger.topicId}, which nobody created`);
  return problems;
}

/** T7: whether a topic is there, as the active controller says, whoever that is (linearizable). */
function checkLooks(topic: string, changes: readonly ChangeSeen[], looks: readonly LookSeen[]): string[] {
  const creates = changes.filter(({ change, outcome }) => change.kind === 'create' && outcome !== 'refused');
  const deletes = changes.filter(({ change, outcome }) => change.kind === 'delete' && outcome !== 'refused');
  for (const { isThere, broker, invokedMs, returnedMs } of looks) {
    const [makers, enders] = isThere ? [creates, deletes] : [deletes, creates];
    // The last thing that was certainly done says the opposite, and nothing may have come after it.
    const wrong = enders.find(
      (ender) =>
        ender.outcome === 'done' &&
        ender.returnedMs < invokedMs &&
        !makers.some((maker) => maker.invokedMs < returnedMs && maker.returnedMs > ender.invokedMs),
    );
    if (wrong !== undefined)
      return [
        `T7: the controller that broker ${broker} asked says that ${topic} is ${isThere ? 'there' : 'not there'}, after ${wrong.client} #${wrong.op}`,
      ];
    if (isThere && !creates.some((create) => create.invokedMs < returnedMs))
      return [`T7: the controller that broker ${broker} asked says that ${topic} is there, which nobody created`];
  }
  return [];
}

/** T6: partitions of a topic that is never deleted only become more. */
function checkGrowth(topic: string, changes: readonly ChangeSeen[], reads: readonly TopicSeen[]): string[] {
  const problems: string[] = [];
  if (changes.some(({ change }) => change.kind === 'delete')) return problems;
  for (const { change, outcome, broker, returnedMs, client, op } of changes) {
    if (change.kind !== 'grow' || outcome !== 'done') continue;
    const less = reads.find(
      (read) =>
        (read.isFinal || read.broker === broker) &&
        read.invokedMs > returnedMs &&
        read.topicId !== null &&
        read.partitionCount < change.count,
    );
    if (less !== undefined)
      problems.push(
        `T6: broker ${less.broker} shows ${less.partitionCount} partitions of ${topic}, ${client} #${op} made ${change.count}`,
      );
  }
  for (const [broker, seen] of groupByBroker(reads)) {
    let last: TopicSeen | null = null;
    for (const read of seen.toSorted((a, b) => a.returnedMs - b.returnedMs)) {
      if (last !== null && last.returnedMs < read.invokedMs && read.partitionCount < last.partitionCount)
        problems.push(
          `T6: broker ${broker} shows ${read.partitionCount} partitions of ${topic} after ${last.partitionCount}`,
        );
      if (read.topicId !== null) last = read;
    }
  }
  return problems;
}

/** D1: what active controllers say of the quorum goes forward, whoever of them says it (thesis §6.4). */
function checkQuorum(reads: readonly QuorumSeen[]): string[] {
  const problems: string[] = [];
  const ordered = reads.toSorted((a, b) => a.returnedMs - b.returnedMs);
  for (const read of ordered) {
    for (const earlier of ordered) {
      if (earlier.returnedMs >= read.invokedMs) break;
      if (earlier.leaderEpoch <= read.leaderEpoch && earlier.highWatermark <= read.highWatermark) continue;
      problems.push(
        `D1: the quorum is at epoch ${read.leaderEpoch}, offset ${read.highWatermark} (broker ${read.broker}), after epoch ${earlier.leaderEpoch}, offset ${earlier.highWatermark} (broker ${earlier.broker})`,
      );
      return problems;
    }
  }
  return problems;
}

function groupByBroker<T extends { readonly broker: number }>(reads: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const read of reads) {
    const group = groups.get(read.broker);
    if (group === undefined) groups.set(read.broker, [read]);
    else group.push(read);
  }
  return groups;
}
