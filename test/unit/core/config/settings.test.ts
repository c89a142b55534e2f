import { describe, expect, test } from '@jest/globals';
import { describeBroker, describeGroup, describeTopic } from '../../../../broker/core/config/describe.ts';
import { nodeTlsListener } from '../../../../broker/core/config/listeners.ts';
import { Settings } from '../../../../broker/core/config/settings.ts';
import { validateBrokerFile, validateOverrides, withOldNames } from '../../../../broker/core/config/validate.ts';

const map = (texts: Readonly<Record<string, string>>): ReadonlyMap<string, string> => new Map(Object.entries(texts));
const NONE = map({});
const CERTIFICATE = {
  'weir.grpc.tls.cert.file': '/c',
  'weir.grpc.tls.key.file': '/k',
  'weir.grpc.tls.ca.file': '/a',
};
/** Brokers reach each other on a listener of their own, by this protocol. */
const brokersBy = (protocol: string) => ({
  listeners: 'PLAINTEXT://127.0.0.1:9092,BROKERS://127.0.0.1:9091',
  'inter.broker.listener.name': 'brokers',
  'listener.security.protocol.map': `PLAINTEXT:PLAINTEXT,Brokers:${protocol}`,
});
const neighbours = { 'controller.quorum.voters': '0@a:9190,1@b:9190', 'node.id': '0', 'weir.grpc.port': '9190' };

describe('a topic setting', () => {
  test('is its own override, else the broker setting behind it, else the default', () => {
    const settings = new Settings(map({ 'log.segment.bytes': '2097152' }));
    expect(settings.topic(map({ 'segment.bytes': '4194304' }), 'segment.bytes')).toBe(4_194_304);
    expect(settings.topic(NONE, 'segment.bytes')).toBe(2_097_152);
    expect(new Settings(NONE).topic(NONE, 'segment.bytes')).toBe(1_073_741_824);
  });

  test('retention falls back from milliseconds to minutes to hours', () => {
    expect(new Settings(NONE).topic(NONE, 'retention.ms')).toBe(604_800_000);
    expect(new Settings(map({ 'log.retention.hours': '2' })).topic(NONE, 'retention.ms')).toBe(7_200_000);
    expect(
      new Settings(map({ 'log.retention.hours': '2', 'log.retention.minutes': '3' })).topic(NONE, 'retention.ms'),
    ).toBe(180_000);
    expect(
      new Settings(map({ 'log.retention.minutes': '3', 'log.retention.ms': '7' })).topic(NONE, 'retention.ms'),
    ).toBe(7);
    expect(new Settings(map({ 'log.retention.hours': '-1' })).topic(NONE, 'retention.ms')).toBe(-1);
  });

  test('follows dynamic settings: one broker over all brokers over the file', () => {
    const settings = new Settings(map({ 'message.max.bytes': '100' }));
    expect(settings.topic(NONE, 'max.message.bytes')).toBe(100);
    settings.setDynamic(NONE, map({ 'message.max.bytes': '200' }));
    expect(settings.topic(NONE, 'max.message.bytes')).toBe(200);
    settings.setDynamic(map({ 'message.max.bytes': '300' }), map({ 'message.max.bytes': '200' }));
    expect(settings.topic(NONE, 'max.message.bytes')).toBe(300);
    settings.setDynamic(NONE, NONE);
    expect(settings.topic(NONE, 'max.message.bytes')).toBe(100);
  });

  test('a long without limit reads as the largest safe number, never rounded', () => {
    expect(new Settings(NONE).topic(NONE, 'message.timestamp.before.max.ms')).toBe(Number.MAX_SAFE_INTEGER);
    expect(new Settings(NONE).topic(map({ 'retention.ms': '9007199254740993' }), 'retention.ms')).toBe(
      Number.MAX_SAFE_INTEGER,
    );
  });

  test('an empty cleanup.policy is a value of its own', () => {
    expect(new Settings(map({ 'log.cleanup.policy': '' })).topic(NONE, 'cleanup.policy')).toEqual([]);
    expect(new Settings(NONE).topic(map({ 'cleanup.policy': '' }), 'cleanup.policy')).toEqual([]);
    expect(new Settings(NONE).topic(map({ 'cleanup.policy': 'delete,compact,delete' }), 'cleanup.policy')).toEqual([
      'delete',
      'compact',
    ]);
  });
});

