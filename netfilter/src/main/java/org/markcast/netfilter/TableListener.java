// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

/** Who has to know when a table is put in place anew, because its elements count packets or packets went by without it. */
interface TableListener {

    /** It is about to be installed; what stands there, if anything does, still has what it has counted. */
    void beforeInstallation();

    /**
     * It has been installed, and counts from 0.
     *
     * @param hadGap whether it may not have been there, or not as it should, for a while before
     */
    void onInstalled(boolean hadGap);
}
