// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import org.markcast.config.Mark;

/** What the generations of one SA share across rekeys. */
record GenerationKey(String child, long reqid, Mark markIn, Mark markOut) {

    static GenerationKey of(ChildSa child) {
        return new GenerationKey(
                child.name(), child.reqid(), child.esp().markIn(), child.esp().markOut());
    }
}
