// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.List;

/** A configuration that cannot be used; {@link #problems()} holds all that is wrong. */
public final class ConfigException extends Exception {

    private static final long serialVersionUID = 1;

    private final transient List<String> problems;

    public ConfigException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    /** One line each, {@code FILE:LINE: message}. */
    public List<String> problems() {
        return problems;
    }
}
