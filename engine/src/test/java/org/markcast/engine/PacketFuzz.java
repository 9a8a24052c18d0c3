// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.packet.Ipv4Flyweight;

/**
 * What must hold for any captured bytes: nothing beyond them is read, and the rule comes to an outcome that can be explained.
 * Target of the fuzzer; {@code mvn -Pfuzz verify -pl engine -am -DskipTests}.
 */
public final class PacketFuzz {

    private static final int PREFIX = 4;

    private static final RuleFixture FIXTURE =
            new RuleFixture().reinject("rw").lans(RuleFixture.ETH1, RuleFixture.ETH2);

    private static final CapturedPacket PACKET = new CapturedPacket();
    private static final Ipv4Flyweight FLYWEIGHT = new Ipv4Flyweight();

    private PacketFuzz() {}

    /** Called by the fuzzer: four bytes about the packet, then the packet. */
    public static void fuzzerTestOneInput(byte[] data) {
        if (data.length >= PREFIX) {
            outcome(data);
        }
    }

    static Counter outcome(byte[] data) {
        final UnsafeBuffer bytes = new UnsafeBuffer(Arrays.copyOfRange(data, PREFIX, data.length));
        final int wireLength = bytes.capacity() + (data[0] & 1) * (data[1] & 0xff);
        PACKET.set(bytes, 0, bytes.capacity(), wireLength, data[2] & 3, data[3] & 15, 0x0200_0000_0099L, data[0] < 0);
        FIXTURE.nowNs += 1_000_000_000L;
        FIXTURE.rule.decide(PACKET, FIXTURE.decision);
        final Counter outcome = FIXTURE.decision.outcome();
        final boolean isIpv4 = FLYWEIGHT.tryWrap(bytes, 0, bytes.capacity());
        if (isIpv4) {
            readHeader();
            if (FLYWEIGHT.totalLength() <= bytes.capacity()) {
                readPorts();
            }
        }
        if (outcome == Counter.FORWARDED && !isIpv4) {
            throw new AssertionError("forwarded although it is no IPv4 packet");
        }
        if (Explanation.of(FIXTURE.state(), PACKET, FIXTURE.decision).isEmpty()) {
            throw new AssertionError("no explanation of " + outcome);
        }
        return outcome;
    }

    private static void readHeader() {
        final int header = FLYWEIGHT.headerLength();
        if (header < Ipv4Flyweight.MIN_HEADER_LENGTH || header > FLYWEIGHT.totalLength()) {
            throw new AssertionError("a header of " + header + " bytes in " + FLYWEIGHT.totalLength());
        }
        FLYWEIGHT.identification();
        FLYWEIGHT.isDontFragment();
        FLYWEIGHT.fragmentOffset();
        FLYWEIGHT.timeToLive();
        FLYWEIGHT.source();
        FLYWEIGHT.destination();
    }

    /** Of a packet that is not cut off. */
    private static void readPorts() {
        if (FLYWEIGHT.hasPorts()) {
            FLYWEIGHT.sourcePort();
            FLYWEIGHT.destinationPort();
        }
        FLYWEIGHT.selectorSourcePort();
        FLYWEIGHT.selectorDestinationPort();
    }
}
