// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Names of protocols and services, from the same files as charon's own: protocols(5) and services(5). Read once. Immutable.
 */
final class NetworkNames {

    private static final Logger LOG = LoggerFactory.getLogger(NetworkNames.class);

    private final Map<String, Integer> protocols = new HashMap<>();
    private final Map<String, Integer> portOfService = new HashMap<>();

    NetworkNames(List<String> protocols, List<String> services) {
        protocols.forEach(line -> add(line, this.protocols));
        services.forEach(line -> add(line, portOfService));
    }

    /** Those of this machine; a file that is missing has no names. */
    static NetworkNames ofMachine() {
        return new NetworkNames(lines(Path.of("/etc/protocols")), lines(Path.of("/etc/services")));
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            LOG.warn("{} cannot be read: selectors with names out of it will not be understood", file);
            return List.of();
        }
    }

    /** Takes {@code NAME NUMBER ALIAS...} or {@code NAME PORT/PROTOCOL ALIAS...}; the first of a name counts. */
    private static void add(String line, Map<String, Integer> numbers) {
        final String[] words = line.replaceFirst("#.*", "").strip().split("\\s+");
        if (words.length < 2 || !words[1].matches("\\d{1,5}(/\\w+)?")) {
            return;
        }
        final String[] number = words[1].split("/");
        final String suffix = number.length == 1 ? "" : "/" + number[1];
        for (int i = 0; i < words.length; i++) {
            if (i != 1) {
                numbers.putIfAbsent(words[i] + suffix, Integer.parseInt(number[0]));
                numbers.putIfAbsent(words[i], Integer.parseInt(number[0]));
            }
        }
    }

    OptionalInt protocol(String name) {
        return optional(protocols.get(name));
    }

    /** The port of a service over a protocol; over any if the protocol is empty. */
    OptionalInt port(String service, String protocol) {
        return optional(portOfService.get(protocol.isEmpty() ? service : service + "/" + protocol));
    }

    private static OptionalInt optional(Integer number) {
        return number == null ? OptionalInt.empty() : OptionalInt.of(number);
    }
}
