// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * Remembers what texts mean. Charon repeats itself: most selectors are the same for all SAs, and each list repeats the one
 * before. Reading them takes most of the time that a list of 10,000 SAs takes.
 */
final class Memo<V> {

    /** Beyond this it starts afresh. */
    private static final int LIMIT = 65_536;

    private final Map<String, V> known = new HashMap<>();
    private final Function<String, V> read;

    /** Failures of {@code read} are passed on, not remembered. */
    Memo(Function<String, V> read) {
        this.read = read;
    }

    V get(String text) {
        final V value = known.get(text);
        if (value != null) {
            return value;
        }
        if (known.size() >= LIMIT) {
            known.clear();
        }
        final V fresh = read.apply(text);
        known.put(text, fresh);
        return fresh;
    }
}
