// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.Arrays;
import java.util.Set;
import org.markcast.config.ConfigException;
import org.markcast.linux.LinuxException;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns whatever went wrong into lines on standard error that say what to do, and an {@link ExitStatus}. */
final class ErrorLines {

    private static final String DEBUG = "--debug";

    private ErrorLines() {}

    static int onBadArguments(ParameterException e, String[] args) {
        final CommandLine command = e.getCommandLine();
        final String name = command.getCommandSpec().qualifiedName();
        print(command, name + ": " + whatIsWrong(e) + "; `" + name + " --help` explains");
        printStackTraceIf(Arrays.asList(args).contains(DEBUG), command, e);
        return ExitStatus.USAGE;
    }

    static int onFailure(Exception e, CommandLine command, ParseResult parsed) {
        final String name = command.getCommandSpec().qualifiedName();
        final int exitStatus;
        if (e instanceof ConfigException configuration) {
            configuration.problems().forEach(problem -> print(command, oneLine(problem)));
            exitStatus = ExitStatus.USAGE;
        } else if (e instanceof CommandFailure failure) {
            print(command, name + ": " + oneLine(e.getMessage()));
            exitStatus = failure.exitStatus();
        } else if (e instanceof LinuxException) { // says which call, why, and what to do
            print(command, name + ": " + oneLine(e.getMessage()));
            exitStatus = ExitStatus.FAILED;
        } else {
            print(
                    command,
                    name + ": unexpected " + e.getClass().getSimpleName() + ": " + oneLine(e.getMessage()) + "; "
                            + DEBUG + " shows where");
            exitStatus = ExitStatus.FAILED;
        }
        printStackTraceIf(parsed.originalArgs().contains(DEBUG), command, e);
        return exitStatus;
    }

    private static String whatIsWrong(ParameterException e) {
        if (!(e instanceof UnmatchedArgumentException unmatched)) {
            return oneLine(e.getMessage());
        }
        final String argument = oneLine(unmatched.getUnmatched().get(0));
        if (argument.startsWith("-")) {
            return "no option '" + argument + "'";
        }
        final Set<String> commands = e.getCommandLine().getSubcommands().keySet();
        return commands.isEmpty()
                ? "does not take '" + argument + "'"
                : "no command '" + argument + "', there are " + String.join(", ", commands);
    }

    /** File names and library messages may hold anything: control characters would forge lines or move the cursor. */
    private static String oneLine(String message) {
        return String.valueOf(message).replaceAll("\\p{Cntrl}+", " ").strip();
    }

    private static void print(CommandLine command, String line) {
        command.getErr().println(line);
    }

    private static void printStackTraceIf(boolean isWanted, CommandLine command, Exception e) {
        if (isWanted) {
            e.printStackTrace(command.getErr());
        }
    }
}
