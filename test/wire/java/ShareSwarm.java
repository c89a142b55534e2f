import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Members of share groups that come and go by stages, each working for a while on every record.
 *
 * <p>Arguments: bootstrap, topic, group, groups, microseconds of work for a record, stages, then settings of the consumers
 * (name=value). With several groups their names end with -0, -1 and so on, and a stage's members are those of each. Stages
 * are separated by commas: {@code 10:5s} has ten members for five seconds, {@code 10:50000r} until 50,000 records are worked
 * through, {@code 10:50000t} the same from the moment when all new members have had a record; until then they take their
 * time. Prints one JSON object a stage: what each member worked through, the milliseconds from the first record to the
 * end, the longest time in which nobody got anything, and how long each new member waited for its first record.
 */
public final class ShareSwarm {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long LOOK_NANOS = 1_000_000;
    private static final long GATHER_SECONDS = 60;
    /** Work on a record until all members have begun: what there is has to last. */
    private static final long GATHER_WORK_NANOS = 5_000_000;

    private final Properties settings = new Properties();
    private final String topic;
    private final long workNanos;
    private final List<Member> members = new ArrayList<>();
    private final AtomicLong worked = new AtomicLong();
    private final AtomicLong lastDeliveryNanos = new AtomicLong();
    private final AtomicLong longestPauseNanos = new AtomicLong();
    private final AtomicLong firstDeliveryNanos = new AtomicLong();
    private volatile boolean measures;
    private volatile CountDownLatch gathering = new CountDownLatch(0);

    private ShareSwarm(String bootstrap, String topic, long workMicros) {
        settings.put("bootstrap.servers", bootstrap);
        this.topic = topic;
        this.workNanos = workMicros * 1000;
    }

    public static void main(String[] args) throws Exception {
        ShareSwarm swarm = new ShareSwarm(args[0], args[1], Long.parseLong(args[4]));
        for (int i = 6; i < args.length; i++) {
            String[] pair = args[i].split("=", 2);
            swarm.settings.put(pair[0], pair[1]);
        }
        int groups = Integer.parseInt(args[3]);
        try {
            for (String stage : args[5].split(",")) swarm.carryOut(stage, args[2], groups);
        } finally {
            swarm.shrinkTo(0);
        }
    }

    private void carryOut(String stage, String group, int groups) throws Exception {
        String[] parts = stage.split(":");
        int size = Integer.parseInt(parts[0]);
        long amount = Long.parseLong(parts[1].substring(0, parts[1].length() - 1));
        boolean isTimed = parts[1].endsWith("s");
        for (Member member : members) member.counted.set(0);
        worked.set(0);
        firstDeliveryNanos.set(0);
        longestPauseNanos.set(0);
        boolean isTogether = parts[1].endsWith("t");
        measures = !isTogether;
        long begin = System.nanoTime();
        shrinkTo(size * groups);
        gathering = new CountDownLatch(isTogether ? size * groups - members.size() : 0);
        for (int i = members.size(); i < size * groups; i++) {
            members.add(new Member(groups == 1 ? group : group + "-" + i % groups));
        }
        if (isTogether) {
            if (!gathering.await(GATHER_SECONDS, TimeUnit.SECONDS)) throw new IllegalStateException("not all members got records");
            firstDeliveryNanos.set(System.nanoTime());
            measures = true;
        }
        while (isTimed ? System.nanoTime() - begin < amount * 1_000_000_000L : worked.get() < amount) {
            LockSupport.parkNanos(LOOK_NANOS);
        }
        long end = System.nanoTime();
        measures = false;
        print(size, begin, end);
    }

    private void print(int size, long begin, long end) throws Exception {
        ObjectNode line = JSON.createObjectNode();
        line.put("members", size);
        line.put("records", worked.get());
        long first = firstDeliveryNanos.get();
        line.put("ms", first == 0 ? 0 : (end - first) / 1_000_000);
        line.put("pauseMs", Math.max(longestPauseNanos.get(), end - Math.max(begin, lastDeliveryNanos.get())) / 1_000_000);
        ArrayNode each = line.putArray("each");
        ArrayNode firsts = line.putArray("firstMs");
        for (Member member : members) {
            each.add(member.counted.get());
            if (member.startNanos >= begin) firsts.add(member.firstNanos == 0 ? -1 : (member.firstNanos - member.startNanos) / 1_000_000);
        }
        System.out.println(JSON.writeValueAsString(line));
    }

    private void shrinkTo(int size) throws InterruptedException {
        List<Member> leaving = new ArrayList<>(members.subList(Math.min(size, members.size()), members.size()));
        members.removeAll(leaving);
        for (Member member : leaving) member.isStopped = true;
        for (Member member : leaving) member.thread.join();
    }

    /** Somebody got records: notes how long nobody had. */
    private void delivered() {
        long now = System.nanoTime();
        firstDeliveryNanos.compareAndSet(0, now);
        long before = lastDeliveryNanos.getAndSet(now);
        if (before != 0) longestPauseNanos.accumulateAndGet(now - before, Math::max);
    }

    private final class Member implements Runnable {
        private final String group;
        private final Thread thread = new Thread(this);
        private final long startNanos = System.nanoTime();
        private volatile long firstNanos;
        private final AtomicLong counted = new AtomicLong();
        private volatile boolean isStopped;

        Member(String group) {
            this.group = group;
            thread.setDaemon(true);
            thread.start();
        }

        @Override
        public void run() {
            Properties own = new Properties();
            own.putAll(settings);
            own.put("group.id", group);
            try (KafkaShareConsumer<byte[], byte[]> consumer =
                     new KafkaShareConsumer<>(own, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                consumer.subscribe(List.of(topic));
                while (!isStopped) work(consumer.poll(POLL));
            }
        }

        private void work(Iterable<ConsumerRecord<byte[], byte[]>> records) {
            boolean isFirst = true;
            for (ConsumerRecord<byte[], byte[]> record : records) {
                if (isFirst) {
                    delivered();
                    if (firstNanos == 0) {
                        firstNanos = System.nanoTime();
                        gathering.countDown();
                    }
                    isFirst = false;
                }
                long nanos = gathering.getCount() > 0 ? GATHER_WORK_NANOS : workNanos;
                if (nanos > 0) pause(nanos);
                if (record.offset() < 0) throw new IllegalStateException("offset " + record.offset());
                if (!measures) continue;
                counted.incrementAndGet();
                worked.incrementAndGet();
            }
        }

        private void pause(long nanos) {
            long end = System.nanoTime() + nanos;
            for (long left = nanos; left > 0; left = end - System.nanoTime()) LockSupport.parkNanos(left);
        }
    }
}
