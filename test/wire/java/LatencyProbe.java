import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Sends one record at a time with acks=all and waits for it to come back through a consumer, as Kafka's EndToEndLatency
 * does, but reports microseconds (that tool's percentiles are whole milliseconds).
 *
 * <p>Arguments: bootstrap, topic, records, record size. Prints "p50 p99 max" after a fifth that warms up.
 */
public final class LatencyProbe {
    private static final Duration POLL = Duration.ofSeconds(10);

    private LatencyProbe() { }

    public static void main(String[] args) throws Exception {
        int count = Integer.parseInt(args[2]);
        byte[] value = new byte[Integer.parseInt(args[3])];
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("acks", "all");
        settings.put("linger.ms", "0");
        settings.put("fetch.max.wait.ms", "500");
        TopicPartition partition = new TopicPartition(args[1], 0);
        long[] micros = new long[count];
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
             KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToEnd(List.of(partition));
            consumer.position(partition);
            for (int i = 0; i < count; i++) {
                long start = System.nanoTime();
                producer.send(new ProducerRecord<>(args[1], 0, null, value)).get();
                int received = 0;
                while (received == 0) received = consumer.poll(POLL).count();
                micros[i] = (System.nanoTime() - start) / 1000;
            }
        }
        long[] steady = Arrays.copyOfRange(micros, count / 5, count);
        Arrays.sort(steady);
        System.out.println(at(steady, 0.5) + " " + at(steady, 0.99) + " " + steady[steady.length - 1]);
    }

    private static long at(long[] sorted, double quantile) {
        return sorted[(int) Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))];
    }
}
