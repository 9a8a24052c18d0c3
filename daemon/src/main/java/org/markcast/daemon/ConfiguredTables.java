// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.List;
import java.util.stream.Stream;
import org.markcast.config.Config;
import org.markcast.netfilter.FirewallRules;
import org.markcast.netfilter.TableText;

/** The tables that a configuration wants beside those of the SAs. */
final class ConfiguredTables {

    private ConfiguredTables() {}

    static List<TableText> of(Config config) {
        return Stream.of(FirewallRules.table(config.firewall(), config.interfaces()))
                .flatMap(table -> table.stream())
                .toList();
    }
}
