// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

/** The numbers from the first to the last one, both included. */
public record NumberRange(int first, int last) {

    public NumberRange {
        if (first > last) {
            throw new IllegalArgumentException(first + "-" + last + " ends before it begins");
        }
    }

    /** Reads {@code FIRST-LAST} or a single number; {@code what} names one of them in the error. */
    static NumberRange parse(String text, String what, int min, int max) {
        final int dash = text.indexOf('-');
        final String first = dash < 0 ? text : text.substring(0, dash).strip();
        final String last = dash < 0 ? text : text.substring(dash + 1).strip();
        return new NumberRange((int) Numbers.parse(first, what, min, max), (int) Numbers.parse(last, what, min, max));
    }

    /** How many numbers. */
    public int size() {
        return last - first + 1;
    }

    /** As {@code FIRST-LAST}. */
    @Override
    public String toString() {
        return first + "-" + last;
    }
}
