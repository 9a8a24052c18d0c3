// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter.uplink;

import java.nio.file.Path;
import org.markcast.linux.LinuxException;
import org.markcast.linux.NetworkNamespace;

/** Errors as system calls have them. */
final class LinuxFailure {

    private LinuxFailure() {}

    static LinuxException of(String what) {
        try (NetworkNamespace none = NetworkNamespace.open(Path.of("/nowhere/" + what))) {
            throw new IllegalStateException(none.path() + " is there");
        } catch (LinuxException e) {
            return e;
        }
    }
}
