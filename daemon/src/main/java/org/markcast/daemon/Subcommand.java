// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.concurrent.Callable;

/**
 * A command that another module adds, found by {@link java.util.ServiceLoader}. The class carries picocli's
 * {@code @Command} with its name; {@link #call()} returns the exit status ({@link ExitStatus}) and may throw
 * {@link CommandFailure}.
 */
public interface Subcommand extends Callable<Integer> {}
