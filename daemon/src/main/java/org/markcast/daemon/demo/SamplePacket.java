// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.demo;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.Ipv4Packet;

/** A datagram of a protocol that finds things in a LAN, and therefore fails over a VPN without markcast. */
record SamplePacket(String name, String destination, int sourcePort, int port, int timeToLive, byte[] payload) {

    static final String MDNS_GROUP = "224.0.0.251";

    private static final String WORKSTATION_MAC = "02005e10000a";

    /** Multicast of both kinds, and broadcast of both kinds. */
    static List<SamplePacket> all() {
        return List.of(
                new SamplePacket("mDNS query", MDNS_GROUP, 5353, 5353, 255, mdnsQuery("_ipp", "_tcp", "local")),
                new SamplePacket("SSDP search", "239.255.255.250", 50_000, 1900, 2, ssdpSearch()),
                new SamplePacket(
                        "BACnet Who-Is",
                        "255.255.255.255",
                        47_808,
                        47_808,
                        64,
                        HexFormat.of().parseHex("810b000c0120ffff00ff1008")),
                new SamplePacket("Wake-on-LAN", "10.1.255.255", 50_001, 9, 64, magicPacket()));
    }

    /** Tells where all that came before it has been dealt with. */
    static SamplePacket sentinel() {
        final byte[] payload = "that was all".getBytes(StandardCharsets.US_ASCII);
        return new SamplePacket("sentinel", MDNS_GROUP, 50_002, 50_002, 255, payload);
    }

    /** A PTR question (RFC 6762, section 5; RFC 1035, section 4). */
    private static byte[] mdnsQuery(String... labels) {
        final ByteArrayOutputStream query = new ByteArrayOutputStream();
        query.writeBytes(new byte[] {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0});
        for (final String label : labels) {
            query.write(label.length());
            query.writeBytes(label.getBytes(StandardCharsets.US_ASCII));
        }
        query.writeBytes(new byte[] {0, 0, 12, 0, 1});
        return query.toByteArray();
    }

    /** UPnP Device Architecture 2.0, section 1.3.2. */
    private static byte[] ssdpSearch() {
        return String.join(
                        "\r\n",
                        "M-SEARCH * HTTP/1.1",
                        "HOST: 239.255.255.250:1900",
                        "MAN: \"ssdp:discover\"",
                        "MX: 2",
                        "ST: upnp:rootdevice",
                        "",
                        "")
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** Six times 0xff, then sixteen times the address of who shall wake up. */
    private static byte[] magicPacket() {
        return HexFormat.of().parseHex("f".repeat(12) + WORKSTATION_MAC.repeat(16));
    }

    void sendFrom(Host sender) {
        sender.sendUdp(sourcePort, destination, port, payload, timeToLive, true);
    }

    boolean isSentBy(Host sender, Arrival arrival) {
        final Ipv4Packet packet = arrival.packet();
        return packet.isUdp()
                && packet.source().equals(sender.address())
                && packet.destination().equals(destination)
                && packet.sourcePort() == sourcePort
                && packet.destinationPort() == port;
    }

    /** Whether a packet carries what this one was sent with, and needs nothing more to be accepted by its receiver. */
    boolean isIntact(Arrival arrival) {
        final Ipv4Packet packet = arrival.packet();
        return Arrays.equals(payload, packet.udpPayload())
                && packet.timeToLive() == timeToLive
                && packet.isHeaderChecksumValid()
                && packet.udpChecksum() != 0
                && packet.isUdpChecksumValid()
                && !arrival.isChecksumUnfinished();
    }

    @Override
    public String toString() {
        return name + " to " + destination + ":" + port;
    }
}
