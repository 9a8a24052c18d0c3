// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.HashSet;
import java.util.Set;

/** Sees to it that code is compiled before it is measured: a service's its own, that of other contenders in this process. */
final class WarmUp {

    private static final long MAX_HERE_MS = 1_500;

    private final long serviceMs;
    private final Set<Object> warm = new HashSet<>();

    /** @param serviceMs how long a service runs before it is measured for the first time */
    WarmUp(long serviceMs) {
        this.serviceMs = serviceMs;
    }

    /** How long a contender must run before it is measured; 0 from the second time on. */
    long dueMs(Contender contender) {
        if (contender instanceof Engine) {
            return warm.add(contender) ? serviceMs : 0;
        }
        return warm.add(contender.getClass()) ? Math.min(serviceMs, MAX_HERE_MS) : 0;
    }
}
