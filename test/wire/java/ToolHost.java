import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Permission;
import java.security.Policy;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.utils.Exit;
import org.slf4j.LoggerFactory;

/**
 * Runs the command-line tools of Apache Kafka in one JVM, each call as if it had a process of its own: its standard
 * streams are captured, exit() ends only the call, and its shutdown hooks run when the call is stopped.
 *
 * <p>Prints the port it listens on (127.0.0.1) and ends when its standard input closes, that is with its parent. A
 * connection sends one JSON object a line: {"id", "class", "args", "stdin" or "stdinFile"} starts a call, {"id", "stop":
 * true} stops it as SIGTERM would. Answers are {"id", "out"}, {"id", "err"} as the tool writes (a character for each byte),
 * and last {"id", "exit"}.
 */
public final class ToolHost {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int INTERRUPTED = 143;
    private static final long STOP_SECONDS = 10;
    private static final InheritableThreadLocal<Call> CURRENT = new InheritableThreadLocal<>();

    private ToolHost() { }

    public static void main(String[] args) throws Exception {
        PrintStream realOut = System.out;
        PrintStream realErr = System.err;
        InputStream realIn = System.in;
        System.setOut(new PrintStream(new Routed(realErr, "out"), true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(new Routed(realErr, "err"), true, StandardCharsets.UTF_8));
        System.setIn(new RoutedInput());
        Exit.setExitProcedure((status, message) -> endCall(status));
        Exit.setHaltProcedure((status, message) -> endCall(status));
        Exit.setShutdownHookAdder((name, hook) -> addHook(hook));
        catchSystemExit();
        // The logger's own shutdown hook must not be taken for one of the first call's.
        LoggerFactory.getLogger(ToolHost.class);
        ServerSocket server = new ServerSocket(0, 16, InetAddress.getByName("127.0.0.1"));
        realOut.println("port " + server.getLocalPort());
        realOut.flush();
        Thread acceptor = new Thread(() -> accept(server), "accept");
        acceptor.setDaemon(true);
        acceptor.start();
        while (realIn.read() >= 0) {
            // The parent writes nothing: this waits for its end.
        }
        Runtime.getRuntime().halt(0);
    }

    private static void accept(ServerSocket server) {
        while (true) {
            try {
                Socket socket = server.accept();
                socket.setTcpNoDelay(true);
                Thread reader = new Thread(new Connection(socket), "connection");
                reader.setDaemon(true);
                reader.start();
            } catch (IOException e) {
                return;
            }
        }
    }

    private static void endCall(int status) {
        Call call = CURRENT.get();
        if (call == null) throw new IllegalStateException("exit " + status + " outside of any call");
        call.exit(status);
        throw new ExitSignal();
    }

    private static void addHook(Runnable hook) {
        Call call = CURRENT.get();
        if (call != null) call.hooks.add(hook);
    }

    /** Some tools call System.exit; where the JVM still has security managers (before 24) it ends only the call. */
    @SuppressWarnings("removal")
    private static void catchSystemExit() {
        try {
            Policy.setPolicy(new Policy() {
                @Override
                public boolean implies(ProtectionDomain domain, Permission permission) {
                    return true;
                }
            });
            System.setSecurityManager(new SecurityManager() {
                @Override
                public void checkExit(int status) {
                    if (CURRENT.get() != null) endCall(status);
                }

                @Override
                public void checkPermission(Permission permission) { }
            });
        } catch (UnsupportedOperationException e) {
            System.err.println("System.exit of a tool will end the host: " + e.getMessage());
        }
    }

    /**
     * Takes back the hooks that a call has given to the JVM itself: those whose thread was made on the call's behalf.
     * Needs --add-opens java.base/java.lang=ALL-UNNAMED.
     */
    private static List<Thread> takeRuntimeHooks(Call call) {
        List<Thread> found = new ArrayList<>();
        try {
            Class<?> hooksClass = Class.forName("java.lang.ApplicationShutdownHooks");
            Map<?, ?> hooks = (Map<?, ?>) field(hooksClass, "hooks").get(null);
            List<?> threads;
            synchronized (hooksClass) {
                threads = new ArrayList<>(hooks.keySet());
            }
            for (Object each : threads) {
                Thread thread = (Thread) each;
                Object locals = field(Thread.class, "inheritableThreadLocals").get(thread);
                if (locals == null) continue;
                Method getEntry = locals.getClass().getDeclaredMethod("getEntry", ThreadLocal.class);
                getEntry.setAccessible(true);
                Object entry = getEntry.invoke(locals, CURRENT);
                if (entry == null || field(entry.getClass(), "value").get(entry) != call) continue;
                if (Runtime.getRuntime().removeShutdownHook(thread)) found.add(thread);
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("start the host with --add-opens java.base/java.lang=ALL-UNNAMED", e);
        }
        return found;
    }

    private static Field field(Class<?> owner, String name) throws NoSuchFieldException {
        Field field = owner.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    /** Unwinds the thread that called exit. An Error, so that no tool's catch of Exception holds it. */
    private static final class ExitSignal extends Error {
        ExitSignal() {
            super("exit", null, false, false);
        }
    }

    /** One client of the host. */
    private static final class Connection implements Runnable {
        private final Socket socket;
        private final OutputStream out;
        private final Map<String, Call> calls = new ConcurrentHashMap<>();

        Connection(Socket socket) throws IOException {
            this.socket = socket;
            this.out = socket.getOutputStream();
        }

        @Override
        public void run() {
            try (BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    JsonNode request = JSON.readTree(line);
                    String id = request.get("id").asText();
                    if (request.has("stop")) {
                        Call call = calls.get(id);
                        if (call != null) call.stop();
                    } else {
                        Call call = new Call(this, id, request);
                        calls.put(id, call);
                        call.start();
                    }
                }
            } catch (IOException e) {
                // The client is gone; what it started is stopped below.
            }
            calls.values().forEach(Call::stop);
        }

        void send(ObjectNode message) {
            try {
                byte[] line = (JSON.writeValueAsString(message) + "\n").getBytes(StandardCharsets.UTF_8);
                synchronized (out) {
                    out.write(line);
                }
            } catch (IOException e) {
                // Nobody listens any more.
            }
        }
    }

    /** One run of a tool's main method. */
    private static final class Call {
        private final Connection connection;
        private final String id;
        private final JsonNode request;
        private final InputStream stdin;
        private final AtomicBoolean ended = new AtomicBoolean();
        private final AtomicBoolean stopped = new AtomicBoolean();
        private final CountDownLatch done = new CountDownLatch(1);
        private final List<Runnable> hooks = new CopyOnWriteArrayList<>();
        private volatile Thread thread;
        private volatile boolean hadHooks;

        Call(Connection connection, String id, JsonNode request) throws IOException {
            this.connection = connection;
            this.id = id;
            this.request = request;
            this.stdin = request.hasNonNull("stdinFile")
                ? new BufferedInputStream(Files.newInputStream(Path.of(request.get("stdinFile").asText())))
                : new ByteArrayInputStream(request.path("stdin").asText("").getBytes(StandardCharsets.UTF_8));
        }

        void start() {
            thread = new Thread(this::invoke, "tool-" + id);
            thread.setDaemon(true);
            thread.start();
        }

        private void invoke() {
            CURRENT.set(this);
            String name = request.get("class").asText();
            String[] args = new String[request.get("args").size()];
            for (int i = 0; i < args.length; i++) args[i] = request.get("args").get(i).asText();
            try {
                Class.forName(name).getMethod("main", String[].class).invoke(null, (Object) args);
                exit(0);
            } catch (InvocationTargetException e) {
                if (!(e.getCause() instanceof ExitSignal)) {
                    e.getCause().printStackTrace();
                    exit(1);
                }
            } catch (ReflectiveOperationException e) {
                e.printStackTrace();
                exit(1);
            } finally {
                done.countDown();
            }
        }

        void exit(int status) {
            runHooks();
            end(status);
        }

        /** At an exit the hooks run first, once: the console producer sends its last batch in one. */
        private void runHooks() {
            if (!stopped.compareAndSet(false, true)) return;
            List<Thread> running = takeRuntimeHooks(this);
            hooks.forEach(hook -> running.add(new Thread(hook)));
            hadHooks = !running.isEmpty();
            running.forEach(Thread::start);
            try {
                for (Thread hook : running) hook.join(TimeUnit.SECONDS.toMillis(STOP_SECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void end(int status) {
            if (!ended.compareAndSet(false, true)) return;
            connection.calls.remove(id);
            ObjectNode message = JSON.createObjectNode();
            message.put("id", id);
            message.put("exit", status);
            connection.send(message);
            Thread main = thread;
            if (Thread.currentThread() != main) main.interrupt();
        }

        /** What a JVM does at SIGTERM: the hooks run at once beside the main thread, then the program ends. */
        void stop() {
            Thread stopper = new Thread(() -> {
                CURRENT.set(this);
                runHooks();
                try {
                    done.await(!hadHooks ? 0 : STOP_SECONDS, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                end(INTERRUPTED);
            }, "stop-" + id);
            stopper.setDaemon(true);
            stopper.start();
        }

        void write(String stream, byte[] bytes, int offset, int length) {
            if (ended.get()) return;
            ObjectNode message = JSON.createObjectNode();
            message.put("id", id);
            // One character a byte: a write may end inside a multibyte character.
            message.put(stream, new String(bytes, offset, length, StandardCharsets.ISO_8859_1));
            connection.send(message);
        }
    }

    /** Sends what a thread writes to the call that the thread works for; the rest to a real stream. */
    private static final class Routed extends OutputStream {
        private final OutputStream otherwise;
        private final String stream;

        Routed(OutputStream otherwise, String stream) {
            this.otherwise = otherwise;
            this.stream = stream;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            Call call = CURRENT.get();
            if (call == null) otherwise.write(bytes, offset, length);
            else call.write(stream, bytes, offset, length);
        }
    }

    /** Reads from the standard input of the call that the thread works for. */
    private static final class RoutedInput extends InputStream {
        @Override
        public int read() throws IOException {
            Call call = CURRENT.get();
            return call == null ? -1 : call.stdin.read();
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            Call call = CURRENT.get();
            return call == null ? -1 : call.stdin.read(bytes, offset, length);
        }

        @Override
        public int available() throws IOException {
            Call call = CURRENT.get();
            return call == null ? 0 : call.stdin.available();
        }
    }
}
