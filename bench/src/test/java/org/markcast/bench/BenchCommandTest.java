// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.markcast.daemon.CommandFailure;
import org.markcast.daemon.ExitStatus;
import org.markcast.daemon.Subcommand;
import picocli.CommandLine;

class BenchCommandTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "fanout --sas 0",
                "fanout --sas 10 --match 11",
                "fanout --match 0",
                "fanout --len 35",
                "fanout --len 1501",
                "fanout --seconds 0",
                "fanout --forwarders 0",
                "scale --sas 0",
                "scale --sas 50001",
                "scale --changes 0",
                "scale --seconds 0",
                "capture --seconds 0",
                "capture --seconds 601",
                "capture --seconds 0.09",
                "capture --pace 0",
                "capture --pace 10001",
                "fanout --sustain -1",
                "fanout --mode all",
                "fanout --mode loop --forwarders 2",
                "compare --only everything",
                "compare --only few,many",
                "jmh [",
                "jmh nothing-has-this-name"
            })
    void shouldRefuseWhatCannotBeMeasured(String arguments) {
        final CommandFailure[] failure = new CommandFailure[1];

        new CommandLine(new BenchCommand())
                .setExecutionExceptionHandler((e, command, parsed) -> {
                    failure[0] = (CommandFailure) e;
                    return failure[0].exitStatus();
                })
                .execute(arguments.isEmpty() ? new String[0] : arguments.split(" "));

        assertEquals(ExitStatus.USAGE, failure[0].exitStatus());
    }

    @Test
    void shouldBeFoundAsASubcommand() {
        assertTrue(ServiceLoader.load(Subcommand.class).stream()
                .anyMatch(provider -> provider.type() == BenchCommand.class));
    }
}
