// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.packet;

import java.net.InetAddress;

/** IPv4 addresses as {@code int} in host order. */
public final class Ipv4Address {

    /** The limited broadcast address, 255.255.255.255. */
    public static final int BROADCAST = 0xffff_ffff;

    private Ipv4Address() {}

    /** An {@link java.net.Inet4Address} as {@code int}. */
    public static int of(InetAddress address) {
        final byte[] bytes = address.getAddress();
        if (bytes.length != Integer.BYTES) {
            throw new IllegalArgumentException(address.getHostAddress() + " is no IPv4 address");
        }
        return (bytes[0] & 0xff) << 24 | (bytes[1] & 0xff) << 16 | (bytes[2] & 0xff) << 8 | (bytes[3] & 0xff);
    }

    /** 224.0.0.0/4 (RFC 5771). */
    public static boolean isMulticast(int address) {
        return address >>> 28 == 0xe;
    }

    /** Whether a host may have it: no multicast, broadcast, loopback (127.0.0.0/8) or unspecified (0.0.0.0) address. */
    public static boolean isHost(int address) {
        return address != 0 && address != BROADCAST && !isMulticast(address) && address >>> 24 != 127;
    }

    /** Dotted decimal. */
    public static String text(int address) {
        return (address >>> 24) + "." + (address >>> 16 & 0xff) + "." + (address >>> 8 & 0xff) + "." + (address & 0xff);
    }
}
