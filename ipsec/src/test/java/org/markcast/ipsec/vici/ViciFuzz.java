// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

/** Target of the fuzzer: {@code mvn -Pfuzz verify -pl ipsec -am -DskipTests}. */
public final class ViciFuzz {

    private ViciFuzz() {}

    /** Called by the fuzzer with the bytes of one segment. */
    public static void fuzzerTestOneInput(byte[] segment) {
        DecoderProperty.hold(segment);
    }
}
