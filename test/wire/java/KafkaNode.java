import java.io.IOException;
import java.io.InputStream;

/** Apache Kafka's server as a child process that ends when its standard input closes, that is with its parent. */
public final class KafkaNode {
    private KafkaNode() { }

    public static void main(String[] args) {
        InputStream parent = System.in;
        Thread watch = new Thread(() -> {
            try {
                while (parent.read() >= 0) {
                    // Nothing is written: this waits for the end.
                }
            } catch (IOException e) {
                // The same as the end.
            }
            Runtime.getRuntime().halt(0);
        }, "parent-watch");
        watch.setDaemon(true);
        watch.start();
        kafka.Kafka.main(args);
    }
}
