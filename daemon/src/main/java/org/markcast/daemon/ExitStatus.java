// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

/** What a command's exit status means. */
public final class ExitStatus {

    public static final int DONE = 0;
    public static final int FAILED = 1;
    /** The command line or the configuration is wrong: trying again will not help. */
    public static final int USAGE = 2;

    private ExitStatus() {}
}
