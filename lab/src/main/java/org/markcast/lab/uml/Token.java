// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.uml;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.markcast.daemon.emulation.Arrival;

/** Bytes by which the packets of one trial are known among all others of this run. */
public final class Token {

    private static int last;

    private final byte[] bytes;

    private Token(String text) {
        bytes = text.getBytes(StandardCharsets.US_ASCII);
    }

    public static Token next() {
        last++;
        return new Token("lab trial " + last + ";");
    }

    /** The token, and dots up to a length. */
    public byte[] payload(int length) {
        final byte[] payload = Arrays.copyOf(bytes, Math.max(length, bytes.length));
        Arrays.fill(payload, bytes.length, payload.length, (byte) '.');
        return payload;
    }

    /** The token alone. */
    public byte[] payload() {
        return bytes.clone();
    }

    /** The token and a number, for the packets of a stream. */
    public byte[] payload(long number) {
        final byte[] payload = Arrays.copyOf(bytes, bytes.length + 8);
        for (int i = 0; i < 8; i++) {
            payload[bytes.length + i] = (byte) (number >>> 56 - 8 * i);
        }
        return payload;
    }

    /** The number behind the token. */
    public long number(Arrival arrival) {
        final int start = indexIn(arrival.bytes()) + bytes.length;
        long number = 0;
        for (int i = 0; i < 8; i++) {
            number = number << 8 | arrival.bytes()[start + i] & 0xff;
        }
        return number;
    }

    /** Whether a packet, in clear, carries the token anywhere. */
    public boolean isIn(Arrival arrival) {
        return isIn(arrival.bytes());
    }

    public boolean isIn(byte[] packet) {
        return indexIn(packet) >= 0;
    }

    private int indexIn(byte[] packet) {
        for (int i = 0; i + bytes.length <= packet.length; i++) {
            if (Arrays.mismatch(packet, i, i + bytes.length, bytes, 0, bytes.length) < 0) {
                return i;
            }
        }
        return -1;
    }
}
