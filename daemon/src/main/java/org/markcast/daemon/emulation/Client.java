// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import org.markcast.config.Mark;

/** A host behind a tunnel of its own: what carries its SA's outbound mark arrives here, and nothing else. */
public final class Client extends Host {

    static final String INTERFACE = "wan0";

    private final Mark markIn;
    private final Mark markOut;
    private final int arrivalMark;
    private final int number;

    Client(ClientPlan plan, int number) {
        super(plan.name(), INTERFACE, plan.address(), mac(number));
        this.number = number;
        markIn = plan.markIn();
        markOut = plan.markOut();
        arrivalMark = plan.arrivalMark();
    }

    /**
     * What a client is to be.
     *
     * @param arrivalMark the mark that its packets have in the gateway, as if they were decapsulated
     */
    record ClientPlan(String name, Mark markIn, Mark markOut, String address, int arrivalMark) {}

    public Mark markIn() {
        return markIn;
    }

    public Mark markOut() {
        return markOut;
    }

    int arrivalMark() {
        return arrivalMark;
    }

    /** Its tunnel's interface in the gateway. */
    public String tunnel() {
        return "tun" + number;
    }

    /** Routing table of its tunnel in the gateway. */
    int table() {
        return 1000 + number;
    }

    /** Both ends of a tunnel have the same hardware address, and no ARP: whatever leaves one end is for the other. */
    long mac() {
        return mac(number);
    }

    private static long mac(int number) {
        return 0x0200_0100_0000L | number;
    }

    /** Decapsulated packets are for the host itself (PACKET_HOST), whatever their IP destination. */
    @Override
    long destinationMac(byte[] ipPacket) {
        return gatewayMac();
    }
}
