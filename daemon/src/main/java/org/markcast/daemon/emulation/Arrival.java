// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import java.util.HexFormat;

/**
 * A packet as it arrived at an interface.
 *
 * @param bytes from the first byte of its IP header; belongs to this record, not to be changed
 * @param mark its Netfilter mark, which never survives the way into another namespace
 * @param destinationMac the hardware address it was sent to, in the low 48 bits
 * @param isChecksumUnfinished whether its UDP or TCP checksum was left to hardware that was never passed
 */
public record Arrival(byte[] bytes, int mark, long destinationMac, boolean isChecksumUnfinished) {

    /** The packet read; see {@link Ipv4Packet#parse}. */
    public Ipv4Packet packet() {
        return Ipv4Packet.parse(bytes);
    }

    @Override
    public String toString() {
        String text;
        try {
            text = packet().toString();
        } catch (IllegalArgumentException e) {
            text = e.getMessage();
        }
        return text + " mark " + mark + " to " + HexFormat.of().toHexDigits(destinationMac, 12)
                + (isChecksumUnfinished ? " checksum unfinished" : "");
    }
}
