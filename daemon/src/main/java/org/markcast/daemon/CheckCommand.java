// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import org.markcast.config.Uplink;
import org.markcast.linux.Nftables;
import org.markcast.linux.NftablesException;
import org.markcast.netfilter.MarkRules;
import org.markcast.netfilter.TableText;
import org.markcast.netfilter.uplink.StrictFilter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints what the service would run with. */
@Command(name = "check", description = "Validate the configuration and print it with all defaults, itself valid input.")
final class CheckCommand implements Callable<Integer> {

    @Mixin
    private ConfigFile configFile;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws ConfigException {
        final PrintWriter err = spec.commandLine().getErr();
        final Config config = configFile.read(err::println);
        final PrintWriter out = spec.commandLine().getOut();
        out.print(config.render());
        out.flush();
        rulesProblem(config).ifPresent(problem -> err.println("note: " + problem));
        if (config.masquerade().isEnabled()) {
            ExternalAddresses.problems(config.masquerade()).forEach(problem -> err.println("warning: " + problem));
        }
        LockOut.warnings(config).forEach(warning -> err.println("warning: " + warning));
        config.uplinks().all().stream()
                .map(Uplink::interfaceName)
                .filter(StrictFilter::isOn)
                .forEach(name -> err.println("warning: " + StrictFilter.warning(name)));
        return ExitStatus.DONE;
    }

    /** Why rules that the configuration wants would not be there; no error, but worth knowing. */
    private static Optional<String> rulesProblem(Config config) {
        if (!config.rules()) {
            return Optional.empty();
        }
        if (!"root".equals(System.getProperty("user.name"))) {
            return Optional.empty(); // who may not ask the kernel cannot know
        }
        try (Nftables nftables = new Nftables()) {
            nftables.check(MarkRules.text(List.of(), List.of(), config.leakGuard(), config.connmark())
                    + TableText.installation(ConfiguredTables.now(config)));
            return Optional.empty();
        } catch (NftablesException e) {
            return Optional.of("the rules cannot be installed on this machine: " + e.getMessage());
        }
    }
}
