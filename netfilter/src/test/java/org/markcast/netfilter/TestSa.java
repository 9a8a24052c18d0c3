// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.markcast.config.Mark;
import org.markcast.config.Prefix;
import org.markcast.config.StaticSa.Mode;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.Sa.Outer;

/** Builds SAs as rules see them. */
final class TestSa {

    private static final List<String> SELECTORS = List.of(
            "0.0.0.0/0",
            "10.0.0.0/8",
            "10.1.0.0/16",
            "10.1.0.0/24",
            "10.1.255.255",
            "10.1.255.255[udp/137]",
            "255.255.255.255",
            "224.0.0.0/4",
            "224.0.0.251[udp/5353]",
            "10.9.0.1",
            "10.9.0.2",
            "10.9.0.0/30",
            "10.9.0.4/30",
            "172.16.0.1[udp/1701]",
            "172.16.0.1[gre]",
            "172.16.0.0/12[tcp]",
            "240.0.0.0/4",
            "128.0.0.0/1",
            "2001:db8::/32");

    private final String name;
    private Mode mode = Mode.TUNNEL;
    private String localTs = "10.1.0.0/16";
    private Mark markIn;
    private final Mark markOut;
    private final List<TrafficSelector> remoteTs = new ArrayList<>();
    private final List<Outer> outers = new ArrayList<>();

    private TestSa(String name, Mark mark) {
        this.name = name;
        markIn = mark;
        markOut = mark;
    }

    static TestSa of(String name, String mark, String... remoteTs) {
        final TestSa sa = new TestSa(name, Mark.parse(mark));
        Stream.of(remoteTs).forEach(selector -> sa.remoteTs.addAll(TrafficSelector.parse(selector)));
        return sa;
    }

    /** Any number of SAs that claim each other's selectors. */
    static List<Sa> random(Random random, boolean isMasked, int limit) {
        final List<Sa> sas = new ArrayList<>();
        for (int i = random.nextInt(limit); i > 0; i--) {
            sas.add(random(random, "sa" + i, isMasked));
        }
        return sas;
    }

    /** An SA that claims what others of its kind claim too. */
    static Sa random(Random random, String name, boolean isMasked) {
        final int value = 1 + random.nextInt(20);
        final TestSa sa = of(name, isMasked && random.nextBoolean() ? (value << 8) + "/0xff00" : "" + value);
        for (int j = random.nextInt(4); j > 0; j--) {
            sa.remoteTs.addAll(TrafficSelector.parse(SELECTORS.get(random.nextInt(SELECTORS.size()))));
        }
        final int peer = random.nextInt(4);
        switch (random.nextInt(4)) {
            case 0 -> sa.esp("192.168.0.1", "203.0.113." + peer, random.nextInt(4));
            case 1 -> sa.natt("192.168.0.1", "203.0.113." + peer, 4500, random.nextInt(4));
            case 2 -> sa.esp("2001:db8::ffff", "2001:db8::" + peer, random.nextInt(4));
            default -> sa.natt("2001:db8::ffff", "2001:db8::" + peer, 4500, random.nextInt(4));
        }
        return sa.build();
    }

    TestSa markIn(String mark) {
        markIn = Mark.parse(mark);
        return this;
    }

    /** Protects what this machine and the peer say to each other. */
    TestSa transport(String newLocalTs) {
        mode = Mode.TRANSPORT;
        localTs = newLocalTs;
        return this;
    }

    TestSa esp(String local, String remote, int spi) {
        outers.add(new Outer(address(local), address(remote), 0, 0, spi, false));
        return this;
    }

    TestSa natt(String local, String remote, int port, int spi) {
        outers.add(new Outer(address(local), address(remote), 4500, port, spi, true));
        return this;
    }

    private static InetAddress address(String text) {
        return Prefix.parse(text).address();
    }

    Sa build() {
        return new Sa(
                name,
                "rw",
                mode,
                markIn,
                markOut,
                TrafficSelector.parse(localTs),
                List.copyOf(remoteTs),
                List.copyOf(outers));
    }
}
