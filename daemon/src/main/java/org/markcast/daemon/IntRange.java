// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

/** The numbers that an option takes, both ends included. */
public record IntRange(int lowest, int highest) {

    /** Returns {@code value}, or fails with a usage error that names {@code option}. */
    public int require(String option, int value) {
        if (value < lowest || value > highest) {
            throw CommandFailure.usage(option + " " + value + ": give a number from " + lowest + " to " + highest);
        }
        return value;
    }
}
