// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import java.util.HexFormat;

/** Hardware addresses as commands want them. */
final class Mac {

    private Mac() {}

    /** @param mac in the low 48 bits */
    static String format(long mac) {
        return HexFormat.of().toHexDigits(mac, 12).replaceAll("..(?!$)", "$0:");
    }
}
