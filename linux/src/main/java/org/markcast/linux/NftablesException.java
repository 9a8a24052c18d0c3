// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

/** The kernel or libnftables refused a ruleset; nothing of it was applied. The message is one line. */
public final class NftablesException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public NftablesException(String message) {
        super(message);
    }

    NftablesException(String message, Throwable cause) {
        super(message, cause);
    }
}
