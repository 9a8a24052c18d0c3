// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.markcast.config.Mark;
import org.markcast.config.Prefix;
import org.markcast.config.StaticSa.Mode;
import org.markcast.config.TrafficSelector;

/** Builds SAs: a road warrior's unless told otherwise. */
public final class TestSa {

    private final String name;
    private String child = "rw";
    private Mark markIn;
    private Mark markOut;
    private final List<TrafficSelector> localTs = new ArrayList<>();
    private final List<TrafficSelector> remoteTs = new ArrayList<>();

    private TestSa(String name, int mark) {
        this.name = name;
        markIn = new Mark(mark, Mark.FULL_MASK);
        markOut = markIn;
    }

    /** Selectors are still to be added. */
    public static TestSa bare(String name, int mark) {
        return new TestSa(name, mark);
    }

    /** As the plugin's own test has them: LAN 10.1.0.0/16, all groups, the broadcast address, one virtual address. */
    public static TestSa roadWarrior(String name, int mark, String virtualAddress) {
        return bare(name, mark)
                .local("10.1.0.0/16")
                .local("224.0.0.0/4")
                .remote(virtualAddress + "/32")
                .remote("224.0.0.0/4")
                .remote("10.1.255.255/32")
                .remote("255.255.255.255/32");
    }

    public TestSa child(String newChild) {
        child = newChild;
        return this;
    }

    public TestSa markIn(int value, int mask) {
        markIn = new Mark(value, mask);
        return this;
    }

    public TestSa markOut(int value, int mask) {
        markOut = new Mark(value, mask);
        return this;
    }

    public TestSa local(String prefix) {
        return local(prefix, 0, 0, 0xffff);
    }

    public TestSa local(String prefix, int protocol, int firstPort, int lastPort) {
        localTs.add(selector(prefix, protocol, firstPort, lastPort));
        return this;
    }

    public TestSa remote(String prefix) {
        return remote(prefix, 0, 0, 0xffff);
    }

    public TestSa remote(String prefix, int protocol, int firstPort, int lastPort) {
        remoteTs.add(selector(prefix, protocol, firstPort, lastPort));
        return this;
    }

    public Sa build() {
        return new Sa(
                name, child, Mode.TUNNEL, markIn, markOut, List.copyOf(localTs), List.copyOf(remoteTs), List.of());
    }

    static TrafficSelector selector(String prefix, int protocol, int firstPort, int lastPort) {
        final String[] parts = prefix.split("/");
        try {
            return new TrafficSelector(
                    new Prefix(InetAddress.getByName(parts[0]), Integer.parseInt(parts[1])),
                    protocol,
                    firstPort,
                    lastPort);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
