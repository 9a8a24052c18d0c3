// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.ArrayList;
import java.util.List;
import org.markcast.engine.port.SaSource;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaSet;

/** Keeps what a source tells. */
final class RecordedSas implements SaSource.Listener {

    final List<SaSet> all = new ArrayList<>();

    @Override
    public void onSas(SaSet sas) {
        all.add(sas);
    }

    int count() {
        return all.size();
    }

    SaSet last() {
        return all.get(all.size() - 1);
    }

    List<String> names() {
        return last().sas().stream().map(Sa::name).toList();
    }

    Sa sa(String name) {
        return last().sas().stream()
                .filter(sa -> sa.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no SA " + name + " in " + names()));
    }
}