describe('a group setting', () => {
  test('is kept within the bounds that the broker has now', () => {
    const settings = new Settings(map({ 'group.share.max.record.lock.duration.ms': '40000' }));
    expect(settings.group(map({ 'share.record.lock.duration.ms': '59000' }), 'share.record.lock.duration.ms')).toBe(
      40_000,
    );
    expect(settings.group(map({ 'share.record.lock.duration.ms': '1000' }), 'share.record.lock.duration.ms')).toBe(
      15_000,
    );
    expect(settings.group(NONE, 'share.record.lock.duration.ms')).toBe(30_000);
  });

  test('is refused outside these bounds when it is set', () => {
    const settings = new Settings(NONE);
    const problem = (texts: Readonly<Record<string, string>>): string | null =>
      validateOverrides('group', map(texts), settings);
    expect(problem({ 'share.record.lock.duration.ms': '14999' })).toMatch(
      /not be below group.share.min.record.lock.duration.ms, 15000/,
    );
    expect(problem({ 'share.delivery.count.limit': '11' })).toMatch(
      /not be above group.share.max.delivery.count.limit, 10/,
    );
    expect(problem({ 'share.delivery.count.limit': '10' })).toBeNull();
    expect(problem({ 'share.session.timeout.ms': '50000' })).toBeNull();
  });
});

