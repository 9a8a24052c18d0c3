// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

/**
 * One side of what an SA's policy lets through (RFC 7296, section 3.13.1): addresses, protocol and ports.
 *
 * @param prefix the addresses
 * @param protocol IP protocol number, 0 for any
 * @param firstPort lowest port, 0 to 65535; for ICMP the type (section 3.13.1 packs type and code, the kernel compares
 *     the type as source port and the code as destination port)
 * @param lastPort highest port; 0 to 65535 together mean any
 */
public record TrafficSelector(Prefix prefix, int protocol, int firstPort, int lastPort) {

    public boolean isAnyPort() {
        return firstPort == 0 && lastPort == 0xffff;
    }
}
