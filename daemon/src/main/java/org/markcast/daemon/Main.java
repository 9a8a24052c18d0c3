// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The program: finds the command, runs it, and turns its end into an exit status. */
@Command(
        name = "markcast",
        description = "Forwards multicast and broadcast between a LAN and many IPsec tunnels.",
        versionProvider = Version.class,
        subcommands = {
            RunCommand.class,
            CheckCommand.class,
            RulesCommand.class,
            StatusCommand.class,
            ReplayCommand.class,
            DemoCommand.class
        })
public final class Main implements Callable<Integer> {

    private static final Map<String, String> EXIT_STATUSES = new LinkedHashMap<>();

    static {
        EXIT_STATUSES.put(String.valueOf(ExitStatus.DONE), "done");
        EXIT_STATUSES.put(String.valueOf(ExitStatus.FAILED), "failed; one line on standard error says why");
        EXIT_STATUSES.put(String.valueOf(ExitStatus.USAGE), "the command line or the configuration is wrong");
    }

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "print this and exit")
    private boolean help;

    @Option(names = "--version", versionHelp = true, description = "print the version and exit")
    private boolean version;

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "print a stack trace with each error")
    private boolean debug;

    @Spec
    private CommandSpec spec;

    private Main() {}

    /** Runs the command that {@code args} name and ends the process with its {@link ExitStatus}. */
    public static void main(String[] args) {
        System.exit(execute(new PrintWriter(System.out, true), new PrintWriter(System.err, true), args));
    }

    /** Runs a command with the given standard output and standard error; returns the exit status. */
    static int execute(PrintWriter out, PrintWriter err, String... args) {
        final CommandLine commandLine = new CommandLine(new Main());
        ServiceLoader.load(Subcommand.class).forEach(commandLine::addSubcommand);
        describeExitStatuses(commandLine);
        return commandLine
                .setOut(out)
                .setErr(err)
                .setExecutionStrategy(Main::executeLast)
                .setParameterExceptionHandler(ErrorLines::onBadArguments)
                .setExecutionExceptionHandler(ErrorLines::onFailure)
                .execute(args);
    }

    @Override
    public Integer call() {
        throw CommandFailure.usage("name a command: "
                + String.join(", ", spec.commandLine().getSubcommands().keySet()));
    }

    /** Picocli hands exceptions to {@link ErrorLines}, but not errors: a missing native library is one. */
    private static int executeLast(ParseResult parsed) {
        try {
            return new RunLast().execute(parsed);
        } catch (LinkageError e) {
            final CommandFailure failure = CommandFailure.failed("a library does not load: " + e.getMessage(), e);
            final List<CommandLine> commands = parsed.asCommandLineList();
            throw new ExecutionException(commands.get(commands.size() - 1), e.getMessage(), failure);
        }
    }

    private static void describeExitStatuses(CommandLine commandLine) {
        final UsageMessageSpec usage = commandLine.getCommandSpec().usageMessage();
        usage.exitCodeListHeading("Exit status:%n").exitCodeList(EXIT_STATUSES);
        commandLine.getSubcommands().values().forEach(Main::describeExitStatuses);
    }
}
