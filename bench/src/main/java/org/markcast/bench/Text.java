// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.Locale;

/** Figures as the tables print them, the same in every locale. */
final class Text {

    private Text() {}

    /** With commas at the thousands. */
    static String number(long value) {
        return format("%,d", value);
    }

    static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }

    static String lowerCase(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
