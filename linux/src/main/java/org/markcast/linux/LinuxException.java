// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import jnr.constants.platform.Errno;

/** A system call that should have worked did not. The message names the call, the error and, where known, the remedy. */
public final class LinuxException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int errno;

    LinuxException(String call, int errno) {
        super(call + ": " + describe(errno) + hintFor(errno));
        this.errno = errno;
    }

    public int errno() {
        return errno;
    }

    private static String describe(int errno) {
        final Errno known = Errno.valueOf(errno);
        return known.description() + " (" + known.name() + ")";
    }

    private static String hintFor(int errno) {
        return switch (errno) {
            case LinuxErrno.EPERM, LinuxErrno.EACCES -> "; needs CAP_NET_RAW and CAP_NET_ADMIN, run as root";
            case LinuxErrno.ENODEV -> "; no such interface in this network namespace";
            case LinuxErrno.ENOMEM -> "; not enough memory for the capture ring";
            default -> "";
        };
    }
}
