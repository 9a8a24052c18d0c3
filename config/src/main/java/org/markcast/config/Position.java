// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.nio.file.Path;

/**
 * Where a setting stands.
 *
 * @param file as the operator named it, included files relative to the file that includes them
 * @param line counted from 1
 */
record Position(Path file, int line) {

    @Override
    public String toString() {
        return file + ":" + line;
    }
}
