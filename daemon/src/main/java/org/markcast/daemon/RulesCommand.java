// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import org.markcast.netfilter.MarkRules;
import org.markcast.netfilter.MasqueradeRules;
import org.markcast.netfilter.TableText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints the nftables rules for the SAs that exist now. */
@Command(
        name = "rules",
        description = "Print the nftables rules that the service would install now; `nft -c -f -` accepts them.")
final class RulesCommand implements Callable<Integer> {

    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    @Mixin
    private ConfigFile configFile;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws ConfigException, InterruptedException {
        final Config config = configFile.read();
        final PrintWriter out = spec.commandLine().getOut();
        out.print(config.rules() ? rules(config) : "# rules = no: markcast installs none\n");
        out.flush();
        return ExitStatus.DONE;
    }

    private static String rules(Config config) throws InterruptedException {
        final List<TableText> tables =
                config.masquerade().isEnabled() ? List.of(MasqueradeRules.table(config.masquerade())) : List.of();
        return MarkRules.text(
                        Tunnels.ask(config, TIMEOUT).sas(),
                        LocalLans.broadcasts(config),
                        config.leakGuard(),
                        config.connmark())
                + (tables.isEmpty() ? "" : "\n" + TableText.installation(tables));
    }
}
