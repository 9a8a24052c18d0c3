// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.regex.Pattern;

/** Numbers as strongswan.conf(5) has them: decimal, or hexadecimal after {@code 0x}. */
final class Numbers {

    private static final Pattern DECIMAL = Pattern.compile("[0-9]{1,15}");
    private static final Pattern HEXADECIMAL = Pattern.compile("[0-9A-Fa-f]{1,15}");

    private Numbers() {}

    /** Reads a number from {@code min} to {@code max}; {@code what} names it in the error. */
    static long parse(String text, String what, long min, long max) {
        final boolean isHex = text.startsWith("0x") || text.startsWith("0X");
        final String digits = isHex ? text.substring(2) : text;
        if ((isHex ? HEXADECIMAL : DECIMAL).matcher(digits).matches()) {
            final long number = Long.parseLong(digits, isHex ? 16 : 10);
            if (number >= min && number <= max) {
                return number;
            }
        }
        final String limit = isHex ? "0x" + Long.toHexString(max) : Long.toString(max);
        throw new IllegalArgumentException("'" + text + "' is no " + what + " (" + min + " to " + limit + ")");
    }
}