describe('the settings of a broker file', () => {
  const good = { 'log.dirs': '/data' };

  test('need a data directory and nothing else', () => {
    expect(validateBrokerFile(map(good))).toEqual([]);
    expect(validateBrokerFile(map({ 'log.dir': '/data' }))).toEqual([]);
    expect(validateBrokerFile(NONE)).toEqual(['log.dirs must be set']);
  });

  test('may have brokers reach each other by TLS, with the certificates of nodes', () => {
    const secured = { ...good, ...brokersBy('SSL'), ...CERTIFICATE };
    expect(validateBrokerFile(map(secured))).toEqual([]);
    expect(nodeTlsListener('brokers', secured['listener.security.protocol.map'])).toBe('BROKERS');
    expect(nodeTlsListener('brokers', brokersBy('PLAINTEXT')['listener.security.protocol.map'])).toBeNull();
    expect(nodeTlsListener('', secured['listener.security.protocol.map'])).toBeNull();
  });

  test('may use old names, which count where the new ones are not given', () => {
    const read = (texts: Readonly<Record<string, string>>): readonly [number, string] => {
      expect(validateBrokerFile(map(texts))).toEqual([]);
      const settings = new Settings(withOldNames(map(texts)));
      return [settings.broker('node.id'), settings.broker('log.dirs')];
    };
    expect(read({ 'broker.id': '7', 'log.dir': '/old' })).toEqual([7, '/old']);
    expect(read({ 'broker.id': '7', 'node.id': '7', 'log.dir': '/old', 'log.dirs': '/new' })).toEqual([7, '/new']);
    expect(read({ 'broker.id': '-1', 'log.dirs': '/new' })).toEqual([0, '/new']);
    expect(validateBrokerFile(map({ ...good, 'broker.id': '7', 'node.id': '8' }))).toEqual([
      'broker.id must be node.id, 8, or be left out',
    ]);
  });

  test('of a plain Kafka installation are understood, or refused with what to do', () => {
    const plain = {
      'node.id': '1',
      listeners: 'PLAINTEXT://127.0.0.1:9092',
      'advertised.listeners': 'PLAINTEXT://localhost:9092',
      'inter.broker.listener.name': 'PLAINTEXT',
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL',
      'num.network.threads': '3',
      'num.io.threads': '8',
      'log.dirs': '/tmp/kraft-combined-logs',
      'num.partitions': '1',
      'num.recovery.threads.per.data.dir': '2',
      'offsets.topic.replication.factor': '1',
      'share.coordinator.state.topic.replication.factor': '1',
      'share.coordinator.state.topic.min.isr': '1',
      'transaction.state.log.replication.factor': '1',
      'transaction.state.log.min.isr': '1',
      'log.retention.hours': '168',
      'log.segment.bytes': '1073741824',
      'log.retention.check.interval.ms': '300000',
    };
    expect(validateBrokerFile(map(plain))).toEqual([]);
    expect(
      validateBrokerFile(
        map({ ...plain, 'controller.quorum.bootstrap.servers': 'a:1', 'controller.listener.names': 'CONTROLLER' }),
      ),
    ).toEqual([
      expect.stringMatching(
        /controller.quorum.bootstrap.servers is not supported: controllers are named with their ids/,
      ),
      expect.stringMatching(/controller.listener.names is not supported: .* Take its listener out of listeners too\.$/),
    ]);
  });

  test('are all judged at once', () => {
    expect(
      validateBrokerFile(map({ ...good, 'node.id': '-1', 'zookeeper.connect': 'x', 'log.dirs': '/a,/b' })),
    ).toEqual([
      'log.dirs must be one directory: a node has exactly one',
      'node.id must be a whole number from 0 to 2147483647',
      expect.stringMatching(/^broker setting zookeeper.connect is not supported: there is no ZooKeeper/),
    ]);
  });

  test.each([
    [{ 'group.share.session.timeout.ms': '61000' }, /must not be above group.share.max.session.timeout.ms/],
    [{ 'group.share.min.heartbeat.interval.ms': '16000' }, /must not be above group.share.max.heartbeat.interval.ms/],
    [
      { 'group.share.max.share.sessions': '199' },
      /group.share.max.size must be at most group.share.max.share.sessions/,
    ],
    [{ 'group.min.session.timeout.ms': '1800001' }, /group.min.session.timeout.ms must be at most/],
    [{ listeners: 'PLAINTEXT://:9092' }, /advertised.listeners must give listener PLAINTEXT a host/],
    [{ 'process.roles': '' }, /process.roles must name broker, controller, or both/],
    [{ 'process.roles': 'broker' }, /^a broker that is no controller needs controller.quorum.voters$/],
    [{ 'controller.quorum.voters': '0@h' }, /must be ID@HOST:PORT entries/],
    [{ 'controller.quorum.voters': '0@h:1,0@h:2' }, /must not name controller 0 twice/],
    [{ 'controller.quorum.voters': '5@h:1' }, /must name this node, \d+, too/],
    [{ ...neighbours, 'weir.grpc.port': '-1' }, /^weir.grpc.port must be set where controller.quorum.voters is$/],
    [neighbours, /^weir.cluster.id must be set for a node that is not alone$/],
    [{ ...neighbours, 'process.roles': 'broker' }, /names this node, \d+, which is no controller$/],
    [{ 'weir.grpc.tls.cert.file': '/c' }, /must be set together$/],
    [
      { 'broker.heartbeat.interval.ms': '2000' },
      /^broker.heartbeat.interval.ms must be below broker.session.timeout.ms/,
    ],
    [
      { 'listener.security.protocol.map': 'PLAINTEXT:SSL' },
      /must not make listener PLAINTEXT SSL: clients are not served by TLS/,
    ],
    [
      { ...brokersBy('SASL_SSL'), ...CERTIFICATE },
      /must not make listener BROKERS SASL_SSL: .* brokers only by SSL on the listener that inter.broker/,
    ],
    [
      { ...brokersBy('SSL'), ...CERTIFICATE, 'inter.broker.listener.name': 'PLAINTEXT' },
      /must not make listener BROKERS SSL: clients are not/,
    ],
    [brokersBy('SSL'), /makes listener BROKERS SSL: that needs a certificate of this node, weir.grpc.tls.cert.file$/],
    [{ 'listener.security.protocol.map': 'PLAINTEXT:TLS' }, /must be NAME:PROTOCOL entries separated by commas, not/],
    [{ 'inter.broker.listener.name': 'REPLICATION' }, /must be one of PLAINTEXT, the names in listeners/],
    [{ 'security.inter.broker.protocol': 'SSL' }, /must be one of PLAINTEXT/],
    [
      { 'ssl.keystore.location': '/k' },
      /is not supported: .* what nodes show each other is in weir.grpc.tls.cert.file/,
    ],
    [{ 'listener.name.internal.ssl.keystore.location': '/k' }, /Use the name without prefix/],
    [{ 'remote.log.storage.system.enable': 'true' }, /tiered storage is not supported/],
    [{ 'log.dir': '/a,/b' }, /must be one directory/],
    [{ 'log.dirs': '' }, /log.dirs must be set/],
    [{ 'group.share.min.assignment.interval.ms': '2000' }, /must not be below group.share.min.assignment.interval.ms/],
    [{ 'weir.cluster.id': 'short' }, /16 bytes as 22 characters/],
  ])('that contradict each other are refused: %j', (texts, problem) => {
    expect(validateBrokerFile(map({ ...good, ...texts }))).toEqual([expect.stringMatching(problem)]);
  });
});

