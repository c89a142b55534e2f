import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.errors.RetriableException;

/**
 * Answers questions about Kafka's own message classes on standard input and output, so that one JVM serves a whole test. A
 * question is a frame: int32 size, one letter, the message's name, a version, and bytes up to the end; see the switch.
 */
public final class Oracle {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> CLASSES = List.of(
        "org.apache.kafka.common.message.%sData",
        "org.apache.kafka.common.message.%s",
        "org.apache.kafka.coordinator.group.generated.%s",
        "org.apache.kafka.coordinator.share.generated.%s");

    private record Type(Class<?> message, Method read, Method write) { }

    private static final Map<String, Type> TYPES = new HashMap<>();

    public static void main(String[] arguments) throws IOException {
        InputStream questions = System.in;
        OutputStream answers = System.out;
        System.setOut(System.err);
        DataInputStream in = new DataInputStream(new BufferedInputStream(questions, 1 << 16));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(answers, 1 << 16));
        while (true) {
            if (questions.available() == 0 && in.available() == 0) out.flush();
            byte[] frame;
            try {
                frame = new byte[in.readInt()];
            } catch (EOFException end) {
                return;
            }
            in.readFully(frame);
            byte[] answer;
            int status = 0;
            try {
                answer = answer(ByteBuffer.wrap(frame));
            } catch (Throwable failure) {
                Throwable cause = failure instanceof InvocationTargetException ? failure.getCause() : failure;
                answer = String.valueOf(cause).getBytes(StandardCharsets.UTF_8);
                status = 1;
            }
            out.writeInt(1 + answer.length);
            out.writeByte(status);
            out.write(answer);
        }
    }

    private static byte[] answer(ByteBuffer question) throws Exception {
        char what = (char) question.get();
        byte[] name = new byte[question.getShort()];
        question.get(name);
        short version = question.getShort();
        String message = new String(name, StandardCharsets.UTF_8);
        switch (what) {
            case 'D': // bytes -> size of the JSON, JSON, bytes again
                return decoded(message, version, question);
            case 'E': // JSON -> bytes
                return encoded(message, version, rest(question));
            case 'K': // bytes of a coordinator key -> with its type in front
                return MessageUtil.toCoordinatorTypePrefixedBytes((ApiMessage) parse(type(message), question, version));
            case 'V': // bytes -> with the version in front
                return MessageUtil.toVersionPrefixedBytes(version, parse(type(message), question, version));
            case 'H': // API key as the name -> header versions of request and response
                ApiMessageType api = ApiMessageType.fromApiKey(Short.parseShort(message));
                return new byte[] {(byte) api.requestHeaderVersion(version), (byte) api.responseHeaderVersion(version)};
            case 'X': // nothing -> every error as "code name retriable", one a line
                return errors();
            default:
                throw new IllegalArgumentException("question " + what);
        }
    }

    private static byte[] decoded(String name, short version, ByteBuffer bytes) throws Exception {
        Type type = type(name);
        Message message = parse(type, bytes, version);
        byte[] json = JSON.writeValueAsBytes(type.write.invoke(null, message, version, true));
        byte[] again = bytes(message, version);
        return ByteBuffer.allocate(4 + json.length + again.length).putInt(json.length).put(json).put(again).array();
    }

    private static byte[] encoded(String name, short version, byte[] json) throws Exception {
        Type type = type(name);
        JsonNode node = JSON.readTree(json);
        return bytes((Message) type.read.invoke(null, node, version), version);
    }

    private static Message parse(Type type, ByteBuffer bytes, short version) throws Exception {
        Message message = (Message) type.message.getConstructor().newInstance();
        message.read(new ByteBufferAccessor(bytes), version);
        if (bytes.hasRemaining()) throw new IllegalArgumentException(bytes.remaining() + " bytes left");
        if (!message.unknownTaggedFields().isEmpty()) throw new IllegalArgumentException("unknown tags");
        return message;
    }

    private static byte[] bytes(Message message, short version) {
        ByteBuffer buffer = MessageUtil.toByteBufferAccessor(message, version).buffer();
        return Arrays.copyOfRange(buffer.array(), buffer.arrayOffset() + buffer.position(), buffer.arrayOffset() + buffer.limit());
    }

    private static byte[] rest(ByteBuffer question) {
        byte[] bytes = new byte[question.remaining()];
        question.get(bytes);
        return bytes;
    }

    private static byte[] errors() {
        StringBuilder text = new StringBuilder();
        for (Errors error : Errors.values()) {
            boolean retriable = error.exception() instanceof RetriableException;
            text.append(error.code()).append(' ').append(error.name()).append(' ').append(retriable).append('\n');
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static Type type(String name) throws Exception {
        Type known = TYPES.get(name);
        if (known != null) return known;
        for (String pattern : CLASSES) {
            try {
                Class<?> message = Class.forName(String.format(pattern, name));
                Class<?> converter = Class.forName(message.getName() + "JsonConverter");
                Method read = converter.getMethod("read", JsonNode.class, short.class);
                Method write = converter.getMethod("write", message, short.class, boolean.class);
                Type type = new Type(message, read, write);
                TYPES.put(name, type);
                return type;
            } catch (ClassNotFoundException elsewhere) {
                // The next package may have it.
            }
        }
        throw new IllegalArgumentException("no message " + name);
    }
}
