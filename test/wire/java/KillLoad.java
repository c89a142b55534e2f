import java.io.FileOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.SharePartitionOffsetInfo;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidRecordStateException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Clients that work while their broker is killed again and again, and write down what they see, one event a line.
 *
 * <p>Arguments: role, bootstrap, topic, and by role: {@code producer PARTITIONS RATE [SETTING=VALUE...]}: "A partition offset value time" for an
 * acknowledged record, "F value" for a failed one, at the end "N count" (the values are 0 to count - 1, the partition
 * is value modulo PARTITIONS). {@code share GROUP [MILLISECONDS]}: "Q time partition offset value" for a delivery, "K outcome sent time
 * partition offset" when it ended (accepted, released, refused, or unknown when the answer got lost); it works for so long
 * on what a poll gives, or for 20 to 160 ms: whoever holds nothing can't be one of two owners.
 * {@code group GROUP}: "G partition offset value" for each record, "C confirmed partition offset" for each commit, before (0) and after
 * it was confirmed (1).
 * {@code scan PARTITIONS}: "R partition offset value" for each record. {@code lag GROUP}: "L partition records" for what the group has
 * yet to finish. Times are milliseconds of the wall clock. The property {@code out} names a file to write to.
 */
public final class KillLoad {
    private static final int SCANNED_AT_ONCE = 200;

    private KillLoad() { }

    public static void main(String[] args) throws Exception {
        String file = System.getProperty("out");
        if (file != null) System.setOut(new PrintStream(new FileOutputStream(file, true), true));
        AtomicBoolean stopping = new AtomicBoolean();
        CountDownLatch done = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stopping.set(true);
            try {
                done.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        try {
            switch (args[0]) {
                case "producer" -> produce(args, stopping);
                case "share" -> share(args[1], args[2], args[3], args.length > 4 ? Long.parseLong(args[4]) : -1, stopping);
                case "group" -> group(args[1], args[2], args[3], stopping);
                case "scan" -> scan(args[1], args[2], Integer.parseInt(args[3]));
                case "lag" -> lag(args[1], args[2], args[3]);
                default -> throw new IllegalArgumentException("unknown role " + args[0]);
            }
        } finally {
            done.countDown();
        }
    }

    private static Properties settings(String bootstrap) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("reconnect.backoff.ms", "20");
        settings.put("reconnect.backoff.max.ms", "100");
        settings.put("retry.backoff.ms", "20");
        settings.put("retry.backoff.max.ms", "100");
        return settings;
    }

