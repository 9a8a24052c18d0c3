// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.uml;

import java.util.Optional;

/** What forwards in the gateway: strongSwan's plugin, or markcast. */
public interface Engine {

    /** Whether it is a program of its own, that starts and ends without charon. */
    boolean isService();

    void start();

    void stop();

    /** Ends it without giving it a chance to clean up. */
    void kill();

    /** The process that does the work. */
    long pid();

    /**
     * What excuses this engine from a check: a defect's number if it has that defect.
     *
     * @param defect of FACTS such as {@code F17}
     */
    Optional<String> excuse(String defect);
}
