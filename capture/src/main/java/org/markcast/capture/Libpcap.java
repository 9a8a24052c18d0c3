// SPDX-License-Identifier: Apache-2.0
package org.markcast.capture;

import com.sun.jna.NativeLibrary;
import java.util.List;

/** Tells pcap4j under which name this machine has libpcap. */
final class Libpcap {

    /** Read by pcap4j once, when its native class is initialised. */
    private static final String NAME_PROPERTY = "org.pcap4j.core.pcapLibName";

    /** Debian's, everybody else's, and the one without version that only development packages have. */
    private static final List<String> NAMES = List.of("libpcap.so.0.8", "libpcap.so.1", "pcap");

    private Libpcap() {}

    /**
     * Finds the library, unless the operator has set the property.
     *
     * @throws UnsatisfiedLinkError if there is none
     */
    static synchronized void find() {
        if (System.getProperty(NAME_PROPERTY) == null) {
            System.setProperty(NAME_PROPERTY, nameThatLoads());
        }
    }

    private static String nameThatLoads() {
        for (final String name : NAMES) {
            try {
                NativeLibrary.getInstance(name);
                return name;
            } catch (UnsatisfiedLinkError e) {
                // the next name may do
            }
        }
        throw new UnsatisfiedLinkError("no " + String.join(", ", NAMES));
    }
}