    private static void produce(String[] args, AtomicBoolean stopping) throws Exception {
        String topic = args[2];
        int partitions = Integer.parseInt(args[3]);
        int rate = Integer.parseInt(args[4]);
        Properties settings = settings(args[1]);
        settings.put("acks", "all");
        settings.put("enable.idempotence", "true");
        settings.put("linger.ms", "2");
        settings.put("delivery.timeout.ms", "60000");
        settings.put("request.timeout.ms", "5000");
        for (int i = 5; i < args.length; i++) settings.put(args[i].split("=")[0], args[i].split("=")[1]);
        long count = 0;
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            while (!stopping.get()) {
                for (int i = 0; i < Math.max(1, rate / 100); i++) {
                    String value = String.valueOf(count);
                    int partition = (int) (count % partitions);
                    count++;
                    producer.send(new ProducerRecord<>(topic, partition, null, value), (metadata, error) -> {
                        if (error == null) say("A " + metadata.partition() + " " + metadata.offset() + " " + value + " " + System.currentTimeMillis());
                        else say("F " + value + " " + error);
                    });
                }
                Thread.sleep(10);
            }
        }
        say("N " + count);
    }

    private static void share(String bootstrap, String topic, String group, long workMs, AtomicBoolean stopping) throws Exception {
        Properties settings = settings(bootstrap);
        settings.put("group.id", group);
        settings.put("share.acknowledgement.mode", "explicit");
        settings.put("max.poll.records", "200");
        settings.put("request.timeout.ms", "5000");
        settings.put("default.api.timeout.ms", "5000");
        try (KafkaShareConsumer<String, String> consumer =
                 new KafkaShareConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            while (!stopping.get()) {
                List<ConsumerRecord<String, String>> records = new ArrayList<>();
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
                if (!records.isEmpty()) finish(consumer, records, workMs);
            }
        }
    }

    /** Works, releases one record in ten at its first delivery, accepts the rest, and waits for the answer. */
    private static void finish(KafkaShareConsumer<String, String> consumer, List<ConsumerRecord<String, String>> records, long workMs)
            throws InterruptedException {
        long now = System.currentTimeMillis();
        StringBuilder text = new StringBuilder();
        for (ConsumerRecord<String, String> record : records) {
            text.append("Q ").append(now).append(' ').append(record.partition()).append(' ').append(record.offset()).append(' ');
            text.append(record.value()).append('\n');
        }
        System.out.print(text);
        Thread.sleep(workMs >= 0 ? workMs : (1 + records.get(0).offset() % 8) * 20);
        for (ConsumerRecord<String, String> record : records) consumer.acknowledge(record, typeFor(record));
        long sent = System.currentTimeMillis();
        Map<Integer, String> errors = new HashMap<>();
        String overall = null;
        try {
            for (Map.Entry<TopicIdPartition, Optional<KafkaException>> entry : consumer.commitSync().entrySet()) {
                String outcome = entry.getValue().map(e -> e instanceof InvalidRecordStateException ? "refused" : "unknown").orElse("");
                errors.put(entry.getKey().partition(), outcome);
            }
        } catch (KafkaException e) {
            overall = "unknown";
        }
        long confirmed = System.currentTimeMillis();
        StringBuilder ends = new StringBuilder();
        for (ConsumerRecord<String, String> record : records) {
            String outcome = overall != null ? overall : errors.getOrDefault(record.partition(), "unknown");
            if (outcome.isEmpty()) outcome = typeFor(record) == AcknowledgeType.RELEASE ? "released" : "accepted";
            ends.append("K ").append(outcome).append(' ').append(sent).append(' ').append(confirmed).append(' ');
            ends.append(record.partition()).append(' ').append(record.offset()).append('\n');
        }
        System.out.print(ends);
    }

    private static AcknowledgeType typeFor(ConsumerRecord<String, String> record) {
        boolean isFirst = record.deliveryCount().map(count -> count == 1).orElse(false);
        return isFirst && record.offset() % 10 == 3 ? AcknowledgeType.RELEASE : AcknowledgeType.ACCEPT;
    }

    private static void group(String bootstrap, String topic, String group, AtomicBoolean stopping) {
        Properties settings = settings(bootstrap);
        settings.put("group.id", group);
        settings.put("enable.auto.commit", "false");
        settings.put("auto.offset.reset", "earliest");
        settings.put("max.poll.records", "200");
        settings.put("default.api.timeout.ms", "5000");
        settings.put("request.timeout.ms", "4000");
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            while (!stopping.get()) {
                StringBuilder text = new StringBuilder();
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                    text.append("G ").append(record.partition()).append(' ').append(record.offset()).append(' ');
                    text.append(record.value()).append('\n');
                }
                if (text.isEmpty()) continue;
                System.out.print(text);
                try {
                    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
                    for (TopicPartition each : consumer.assignment()) offsets.put(each, new OffsetAndMetadata(consumer.position(each)));
                    offsets.forEach((partition, at) -> say("C 0 " + partition.partition() + " " + at.offset()));
                    consumer.commitSync(offsets);
                    offsets.forEach((partition, at) -> say("C 1 " + partition.partition() + " " + at.offset()));
                } catch (KafkaException e) {
                    say("E " + e);
                }
            }
        }
    }

    private static void scan(String bootstrap, String topic, int partitions) {
        Properties settings = settings(bootstrap);
        settings.put("check.crcs", "true");
        // A fetch that waits at the end of one partition keeps the first one of the next from being sent.
        settings.put("fetch.max.wait.ms", "2");
        List<TopicPartition> all = new ArrayList<>();
        for (int i = 0; i < partitions; i++) all.add(new TopicPartition(topic, i));
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            // One alone costs a round trip or more, and all at once hold up each other where one has no leader.
            for (int from = 0; from < partitions; from += SCANNED_AT_ONCE) {
                List<TopicPartition> some = all.subList(from, Math.min(from + SCANNED_AT_ONCE, partitions));
                consumer.assign(some);
                consumer.seekToBeginning(some);
                long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
                while (some.stream().anyMatch(one -> consumer.position(one) < ends.get(one)) && System.nanoTime() < deadline) {
                    StringBuilder text = new StringBuilder();
                    for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                        text.append("R ").append(record.partition()).append(' ').append(record.offset()).append(' ');
                        text.append(record.value()).append('\n');
                    }
                    System.out.print(text);
                }
            }
        }
    }

    private static void lag(String bootstrap, String topic, String group) throws Exception {
        try (Admin admin = Admin.create(settings(bootstrap))) {
            Map<TopicPartition, SharePartitionOffsetInfo> offsets =
                admin.listShareGroupOffsets(Map.of(group, new ListShareGroupOffsetsSpec())).partitionsToOffsetInfo(group).get();
            offsets.forEach((partition, info) -> {
                if (partition.topic().equals(topic)) say("L " + partition.partition() + " " + info.lag().orElse(-1L));
            });
        }
    }

    private static void say(String line) {
        System.out.print(line + "\n");
    }
}
