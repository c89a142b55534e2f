import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * How long the acknowledgements of a share consumer take, beside a producer with a steady rate.
 *
 * <p>Arguments: bootstrap, topic, group, records, records a second, record size. Prints "p50 p99 max" of commitSync in
 * microseconds, after a fifth that warms up.
 */
public final class AcknowledgeProbe {
    private static final Duration POLL = Duration.ofMillis(100);

    private AcknowledgeProbe() { }

    public static void main(String[] args) throws Exception {
        int count = Integer.parseInt(args[3]);
        int rate = Integer.parseInt(args[4]);
        byte[] value = new byte[Integer.parseInt(args[5])];
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("acks", "all");
        settings.put("group.id", args[2]);
        settings.put("share.acknowledgement.mode", "explicit");
        long[] micros = new long[count];
        int commits = 0;
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
             KafkaShareConsumer<byte[], byte[]> consumer = new KafkaShareConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(args[1]));
            Thread sender = new Thread(() -> send(producer, args[1], value, count, rate));
            sender.setDaemon(true);
            sender.start();
            for (int taken = 0; taken < count; ) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
                if (records.isEmpty()) continue;
                for (ConsumerRecord<byte[], byte[]> record : records) consumer.acknowledge(record, AcknowledgeType.ACCEPT);
                long start = System.nanoTime();
                consumer.commitSync();
                micros[commits++] = (System.nanoTime() - start) / 1000;
                taken += records.count();
            }
            sender.join();
        }
        long[] steady = Arrays.copyOfRange(micros, commits / 5, commits);
        Arrays.sort(steady);
        System.out.println(at(steady, 0.5) + " " + at(steady, 0.99) + " " + steady[steady.length - 1]);
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, String topic, byte[] value, int count, int rate) {
        long begin = System.nanoTime();
        for (int i = 0; i < count; i++) {
            long due = begin + i * 1_000_000_000L / rate;
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) LockSupport.parkNanos(left);
            producer.send(new ProducerRecord<>(topic, value));
        }
    }

    private static long at(long[] sorted, double quantile) {
        return sorted[(int) Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))];
    }
}
