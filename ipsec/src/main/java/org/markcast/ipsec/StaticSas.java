// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.markcast.config.Config;
import org.markcast.config.StaticSa;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.Sa.Outer;

/** The SAs that the configuration itself lists. */
public final class StaticSas {

    private static final int IKE_NAT_TRAVERSAL_PORT = 4500;

    private StaticSas() {}

    /**
     * In the order of the configuration; none unless {@code sources} names {@code static}.
     *
     * @param former the SAs of the configuration before; one that has not changed stays the same object
     */
    public static List<Sa> of(Config config, List<Sa> former) {
        if (!config.sources().contains(Config.Source.STATIC)) {
            return List.of();
        }
        final Map<String, Sa> known = former.stream().collect(Collectors.toMap(Sa::name, Function.identity()));
        final List<Sa> sas = new ArrayList<>(config.staticSas().size());
        for (final StaticSa configured : config.staticSas()) {
            final Sa sa = sa(configured);
            final Sa before = known.get(sa.name());
            sas.add(sa.equals(before) ? before : sa);
        }
        return List.copyOf(sas);
    }

    private static Sa sa(StaticSa configured) {
        return new Sa(
                configured.name(),
                configured.child(),
                configured.mode(),
                configured.markIn(),
                configured.markOut(),
                configured.localTs(),
                configured.remoteTs(),
                outers(configured));
    }

    /** Known only if both endpoints and the SPI are configured. */
    private static List<Outer> outers(StaticSa configured) {
        if (configured.localHost().isEmpty()
                || configured.remoteHost().isEmpty()
                || configured.spiIn().isEmpty()) {
            return List.of();
        }
        final InetAddress local = configured.localHost().get();
        final InetAddress remote = configured.remoteHost().get();
        final boolean encap = configured.encap();
        return List.of(new Outer(
                local,
                remote,
                encap ? IKE_NAT_TRAVERSAL_PORT : 0,
                encap ? configured.remotePort() : 0,
                configured.spiIn().getAsInt(),
                encap));
    }
}
