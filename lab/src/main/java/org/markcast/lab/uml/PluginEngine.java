// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.uml;

import java.util.Optional;

/** strongSwan's {@code forecast}, which lives in the gateway's charon: it starts and ends with it. */
public final class PluginEngine implements Engine {

    private final Charon charon;

    /** @param charon the gateway's, with the plugin */
    public PluginEngine(Charon charon) {
        this.charon = charon;
    }

    @Override
    public boolean isService() {
        return false;
    }

    @Override
    public void start() {}

    @Override
    public void stop() {}

    @Override
    public void kill() {
        throw new UnsupportedOperationException("the plugin is no process");
    }

    @Override
    public long pid() {
        return charon.pid();
    }

    @Override
    public Optional<String> excuse(String defect) {
        return defect.isEmpty() ? Optional.empty() : Optional.of(defect);
    }
}
