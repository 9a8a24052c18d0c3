// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The configuration cannot be used; the message is all problems, one a line. */
public final class ConfigException extends Exception {

    private static final long serialVersionUID = 1L;

    private final ArrayList<String> problems;

    ConfigException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = new ArrayList<>(problems);
    }

    /** At least one line {@code FILE:LINE: message}, or {@code FILE: message} where the whole file is meant. */
    public List<String> problems() {
        return Collections.unmodifiableList(problems);
    }
}
