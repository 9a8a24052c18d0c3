// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.lang.management.ManagementFactory;
import java.util.List;
import org.markcast.config.Mark;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.linux.NetworkNamespace;

/**
 * Where the control plane is measured. SAs differ in the groups that they want, so that a packet goes to one of them or to all.
 *
 * <pre>
 *   sender 10.1.0.10 ---- eth1 gateway: service ---- ifb0, a sink
 * </pre>
 */
final class ScaleNetwork implements AutoCloseable {

    static final String LAN = "eth1";

    /** Wanted by one of the SAs that are there all the time. */
    static final Group ONE = new Group(0xeffffffa);

    /** Wanted by all others too. */
    static final Group ALL = new Group(0xefff0001);

    /** Wanted by the SA that comes and goes, and by no other. */
    static final Group NEWCOMER = new Group(0xefff0002);

    private static final String SENDER = "sender";
    private static final int FIRST_CLIENT = 0x0a020001; // 10.2.0.1
    private static final int PACKET_LENGTH = 100;

    private final EmulatedNetwork network =
            EmulatedNetwork.builder().lan(SENDER).sink().withoutProbe().build();

    /** A multicast group, host order. */
    record Group(int address) {

        @Override
        public String toString() {
            return Ipv4Address.text(address);
        }
    }

    Gateway gateway() {
        return network.gateway();
    }

    /** A configuration without SAs. */
    ServiceConfig config() {
        return network.serviceConfig();
    }

    /** A configuration with this many static SAs, of which one wants {@link #ONE}. */
    ServiceConfig config(int sas) {
        final ServiceConfig config = config();
        for (int i = 0; i < sas; i++) {
            final String address = Ipv4Address.text(FIRST_CLIENT + i);
            final Mark mark = new Mark(i + 1, Mark.FULL_MASK);
            config.with(network.tunnel("client" + i, mark, mark, address)
                    .withRemoteTs(address, (i == 0 ? ONE + ", " : "") + ALL));
        }
        return config;
    }

    /** Options of the service's virtual machine: those of this one, which {@code bin/markcast} gives to both. */
    static List<String> jvmOptions() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> option.startsWith("-X"))
                .toList();
    }

    PacedFlow flow(Group group, long intervalNs) {
        return PacedFlow.start(sender(), packet(group), intervalNs);
    }

    private NetworkNamespace sender() {
        return network.host(SENDER).namespace();
    }

    private UdpPacket packet(Group group) {
        return new UdpPacket(PACKET_LENGTH, 0x0a01000a, group.address());
    }

    LinkWatch watchLan() {
        return new LinkWatch(gateway().namespace(), LAN);
    }

    LinkWatch watchSink() {
        return new LinkWatch(gateway().namespace(), Gateway.SINK);
    }

    @Override
    public void close() {
        network.close();
    }
}
