// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

/** An expected reason why a command cannot do its work: one line for the user, who needs no stack trace. */
public final class CommandFailure extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final int exitStatus;

    private CommandFailure(int exitStatus, String message, Throwable cause) {
        super(message, cause);
        this.exitStatus = exitStatus;
    }

    /** The command line asks for something that cannot be. {@code message} says what to do instead. */
    public static CommandFailure usage(String message) {
        return new CommandFailure(ExitStatus.USAGE, message, null);
    }

    /** The command line is fine, the world is not. {@code message} says what to do. */
    public static CommandFailure failed(String message) {
        return failed(message, null);
    }

    public static CommandFailure failed(String message, Throwable cause) {
        return new CommandFailure(ExitStatus.FAILED, message, cause);
    }

    public int exitStatus() {
        return exitStatus;
    }
}
