// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.ArrayList;
import java.util.List;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.sa.Sa;

/** SAs of roadwarriors, as forecast's users configure them: the LAN and all multicast here, an address and groups there. */
final class SampleSas {

    private static final String OTHER_GROUP = "239.255.0.1";

    private SampleSas() {}

    /** As many SAs, of which the first {@code matching} take packets to {@link SamplePackets#GROUP}, the others do not. */
    static List<Sa> of(int count, int matching) {
        final List<Sa> sas = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            final String address = Ipv4Address.text(0x0a020000 + i);
            final String groups = i < matching ? "224.0.0.0/4" : OTHER_GROUP;
            sas.add(new Sa(
                    "client" + i,
                    "rw",
                    Mode.TUNNEL,
                    mark(i),
                    mark(i),
                    selectors("10.1.0.0/16", "224.0.0.0/4"),
                    selectors(address, groups, "10.1.255.255"),
                    List.of()));
        }
        return sas;
    }

    private static Mark mark(int index) {
        return new Mark(index + 1, Mark.FULL_MASK);
    }

    private static List<TrafficSelector> selectors(String... texts) {
        return List.of(texts).stream()
                .flatMap(text -> TrafficSelector.parse(text).stream())
                .toList();
    }
}
