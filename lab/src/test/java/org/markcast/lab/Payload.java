// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import java.util.Random;

/** Bytes that nothing else looks like. */
final class Payload {

    private Payload() {}

    /** Always the same bytes for one length. */
    static byte[] of(int length) {
        final byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }
}
