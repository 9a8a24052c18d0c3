// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

/** A count and the time that it took. */
record Rate(long count, long elapsedNs) {

    static final Rate NONE = new Rate(0, 0);

    Rate plus(Rate other) {
        return new Rate(count + other.count, elapsedNs + other.elapsedNs);
    }

    double perSecond() {
        return elapsedNs == 0 ? 0 : count * 1e9 / elapsedNs;
    }
}
