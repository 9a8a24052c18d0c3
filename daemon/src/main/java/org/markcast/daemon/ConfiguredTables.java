// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.ArrayList;
import java.util.List;
import org.markcast.config.Config;
import org.markcast.netfilter.FirewallRules;
import org.markcast.netfilter.MasqueradeRules;
import org.markcast.netfilter.TableText;
import org.markcast.netfilter.uplink.PinnedUplinks;

/** The tables that a configuration wants beside those of the SAs and, in the service, of {@link Pinning} and masquerading. */
final class ConfiguredTables {

    private ConfiguredTables() {}

    /** @param lans the LAN interfaces, configured or found */
    static List<TableText> of(Config config, List<String> lans) {
        return FirewallRules.table(config.firewall(), LocalLans.inside(config, lans)).stream()
                .toList();
    }

    /** The same and those that follow uplinks, as they are now, for a command that does not follow them. */
    static List<TableText> now(Config config) {
        final List<TableText> tables = new ArrayList<>(of(config, LocalLans.names(config)));
        if (config.uplinks().isEnabled()) {
            tables.add(PinnedUplinks.tableNow(config.uplinks()));
        }
        if (config.masquerade().isEnabled()) {
            tables.add(MasqueradeRules.table(config.masquerade()));
        }
        return tables;
    }
}
