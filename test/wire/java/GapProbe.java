import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Exit;

/**
 * Sends a record to every partition of a topic again and again with acks=all, the producer's other settings at their
 * defaults, and tells when each is acknowledged; a consumer of all partitions tells when it has each: a leader that is gone shows as a gap.
 *
 * <p>Arguments: bootstrap, topic, partitions, milliseconds between records, [SETTING=VALUE...] of both. Prints "A partition time value" for
 * each acknowledged record (milliseconds of the wall clock), "F error" for one that failed, and "C partition time" for each that was
 * consumed; at the end "N sent". Values are of 100 bytes, and no two are alike.
 */
public final class GapProbe {
    private static final int SIZE = 100;

    private GapProbe() { }

    public static void main(String[] args) throws Exception {
        AtomicBoolean stopping = new AtomicBoolean();
        CountDownLatch done = new CountDownLatch(1);
        Exit.addShutdownHook("stop", () -> {
            stopping.set(true);
            try {
                done.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        int partitions = Integer.parseInt(args[2]);
        long pauseMs = Long.parseLong(args[3]);
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("acks", "all");
        for (int i = 4; i < args.length; i++) settings.put(args[i].split("=")[0], args[i].split("=")[1]);
        String name = UUID.randomUUID().toString();
        Thread consuming = new Thread(() -> consume(args, partitions, stopping), "consumer");
        consuming.start();
        long count = 0;
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            while (!stopping.get()) {
                for (int partition = 0; partition < partitions; partition++) {
                    count++;
                    String id = name + "-" + count;
                    byte[] value = (id + ".".repeat(SIZE - id.length())).getBytes(StandardCharsets.US_ASCII);
                    producer.send(new ProducerRecord<>(args[1], partition, null, value), (metadata, error) -> {
                        if (error == null) System.out.print("A " + metadata.partition() + " " + System.currentTimeMillis() + " " + id + "\n");
                        else System.out.print("F " + error + "\n");
                    });
                }
                Thread.sleep(pauseMs);
            }
            consuming.join();
        } finally {
            done.countDown();
        }
        System.out.print("N " + count + "\n");
    }

    /** Reads all partitions from their ends on, as one who is in no group. */
    private static void consume(String[] args, int partitions, AtomicBoolean stopping) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        for (int i = 4; i < args.length; i++) settings.put(args[i].split("=")[0], args[i].split("=")[1]);
        List<TopicPartition> all = new ArrayList<>();
        for (int i = 0; i < partitions; i++) all.add(new TopicPartition(args[1], i));
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(all);
            consumer.seekToEnd(all);
            while (!stopping.get()) {
                StringBuilder text = new StringBuilder();
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50)))
                    text.append("C ").append(record.partition()).append(' ').append(System.currentTimeMillis()).append('\n');
                System.out.print(text);
            }
        }
    }
}
