// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.function.Function;

/**
 * Remembers what a few texts mean. Most lines of a large configuration repeat: the sections of ten thousand SAs hold the same
 * few key names and selectors, which then are few objects. The number of texts is bounded: a new one takes the place of another
 * that was not asked for again.
 */
final class Recent<V> {

    private static final int PLACES = 512; // a power of two

    private final String[] texts = new String[PLACES];
    private final Object[] values = new Object[PLACES];
    private final boolean[] wasAskedAgain = new boolean[PLACES];
    private final Function<String, V> read;

    /** Failures of {@code read} are passed on, not remembered. */
    Recent(Function<String, V> read) {
        this.read = read;
    }

    V get(String text) {
        final int hash = text.hashCode();
        final int place = (hash ^ hash >>> 16) & PLACES - 1;
        if (text.equals(texts[place])) {
            wasAskedAgain[place] = true;
            @SuppressWarnings("unchecked") // only results of read are stored
            final V known = (V) values[place];
            return known;
        }
        final V value = read.apply(text);
        if (!wasAskedAgain[place]) {
            values[place] = value;
            texts[place] = text;
        }
        wasAskedAgain[place] = false;
        return value;
    }
}
