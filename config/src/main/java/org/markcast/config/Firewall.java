// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.List;
import java.util.Optional;

/**
 * The {@code firewall} section: what may come in by the WAN besides IKE, ESP and replies.
 *
 * @param interfaces WAN interfaces, each a name or the beginning of names before {@code *}; none: no firewall
 * @param mode what happens to the rest
 * @param decrypted which decrypted packets may come in
 * @param allow services of the gateway that anybody may use in clear
 * @param allowForward what anybody may reach behind the gateway in clear
 * @param management networks that may reach the whole gateway in clear
 * @param log how often a refused packet is logged, for each reason; empty: never
 */
public record Firewall(
        List<String> interfaces,
        Mode mode,
        Decrypted decrypted,
        List<Service> allow,
        List<TrafficSelector> allowForward,
        List<Prefix> management,
        Optional<Rate> log) {

    private static final String WILDCARD = "*";

    public Firewall {
        interfaces = List.copyOf(interfaces);
        allow = List.copyOf(allow);
        allowForward = List.copyOf(allowForward);
        management = List.copyOf(management);
    }

    public boolean isEnabled() {
        return !interfaces.isEmpty();
    }

    /** Whether an interface of this name is one of the WAN's. */
    public boolean hasInterface(String name) {
        return interfaces.stream()
                .anyMatch(known -> known.endsWith(WILDCARD)
                        ? name.startsWith(known.substring(0, known.length() - WILDCARD.length()))
                        : name.equals(known));
    }

    /** What happens to packets that are not to come in. */
    public enum Mode {
        /** They are counted and logged, and come in. */
        MONITOR,
        /** They are counted, logged and dropped. */
        ENFORCE
    }

    /**
     * Which decrypted packets may come in.
     *
     * @param any all of them, whatever their mark
     * @param marks those that have one of these marks; unless {@code any}, an empty list means any mark but 0
     */
    public record Decrypted(boolean any, List<Mark> marks) {

        static final String ANY = "any";
        static final String MARKED = "marked";

        public Decrypted {
            marks = List.copyOf(marks);
            if (any && !marks.isEmpty()) {
                throw new IllegalArgumentException("any mark, and some");
            }
        }
    }

    /**
     * So many in a unit of time.
     *
     * @param unit {@code second}, {@code minute}, {@code hour} or {@code day}
     */
    public record Rate(int count, String unit) {

        private static final List<String> UNITS = List.of("second", "minute", "hour", "day");
        private static final int MAX_COUNT = 1_000_000;

        public Rate {
            if (count < 1 || !UNITS.contains(unit)) {
                throw new IllegalArgumentException(count + "/" + unit + " is no rate");
            }
        }

        /** Reads {@code COUNT/UNIT}. */
        static Rate parse(String text) {
            final String[] parts = text.split("/", 2);
            if (parts.length < 2 || !UNITS.contains(parts[1])) {
                throw new IllegalArgumentException(
                        "'" + text + "' is not no, or a number per second, minute, hour or day such as 10/minute");
            }
            return new Rate((int) Numbers.parse(parts[0], "number", 1, MAX_COUNT), parts[1]);
        }

        /** As {@link #parse} reads it. */
        @Override
        public String toString() {
            return count + "/" + unit;
        }
    }
}
