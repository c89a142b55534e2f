import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;

/**
 * Prints every setting that the Apache Kafka on the class path defines, as one JSON array: scope, name, type, default,
 * what its validator allows, whether it is internal, how it may change, and what it falls back on. Members are looked up
 * by name, so that one compiled class serves several versions of Kafka.
 */
public final class SettingsList {
    private SettingsList() { }

    public static void main(String[] args) throws Exception {
        Map<String, String> modes = modes();
        StringBuilder out = new StringBuilder("[\n");
        print(out, "broker", definition("org.apache.kafka.server.config.AbstractKafkaConfig", "CONFIG_DEF"), modes);
        print(out, "topic", logDefinition(), Map.of());
        print(out, "group", groupDefinition(), Map.of());
        print(out, "client-metrics", clientMetrics(), Map.of());
        out.setLength(out.length() - 2);
        System.out.println(out.append("\n]"));
    }

    private static void print(StringBuilder out, String scope, ConfigDef definition, Map<String, String> modes) throws Exception {
        for (ConfigKey key : new TreeMap<>(definition.configKeys()).values()) {
            String fallBack = switch (scope) {
                case "topic" -> topicSynonym(key.name);
                case "group" -> groupSynonym(key.name);
                default -> null;
            };
            out.append("{\"scope\":").append(quoted(scope))
                .append(",\"name\":").append(quoted(key.name))
                .append(",\"type\":").append(quoted(key.type.name().toLowerCase()))
                .append(",\"default\":").append(defaultOf(key))
                .append(",\"allowed\":").append(quoted(key.validator == null ? null : key.validator.toString()))
                .append(",\"change\":").append(quoted(scope.equals("broker") ? modes.getOrDefault(key.name, "read-only") : null))
                .append(",\"fallBack\":").append(quoted(fallBack))
                .append(",\"internal\":").append(key.internalConfig)
                .append("},\n");
        }
    }

    private static String defaultOf(ConfigKey key) {
        if (!key.hasDefault() || key.defaultValue == null) return "null";
        Object value = key.defaultValue;
        if (value instanceof List<?> list) return quoted(String.join(",", list.stream().map(String::valueOf).toList()));
        if (value instanceof Class<?> type) return quoted(type.getName());
        return quoted(String.valueOf(value));
    }

    private static ConfigDef definition(String className, String field) throws Exception {
        Field found = Class.forName(className).getField(field);
        return (ConfigDef) found.get(null);
    }

    private static ConfigDef logDefinition() throws Exception {
        Class<?> log = Class.forName("org.apache.kafka.storage.internals.log.LogConfig");
        return (ConfigDef) log.getMethod("configDefCopy").invoke(null);
    }

    private static ConfigDef groupDefinition() throws Exception {
        Class<?> group = Class.forName("org.apache.kafka.coordinator.group.GroupConfig");
        for (String name : new String[] {"configDef"}) {
            for (Method method : group.getMethods()) {
                if (method.getName().equals(name)) return (ConfigDef) method.invoke(null);
            }
        }
        Field field = group.getDeclaredField("CONFIG_DEF");
        field.setAccessible(true);
        return (ConfigDef) field.get(null);
    }

    private static ConfigDef clientMetrics() throws Exception {
        return (ConfigDef) Class.forName("org.apache.kafka.server.metrics.ClientMetricsConfigs").getMethod("configDef").invoke(null);
    }

    private static Map<String, String> modes() throws Exception {
        Class<?> dynamic = Class.forName("org.apache.kafka.server.config.DynamicBrokerConfig");
        @SuppressWarnings("unchecked")
        Map<String, String> modes = (Map<String, String>) dynamic.getMethod("dynamicConfigUpdateModes").invoke(null);
        return modes;
    }

    private static String topicSynonym(String name) throws Exception {
        Class<?> synonyms = Class.forName("org.apache.kafka.server.config.ServerTopicConfigSynonyms");
        Map<?, ?> all = (Map<?, ?>) synonyms.getField("ALL_TOPIC_CONFIG_SYNONYMS").get(null);
        if (!(all.get(name) instanceof List<?> list) || list.isEmpty()) return null;
        StringBuilder names = new StringBuilder();
        for (Object one : list) {
            names.append(names.length() == 0 ? "" : ",").append(one.getClass().getMethod("name").invoke(one));
        }
        return names.toString();
    }

    private static String groupSynonym(String name) throws Exception {
        try {
            Method synonym = Class.forName("org.apache.kafka.coordinator.group.GroupConfig").getMethod("brokerSynonym", String.class);
            return (String) ((Optional<?>) synonym.invoke(null, name)).orElse(null);
        } catch (NoSuchMethodException e) {
            return null;
        }
    }

    private static String quoted(String text) {
        if (text == null) return "null";
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < ' ') out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        }
        return out.append('"').toString();
    }
}
