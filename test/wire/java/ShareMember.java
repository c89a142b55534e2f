import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A member of a share group that carries out a script and prints one JSON object for each step.
 *
 * <p>Arguments: bootstrap, group, topic, then settings (name=value with a dot in the name) and steps:
 * {@code take=N} polls until N records came (20 s at most); {@code poll=MS} polls for so long; {@code accept=A-B},
 * {@code release=A-B}, {@code reject=A-B}, {@code renew=A-B} acknowledge the offsets A to B of what was taken, of
 * whichever partition; {@code commit} sends acknowledgements and prints each partition's error; {@code sleep=MS}.
 * The end closes the consumer.
 */
public final class ShareMember {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long TAKE_MS = 20_000;

    private final KafkaShareConsumer<String, String> consumer;
    private final Map<Long, ConsumerRecord<String, String>> taken = new TreeMap<>();

    private ShareMember(KafkaShareConsumer<String, String> consumer) {
        this.consumer = consumer;
    }

    public static void main(String[] args) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("group.id", args[1]);
        List<String[]> steps = new ArrayList<>();
        for (int i = 3; i < args.length; i++) {
            String[] pair = args[i].split("=", 2);
            if (pair[0].contains(".")) settings.put(pair[0], pair[1]);
            else steps.add(pair);
        }
        try (KafkaShareConsumer<String, String> consumer =
                 new KafkaShareConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(args[2]));
            ShareMember member = new ShareMember(consumer);
            for (String[] step : steps) member.carryOut(step[0], step.length > 1 ? step[1] : "");
        }
    }

    private void carryOut(String step, String value) throws Exception {
        switch (step) {
            case "take" -> print(step, take(Integer.parseInt(value), TAKE_MS));
            case "poll" -> print(step, take(Integer.MAX_VALUE, Long.parseLong(value)));
            case "accept" -> acknowledge(AcknowledgeType.ACCEPT, value);
            case "release" -> acknowledge(AcknowledgeType.RELEASE, value);
            case "reject" -> acknowledge(AcknowledgeType.REJECT, value);
            case "renew" -> acknowledge(AcknowledgeType.RENEW, value);
            case "commit" -> commit();
            case "sleep" -> Thread.sleep(Long.parseLong(value));
            default -> throw new IllegalArgumentException("unknown step " + step);
        }
    }

    private List<ConsumerRecord<String, String>> take(int count, long milliseconds) {
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        long end = System.nanoTime() + milliseconds * 1_000_000;
        while (records.size() < count && System.nanoTime() < end) {
            for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                records.add(record);
                taken.put(record.offset(), record);
            }
        }
        return records;
    }

    private void acknowledge(AcknowledgeType type, String range) {
        String[] ends = range.split("-", 2);
        long first = Long.parseLong(ends[0]);
        long last = Long.parseLong(ends[ends.length - 1]);
        for (long offset = first; offset <= last; offset++) {
            ConsumerRecord<String, String> record = taken.get(offset);
            if (record == null) throw new IllegalStateException("offset " + offset + " was not taken");
            consumer.acknowledge(record, type);
        }
    }

    private void commit() throws Exception {
        ObjectNode line = JSON.createObjectNode();
        line.put("step", "commit");
        ObjectNode errors = line.putObject("errors");
        for (Map.Entry<TopicIdPartition, Optional<KafkaException>> entry : consumer.commitSync().entrySet()) {
            String error = entry.getValue().map(e -> e.getClass().getSimpleName()).orElse(null);
            errors.put(String.valueOf(entry.getKey().partition()), error);
        }
        System.out.println(JSON.writeValueAsString(line));
    }

    private static void print(String step, List<ConsumerRecord<String, String>> records) throws Exception {
        ObjectNode line = JSON.createObjectNode();
        line.put("step", step);
        ArrayNode list = line.putArray("records");
        for (ConsumerRecord<String, String> record : records) {
            ObjectNode each = list.addObject();
            each.put("partition", record.partition());
            each.put("offset", record.offset());
            each.put("value", record.value());
            each.put("delivery", record.deliveryCount().map(Short::intValue).orElse(-1));
        }
        System.out.println(JSON.writeValueAsString(line));
    }
}
