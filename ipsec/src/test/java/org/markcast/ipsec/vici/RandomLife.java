// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** A charon whose SAs come, go, move and are rekeyed at random, also while it is asked for a list. */
final class RandomLife {

    private final Random random;
    private final ManualTransport transport;
    private final ManualTimers timers;

    private final Map<Long, ScriptedSa> sas = new TreeMap<>();

    /** IKE_SAs of the list under way that have not been told yet; null while there is none. */
    private Deque<Long> toList;

    private int next = 1;

    RandomLife(Random random, ManualTransport transport, ManualTimers timers) {
        this.random = random;
        this.transport = transport;
        this.timers = timers;
    }

    Collection<ScriptedSa> sas() {
        return sas.values();
    }

    /** Lives for so many steps, then in peace until its follower has asked all that it wants to know. */
    void run(int steps) {
        for (int i = 0; i < steps; i++) {
            step();
            answer();
            timers.advanceMs(random.nextInt(10) == 0 ? random.nextInt(5000) : 1);
        }
        sas.values().removeIf(sa -> sa.state().equals("DELETED"));
        for (int i = 0; i < 1000; i++) {
            do {
                answer();
            } while (toList != null);
            timers.advanceMs(2000);
        }
    }

    private void step() {
        final List<ScriptedSa> installed = sas.values().stream()
                .filter(sa -> sa.state().equals("INSTALLED"))
                .toList();
        if (installed.isEmpty() || random.nextInt(3) == 0) {
            up();
            return;
        }
        final ScriptedSa sa = installed.get(random.nextInt(installed.size()));
        switch (random.nextInt(5)) {
            case 0 -> down(sa);
            case 1 -> rekey(sa);
            case 2 -> sas.values().removeIf(old -> old.state().equals("DELETED"));
            case 3 -> rekeyIke(sa);
            default -> move(sa);
        }
    }

    private void up() {
        final ScriptedSa sa = ScriptedSa.client(next++);
        sas.put(sa.childId(), sa);
        transport.deliver(CharonMessages.ikeUp(sa), CharonMessages.childUp(sa));
    }

    private void down(ScriptedSa sa) {
        sas.values().removeIf(any -> any.ikeId() == sa.ikeId());
        transport.deliver(CharonMessages.ikeDown(sa), CharonMessages.childDown(sa));
    }

    private void rekey(ScriptedSa sa) {
        final ScriptedSa successor = sa.rekeyed(next++);
        sas.put(sa.childId(), sa.in("DELETED"));
        sas.put(successor.childId(), successor);
        transport.deliver(CharonMessages.childRekey(sa, successor));
    }

    private void rekeyIke(ScriptedSa sa) {
        final long successor = next++;
        sas.replaceAll((id, any) -> any.ikeId() == sa.ikeId() ? any.below(successor) : any);
        if (toList != null && toList.remove(sa.ikeId())) {
            toList.add(successor);
        }
        transport.deliver(CharonMessages.ikeRekey(sa, sa.below(successor)));
    }

    /** Sometimes announced only. */
    private void move(ScriptedSa sa) {
        final String host = "192.0.2." + random.nextInt(256);
        transport.deliver(CharonMessages.ikeUpdate(sa, sa.at(host, 1024)));
        if (random.nextBoolean()) {
            sas.replaceAll((id, any) -> any.ikeId() == sa.ikeId() ? any.at(host, 1024) : any);
        }
    }

    /** Goes on with a list, one IKE_SA at a time. */
    private void answer() {
        if (toList == null && transport.sent.poll() != null) {
            toList = new ArrayDeque<>(
                    sas.values().stream().map(ScriptedSa::ikeId).distinct().toList());
        }
        if (toList == null) {
            return;
        }
        final Long ike = toList.poll();
        if (ike == null) {
            toList = null;
            transport.deliver(CharonMessages.END_OF_LIST);
            return;
        }
        final List<ScriptedSa> children = new ArrayList<>(sas.values());
        children.removeIf(sa -> sa.ikeId() != ike);
        if (!children.isEmpty()) {
            transport.deliver(CharonMessages.listed(children));
        }
    }
}
