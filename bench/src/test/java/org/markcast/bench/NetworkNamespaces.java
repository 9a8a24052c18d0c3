// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import com.sun.security.auth.module.UnixSystem;
import org.junit.jupiter.api.Assumptions;
import org.markcast.linux.LinuxException;
import org.markcast.linux.NetworkNamespace;

/** What the benchmarks themselves need. */
final class NetworkNamespaces {

    private NetworkNamespaces() {}

    /** Skips a test where no network namespaces can be made. Root who cannot is a failure, never a skip. */
    static void assume() {
        try (NetworkNamespace tried = NetworkNamespace.create()) {
            Assumptions.assumeTrue(tried != null);
        } catch (LinuxException e) {
            if (new UnixSystem().getUid() == 0) {
                throw e;
            }
            Assumptions.abort("no network namespaces without root here: " + e.getMessage());
        }
    }
}