describe('DescribeConfigs', () => {
  const of = <E extends { readonly name: string }>(entries: readonly E[], name: string): E | undefined =>
    entries.find((entry) => entry.name === name);

  test('shows a topic override first and every place behind it', () => {
    const settings = new Settings(map({ 'log.retention.minutes': '5' }));
    settings.setDynamic(NONE, map({ 'log.retention.ms': '100000' }));
    const entry = of(describeTopic(settings, map({ 'retention.ms': '7' })), 'retention.ms');
    expect(entry).toMatchObject({ value: '7', configSource: 1, readOnly: false, configType: 5, isSensitive: false });
    expect(entry?.synonyms).toEqual([
      { name: 'retention.ms', value: '7', source: 1 },
      { name: 'log.retention.ms', value: '100000', source: 3 },
      { name: 'log.retention.minutes', value: '5', source: 4 },
      { name: 'log.retention.hours', value: '168', source: 5 },
    ]);
  });

  test('turns a default given in other units into the unit of the topic setting', () => {
    const settings = new Settings(map({ 'log.retention.minutes': '5' }));
    expect(of(describeTopic(settings, NONE), 'retention.ms')).toMatchObject({ value: '300000', configSource: 4 });
    expect(of(describeTopic(new Settings(NONE), NONE), 'retention.ms')).toMatchObject({
      value: '604800000',
      configSource: 5,
    });
  });

  test('shows static broker settings as read-only and unset ones without a value', () => {
    const entries = describeBroker(new Settings(map({ 'log.dirs': '/data', 'node.id': '3' })));
    expect(of(entries, 'node.id')).toMatchObject({ value: '3', readOnly: true, configSource: 4 });
    expect(of(entries, 'log.retention.minutes')).toMatchObject({ value: null, synonyms: [], configSource: 5 });
    expect(of(entries, 'message.max.bytes')).toMatchObject({ value: '1048588', readOnly: false, configSource: 5 });
  });

  test('shows the default of a group as the broker has it', () => {
    const settings = new Settings(map({ 'group.share.delivery.count.limit': '7' }));
    expect(of(describeGroup(settings, NONE), 'share.delivery.count.limit')).toMatchObject({
      value: '7',
      configSource: 4,
    });
    const own = of(describeGroup(settings, map({ 'share.delivery.count.limit': '3' })), 'share.delivery.count.limit');
    expect(own).toMatchObject({ value: '3', configSource: 8 });
    expect(own?.synonyms.map(({ source }) => source)).toEqual([8, 4, 5]);
  });

  test('agrees with the typed values for every setting of a topic', () => {
    const settings = new Settings(
      map({ 'log.retention.hours': '1', 'log.roll.ms': '5', 'weir.durability': 'replicated' }),
    );
    for (const { name, value } of describeTopic(settings, NONE)) {
      const typed: unknown = settings.topic(NONE, name as 'retention.ms');
      const shown = Array.isArray(typed) ? typed.join(',') : String(typed);
      expect([name, value === '9223372036854775807' ? String(Number.MAX_SAFE_INTEGER) : value]).toEqual([name, shown]);
    }
  });
});
