import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Exit;

/**
 * Sends a record to every partition of a topic again and again with acks=all, the producer's other settings at their
 * defaults, and tells when each is acknowledged: a leader that is gone shows as a gap.
 *
 * <p>Arguments: bootstrap, topic, partitions, milliseconds between records, [SETTING=VALUE...]. Prints "A partition time" for each
 * acknowledged record (milliseconds of the wall clock) and "F error" for one that failed; at the end "N sent".
 */
public final class GapProbe {
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
        byte[] value = new byte[100];
        long count = 0;
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            while (!stopping.get()) {
                for (int partition = 0; partition < partitions; partition++) {
                    count++;
                    producer.send(new ProducerRecord<>(args[1], partition, null, value), (metadata, error) -> {
                        if (error == null) System.out.print("A " + metadata.partition() + " " + System.currentTimeMillis() + "\n");
                        else System.out.print("F " + error + "\n");
                    });
                }
                Thread.sleep(pauseMs);
            }
        } finally {
            done.countDown();
        }
        System.out.print("N " + count + "\n");
    }
}
