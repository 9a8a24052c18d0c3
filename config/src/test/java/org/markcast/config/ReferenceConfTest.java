// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code reference.conf} and the code know the same keys and the same defaults. */
class ReferenceConfTest {

    private static final Set<String> OF_ANY_NAME = Set.of("static.", "uplinks.", "masquerade.pairs.");

    private static final Path REFERENCE = Path.of("reference.conf");

    @TempDir
    Path directory;

    @Test
    void shouldMeanTheDefaults() throws ConfigException {
        assertEquals(Config.defaults(), ConfigReader.read(REFERENCE));
    }

    @Test
    void shouldSetEveryKeyThatHasADefaultToIt() {
        final Map<String, String> expected = Arrays.stream(Key.values())
                .filter(key -> key != Key.LOAD && !key.section().contains("*"))
                .collect(Collectors.toMap(ReferenceConfTest::path, Key::defaultText));
        assertEquals(new TreeMap<>(expected), settings(REFERENCE, "markcast"));
    }

    @Test
    void shouldDocumentExactlyTheKnownKeys() throws IOException {
        final Path file = withExamples();
        final TreeSet<String> documented =
                new TreeSet<>(settings(file, "markcast").keySet());
        documented.addAll(settings(file, "forecast").keySet());
        assertEquals(
                new TreeSet<>(
                        Arrays.stream(Key.values()).map(ReferenceConfTest::path).toList()),
                documented);
    }

    @Test
    void shouldHoldExamplesThatAreValid() throws Exception {
        final Config config = ConfigReader.read(withExamples());
        assertEquals(
                List.of("carol", "dave"),
                config.staticSas().stream().map(StaticSa::name).toList());
        assertEquals(
                List.of("dsl", "cable"),
                config.uplinks().all().stream().map(Uplink::name).toList());
        assertEquals("office", config.masquerade().pairs().get(0).name());
    }

    @Test
    void shouldExplainEachKeyDirectlyAboveIt() throws IOException {
        final List<String> lines = Files.readAllLines(REFERENCE);
        for (int i = 0; i < lines.size(); i++) {
            final String name = lines.get(i).strip().replaceFirst("^#", "").split(" ")[0];
            if (lines.get(i).contains(" = ") && Key.keysIn(Key.TOP).contains(name)) {
                assertTrue(lines.get(i - 1).strip().startsWith("# "), "line " + (i + 1));
            }
        }
    }

    /** The file with its examples, which stand behind a # without a blank, switched on. */
    private Path withExamples() throws IOException {
        final String text = Files.readString(REFERENCE).replaceAll("(?m)^( *)#(?=\\S)", "$1");
        return Files.writeString(directory.resolve("reference.conf"), text);
    }

    private static String path(Key key) {
        return (key.section().isEmpty() ? "" : key.section() + ".") + key.keyName();
    }

    private static Map<String, String> settings(Path file, String section) {
        final Map<String, String> settings = new TreeMap<>();
        collect("", SettingsParser.parse(file, new Problems()).find(section), settings);
        return settings;
    }

    private static void collect(String path, Section section, Map<String, String> settings) {
        section.settings()
                .forEach((name, setting) -> settings.put(path + name, setting.value() == null ? "" : setting.value()));
        section.sections()
                .forEach((name, inner) ->
                        collect(path + (OF_ANY_NAME.contains(path) ? "*" : name) + ".", inner, settings));
    }
}
