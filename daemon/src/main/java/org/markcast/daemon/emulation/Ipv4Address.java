// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/** IPv4 addresses as text, as they stand in commands and tests, and as numbers in host order. */
final class Ipv4Address {

    private Ipv4Address() {}

    /** @param dotted four decimal numbers; never a name */
    static int parse(String dotted) {
        if (!dotted.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}")) {
            throw new IllegalArgumentException("not an IPv4 address: " + dotted);
        }
        try {
            return ByteBuffer.wrap(InetAddress.getByName(dotted).getAddress()).getInt();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("not an IPv4 address: " + dotted, e);
        }
    }

    static String format(int address) {
        return (address >>> 24) + "." + (address >>> 16 & 0xff) + "." + (address >>> 8 & 0xff) + "." + (address & 0xff);
    }

    static boolean isMulticast(int address) {
        return address >>> 28 == 0xe;
    }
}
