import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.utils.Exit;

/**
 * Reads partition 0 of a topic from its beginning, as a client in a rack (KIP-392), until it is stopped.
 *
 * <p>Arguments: bootstrap, topic, rack. Prints "G 0 offset value" for each record, and "M node bytes" after each poll that gave some: how
 * much every node has sent to this client so far, by its own count.
 */
public final class RackProbe {
    private static final String NODE = "node-";

    private RackProbe() { }

    public static void main(String[] args) {
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
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("client.rack", args[2]);
        settings.put("request.timeout.ms", "5000");
        settings.put("fetch.max.wait.ms", "100");
        TopicPartition partition = new TopicPartition(args[1], 0);
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            while (!stopping.get()) {
                StringBuilder text = new StringBuilder();
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100)))
                    text.append("G 0 ").append(record.offset()).append(' ').append(record.value()).append('\n');
                if (text.isEmpty()) continue;
                sent(consumer).forEach((node, bytes) -> text.append("M ").append(node).append(' ').append(bytes).append('\n'));
                System.out.print(text);
            }
        } finally {
            done.countDown();
        }
    }

    /** Bytes by the id of the node; those that it knows by address alone are left out. */
    private static Map<Integer, Long> sent(KafkaConsumer<?, ?> consumer) {
        Map<Integer, Long> sent = new TreeMap<>();
        consumer.metrics().forEach((name, metric) -> {
            String node = name.tags().getOrDefault("node-id", "");
            if (!name.name().equals("incoming-byte-total") || !node.startsWith(NODE)) return;
            int id = Integer.parseInt(node.substring(NODE.length()));
            if (id >= 0) sent.put(id, ((Number) metric.metricValue()).longValue());
        });
        return sent;
    }
}
