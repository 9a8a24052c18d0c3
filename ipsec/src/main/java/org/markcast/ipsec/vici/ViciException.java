// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

/** The peer does not speak VICI as we understand it: malformed, oversized or unexpected. Costs the connection. */
final class ViciException extends Exception {

    private static final long serialVersionUID = 1L;

    ViciException(String message) {
        super(message);
    }
}
