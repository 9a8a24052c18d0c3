// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.PrintWriter;
import java.util.Collection;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import org.markcast.ipsec.StaticSas;
import org.markcast.netfilter.MarkRules;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints the nftables rules for the SAs of the configuration. */
@Command(
        name = "rules",
        description = "Print the nftables rules that the service would install now; `nft -c -f -` accepts them.")
final class RulesCommand implements Callable<Integer> {

    @Mixin
    private ConfigFile configFile;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws ConfigException {
        final Config config = configFile.read();
        final PrintWriter out = spec.commandLine().getOut();
        out.print(
                config.rules()
                        ? MarkRules.text(StaticSas.of(config), broadcasts(config), config.leakGuard())
                        : "# rules = no: markcast installs none\n");
        out.flush();
        return ExitStatus.DONE;
    }

    private static Collection<Integer> broadcasts(Config config) {
        final TreeSet<Integer> broadcasts = new TreeSet<>();
        config.interfaces().forEach(name -> LocalLans.find(name).ifPresent(lan -> broadcasts.addAll(lan.broadcasts())));
        if (config.interfaces().isEmpty()) {
            LocalLans.firstUsable().ifPresent(lan -> broadcasts.addAll(lan.broadcasts()));
        }
        return broadcasts;
    }
}
