// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** A command that another module could have added; it ends as told. */
@Command(name = "for-test")
public final class CommandForTest implements Subcommand {

    @Parameters
    private String end;

    @Override
    public Integer call() {
        switch (end) {
            case "usage" -> throw CommandFailure.usage("told to");
            case "fail" -> throw CommandFailure.failed("told to");
            case "link" -> throw new UnsatisfiedLinkError("libx.so");
            default -> throw new IllegalStateException("two\nlines");
        }
    }
}
